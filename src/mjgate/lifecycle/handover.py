"""
Handover: what goes out when a task is sent, and again when a channel makes no second job of it.

Everything that is sent is made of what was written before, so that a repeat is the same request.
"""

from dataclasses import replace
from typing import Final

from mjgate.dialects import Accepted, Heard, Work
from mjgate.dialects.values import RAW_KEPT
from mjgate.domain.buttons import Window, asks_always, meaning
from mjgate.domain.errors import Unanswered
from mjgate.domain.prompt import clean
from mjgate.domain.task import Status, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.carry import carrier, prompted
from mjgate.lifecycle.hops import onward
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.work import decode, work_of
from mjgate.providers import Lack, takes_notices
from mjgate.store.attempts import Attempt, Step
from mjgate.upstream import Endpoint

IDEMPOTENCY_KEY: Final = "Idempotency-Key"


async def prepared(gateway: Gateway, task: Task, attempt: Attempt, to: Line) -> Work:
    """The task as the channel gets it. FileNotFoundError if an image is no longer kept."""
    notice = ""
    if takes_notices(to.provider, to.channel.options):
        notice = gateway.links.notice(attempt.channel_id, task.id, attempt.no)
    work = await work_of(task, attempt, carrier(gateway, task, attempt, to), notice)
    prompt = prompted(gateway, task, attempt, work.prompt)
    return work if prompt == work.prompt else replace(work, prompt=prompt)


async def sent(gateway: Gateway, task: Task, attempt: Attempt, to: Line, work: Work) -> Accepted:
    """Send what the attempt has to send. NotSent, Rejected, Unanswered."""
    to = await onward(gateway, decode(task.request).hops, to)
    if attempt.step is Step.MODAL:
        return await _confirm(gateway, attempt, to, work, task.upstream_id)
    call = to.provider.dialect.submit(work, to.channel.options)
    heard = await gateway.upstream.submit(_endpoint(to, attempt), call)
    attempt.heard.append(raw(heard))
    gateway.checkpoint("unanswered")
    return to.provider.dialect.answered(heard, follow_up=task.parent_id is not None)


async def _confirm(
    gateway: Gateway, attempt: Attempt, to: Line, work: Work, upstream_id: str
) -> Accepted:
    call = to.provider.dialect.confirm(work, upstream_id, to.channel.options)
    heard = await gateway.upstream.submit(_endpoint(to, attempt), call)
    attempt.heard.append(raw(heard))
    gateway.checkpoint("modal-unanswered")
    return to.provider.dialect.answered(heard, follow_up=True)


async def waits_for_modal(gateway: Gateway, task: Task, to: Line, accepted: Accepted) -> bool:
    """
    Whether the job waits for the modal of a task that its client has confirmed.

    Some do not say that they ask: what is hidden is looked for, and where it is never shown the
    modal tells.
    """
    if not task.confirmed:
        return False
    if accepted.window or asks_always(task.custom_id):
        return True
    if not task.custom_id or meaning(task.custom_id).window is not Window.REMIX:
        return False
    if Lack.WINDOWS in to.provider.lacks:
        return True
    dialect, job = to.provider.dialect, accepted.ids[0]
    try:
        looked = await gateway.upstream.look(to.endpoint, dialect.fetch(job, to.channel.options))
        statuses = {each.upstream_id: each.status for each in dialect.reports(looked)}
    except Unanswered:
        return False  # a look that finds the window sends the modal
    return statuses.get(job) is Status.MODAL


def _endpoint(to: Line, attempt: Attempt) -> Endpoint:
    """Where to send it; a channel that makes one job of a repeated key gets the attempt's."""
    if to.channel.options.get("idempotent") != "on":
        return to.endpoint
    return to.endpoint.with_headers({IDEMPOTENCY_KEY: attempt.nonce})


def raw(heard: Heard) -> str:
    """The beginning of an answer as it came, but for what no text can hold."""
    return f"{heard.status} {clean(heard.body[:RAW_KEPT].decode(errors='replace'))}"
