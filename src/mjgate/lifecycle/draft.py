"""A plan as the task that it will be, before it has an id."""

import uuid
from collections.abc import Sequence

from mjgate.domain.account import Caller
from mjgate.domain.task import Result, State, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.inputs import Inputs
from mjgate.lifecycle.plan import Plan
from mjgate.lifecycle.routing import Route
from mjgate.lifecycle.work import Request, Stored, decode, encode
from mjgate.store import tasks


def drafted(gateway: Gateway, caller: Caller, planned: Plan, inputs: Inputs) -> Task:
    """The task as it will be written, but for its id, state, channel and turn."""
    order, parent = planned.order, planned.parent
    return Task(
        id=0,
        job_uuid=str(uuid.uuid4()),
        user_id=caller.user_id,
        token_id=caller.token_id,
        group_id=caller.group_id,
        action=planned.action,
        bot=parent.bot if parent else order.bot,
        mode_wanted=planned.mode_wanted,
        mode=planned.mode,
        parent_id=parent.id if parent else None,
        custom_id=order.custom_id,
        caller_state=order.caller_state,
        hook_url=planned.hook_url,
        prompt=order.prompt or (parent.prompt if parent else ""),
        price=planned.price,
        price_version=planned.price_version,
        request=encode(_request(caller, planned, inputs)),
        submit_at=gateway.clock.now(),
        state=State.WINDOW if planned.window else State.QUEUED,
        channel_id=parent.channel_id if parent else None,
        credential_id=parent.credential_id if parent else None,
        lane=planned.lane,
        pinned=planned.pinned,
        result=Result(final_prompt=planned.final_prompt),
    )


def _inherited(planned: Plan) -> dict[str, Stored]:
    """The own pictures in the prompt that a window offers again, whose addresses may have ended."""
    if planned.parent is None or not planned.window:
        return {}
    return decode(planned.parent.request).prompt_images


def party_of(draft: Task, planned: Plan) -> tuple[Task, ...]:
    """The tasks that one press makes, the leader first; any other draft is a party of one."""
    first, *others = (
        draft._replace(prompt=share.prompt or draft.prompt, price=share.price)
        for share in planned.shares
    )
    return first, *(each._replace(job_uuid=str(uuid.uuid4())) for each in others)


def minted(drafts: Sequence[Task], route: Route | None, now: int) -> list[Task]:
    """The drafts with ids of their own, on their way to the channel or into the queue."""
    ids: set[int] = set()
    while len(ids) < len(drafts):
        ids.add(tasks.mint(now))
    lead_id = min(ids) if len(ids) > 1 else None
    onto: dict[str, object] = {"lead_id": lead_id}
    if route is not None:
        onto["state"] = State.SENDING
        onto["channel_id"], onto["credential_id"] = route.channel_id, route.credential_id
    return [
        draft._replace(id=number, **onto) for draft, number in zip(drafts, sorted(ids), strict=True)
    ]


def _request(caller: Caller, planned: Plan, inputs: Inputs) -> Request:
    """All that is needed to send it."""
    order, parent = planned.order, planned.parent
    return Request(
        path=order.rule.path,
        prompt=planned.prompt_up,
        parent=parent.upstream_id if parent else "",
        group=caller.group,
        instance_id=order.instance_id,
        remix=order.remix,
        prefers=tuple(sorted(order.prefers)),
        images=inputs.images,
        named_images=inputs.named,
        prompt_images=inputs.in_prompt or _inherited(planned),
        fields=dict(order.fields),
        extras=dict(order.extras),
        hops=order.hops,
    )
