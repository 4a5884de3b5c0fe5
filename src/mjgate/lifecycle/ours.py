"""Work that no channel has a part in: it is done when it is written."""

from dataclasses import replace

from mjgate.domain.account import Caller
from mjgate.domain.media import KEPT
from mjgate.domain.task import Result, State, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.draft import drafted
from mjgate.lifecycle.gone import cut_of, follow_ups
from mjgate.lifecycle.inputs import Inputs, keep
from mjgate.lifecycle.plan import Plan


async def uploaded(gateway: Gateway, caller: Caller, planned: Plan) -> tuple[Task, Inputs]:
    """Pictures that are kept: the task and what it keeps. Raises Refused."""
    inputs = await keep(gateway, planned.order, ours=True)
    result = Result(image_urls=tuple(KEPT + image.hash for image in inputs.images))
    return _done(gateway, drafted(gateway, caller, planned, inputs), result), inputs


async def cut(gateway: Gateway, caller: Caller, planned: Plan) -> tuple[Task, Inputs]:
    """A picture of a grid whose channel is gone, at no charge. ParentChannelGone."""
    inputs = Inputs((), {}, {})
    draft = drafted(gateway, caller, planned, inputs)._replace(price=0)
    result = await cut_of(gateway, planned)
    if caller.fallback:
        result = replace(result, buttons=follow_ups(draft.job_uuid))
    return _done(gateway, draft, result), inputs


def _done(gateway: Gateway, draft: Task, result: Result) -> Task:
    now = gateway.clock.now()
    return draft._replace(
        state=State.SUCCESS,
        progress=100,
        start_at=now,
        finish_at=now,
        channel_id=None,
        credential_id=None,
        result=result,
    )
