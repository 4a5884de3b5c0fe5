"""
Handover: what goes out when a task is sent, and again when a channel makes no second job of it.

Everything that is sent is made of what was written before, so that a repeat is the same request.
"""

from dataclasses import replace
from typing import Final

from mjgate.dialects import Accepted, Heard, Work
from mjgate.dialects.values import RAW_KEPT
from mjgate.domain.buttons import Window, asks_always, meaning
from mjgate.domain.errors import NotSent, Rejected, Unanswered
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
    return replace(work, prompt=prompted(gateway, task, attempt, work.prompt))


async def sent(gateway: Gateway, task: Task, attempt: Attempt, to: Line, work: Work) -> Accepted:
    """Send all that the attempt has to send. NotSent, Rejected, Unanswered."""
    to = await onward(gateway, decode(task.request).hops, to)
    if attempt.step is Step.MODAL:
        return await _confirm(gateway, attempt, to, work, task.upstream_id)
    call = to.provider.dialect.submit(work, to.channel.options)
    heard = await gateway.upstream.submit(_endpoint(to, attempt), call)
    attempt.heard.append(raw(heard))
    gateway.checkpoint("unanswered")
    accepted = to.provider.dialect.answered(heard, follow_up=task.parent_id is not None)
    if not task.confirmed:
        return accepted
    if accepted.window or asks_always(task.custom_id):
        try:
            return await _confirm(gateway, attempt, to, work, accepted.ids[0])
        except NotSent as error:  # the window stands open there: nobody may press again
            raise Unanswered(str(error)) from error
    if task.custom_id and meaning(task.custom_id).window is Window.REMIX:
        return await _confirm_hidden(gateway, attempt, to, work, accepted)
    return accepted


async def _confirm(
    gateway: Gateway, attempt: Attempt, to: Line, work: Work, upstream_id: str
) -> Accepted:
    """The client confirmed already, so the modal follows at once."""
    call = to.provider.dialect.confirm(work, upstream_id, to.channel.options)
    heard = await gateway.upstream.submit(_endpoint(to, attempt), call)
    attempt.heard.append(raw(heard))
    return to.provider.dialect.answered(heard, follow_up=True)


async def _confirm_hidden(
    gateway: Gateway, attempt: Attempt, to: Line, work: Work, accepted: Accepted
) -> Accepted:
    """Some do not say that they ask: a window that waits is confirmed, a job that runs is left."""
    dialect, options = to.provider.dialect, to.channel.options
    if Lack.WINDOWS not in to.provider.lacks:
        try:
            looked = await gateway.upstream.look(
                to.endpoint, dialect.fetch(accepted.ids[0], options)
            )
            statuses = {each.upstream_id: each.status for each in dialect.reports(looked)}
        except Unanswered:
            return accepted
        if statuses.get(accepted.ids[0]) is not Status.MODAL:
            return accepted
    try:
        return await _confirm(gateway, attempt, to, work, accepted.ids[0])
    except (NotSent, Rejected):  # it never asked
        return accepted


def _endpoint(to: Line, attempt: Attempt) -> Endpoint:
    """Where to send it; a channel that makes one job of a repeated key gets the attempt's."""
    if to.channel.options.get("idempotent") != "on":
        return to.endpoint
    return replace(to.endpoint, headers={**to.endpoint.headers, IDEMPOTENCY_KEY: attempt.nonce})


def raw(heard: Heard) -> str:
    """The beginning of an answer as it came, but for what no text can hold."""
    return f"{heard.status} {clean(heard.body[:RAW_KEPT].decode(errors='replace'))}"
