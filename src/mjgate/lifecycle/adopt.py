"""
Adopt: look for jobs that may or may not exist, by the nonce that went out with them.

A notice may name the job; the upstream's list of recent tasks may show it; a channel that declares
idempotent submits is asked again with the same key. Equal prompts prove nothing. When nobody has
found the job in time, the task ends as an orphan and the money goes back.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from mjgate.dialects import Accepted, Call
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import NoChannel, NotSent, Rejected, Unanswered
from mjgate.domain.party import leads
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import Report, State, Status, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.cancel import carry_out
from mjgate.lifecycle.dispatch import dispatch
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.handover import prepared, sent
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.party import submitted_in
from mjgate.lifecycle.routing import line
from mjgate.lifecycle.sending import modal_next
from mjgate.lifecycle.unwanted import stop_unwanted
from mjgate.lifecycle.verdict import NOBODY
from mjgate.providers import takes_notices
from mjgate.store import attempts, follow, tasks
from mjgate.store.attempts import Attempt, Step
from mjgate.store.database import ConstraintBroken
from mjgate.store.follow import Followed, Seen

log = logging.getLogger(__name__)

PAUSES: Final = (2 * SECOND, 5 * SECOND, 15 * SECOND, 60 * SECOND)
"""How long to rest after each search; the last holds for all that follow."""


async def adopt(gateway: Gateway, rows: Sequence[Followed]) -> None:
    """Look for the jobs of tasks whose fate nobody knows, and give up those that are late."""
    lists = {key: await _latest(gateway, rows[0].channel_id, key) for key in _keys(rows)}
    found = await asyncio.gather(*(_adopt(gateway, row, lists[row.credential_id]) for row in rows))
    await gateway.store.write(follow.plan, [each for each in found if each is not None])


def _keys(rows: Sequence[Followed]) -> Sequence[int]:
    return list(dict.fromkeys(row.credential_id for row in rows))


async def _latest(gateway: Gateway, channel_id: int, credential_id: int) -> list[Report] | None:
    """The channel's list of recent tasks, once for all that are looked for."""
    try:
        to = await line(gateway, channel_id, credential_id)
    except NoChannel:
        return None
    return await reports_of(gateway, to, to.provider.dialect.recent(to.channel.options))


async def _adopt(gateway: Gateway, row: Followed, recent: list[Report] | None) -> Seen | None:
    """Look for one task's job; None if that is over, in whichever way."""
    task = await tasks.by_id(gateway.store.reader, row.task_id)
    if task is None or task.state is not State.UNKNOWN:
        return None
    searchable = await _search(gateway, row, task, recent)
    if searchable is None:
        return None
    now = gateway.clock.now()
    window = gateway.timing.adoption if searchable else gateway.timing.adoption_blind
    if now - row.since >= window:
        await fail(gateway, task, FailReason.ORPHAN, actor="adoption", still=State.UNKNOWN)
        return None
    pause = min(PAUSES[min(row.looks, len(PAUSES) - 1)], window)
    due_at = min(now + pause, row.since + window)
    return Seen(row, due_at, due_at, row.misses, row.moved_at)


async def _search(
    gateway: Gateway, row: Followed, task: Task, recent: list[Report] | None
) -> bool | None:
    """None once it is adopted; else whether there is a way to find it on this channel."""
    attempt = (await attempts.of_task(gateway.store.reader, task.id))[-1]
    try:
        to = await line(gateway, row.channel_id, row.credential_id)
    except NoChannel:
        return False
    found = _echoes(recent or [], task, attempt) or await _confirmed(gateway, to, task, attempt)
    if not found and attempt.hint:
        call = to.provider.dialect.fetch(attempt.hint, to.channel.options)
        found = _echoes(await reports_of(gateway, to, call) or [], task, attempt)
    repeats = to.channel.options.get("idempotent") == "on"
    if not found and repeats:
        found = await _asked_again(gateway, to, task, attempt)
    if found and await _taken(gateway, to, task, attempt, found):
        return None
    named = attempt.step is Step.MODAL or repeats or recent is not None
    return named or takes_notices(to.provider, to.channel.options)


async def reports_of(gateway: Gateway, to: Line, call: Call | None) -> list[Report] | None:
    """What the channel says of tasks; None if it cannot, or gave no answer that can be read."""
    if call is None:
        return None
    try:
        async with gateway.turns.of(to.channel.id):
            heard = await gateway.upstream.look(to.endpoint, call)
        return to.provider.dialect.reports(heard)
    except Unanswered:
        return None


async def _confirmed(gateway: Gateway, to: Line, task: Task, attempt: Attempt) -> tuple[str, ...]:
    """The job whose window the attempt was to confirm, if it does not wait for that any more."""
    if attempt.step is not Step.MODAL:
        return ()
    call = to.provider.dialect.fetch(task.upstream_id, to.channel.options)
    reports = await reports_of(gateway, to, call) or []
    status = next((each.status for each in reports if each.upstream_id == task.upstream_id), None)
    return () if status in {None, Status.MODAL} else (task.upstream_id,)


def echoed(reports: Sequence[Report], attempt: Attempt) -> str | None:
    """The id of the job that came with our nonce."""
    return next((each.upstream_id for each in reports if each.echo == attempt.nonce), None)


def _echoes(reports: Sequence[Report], task: Task, attempt: Attempt) -> tuple[str, ...]:
    """The ids of the jobs that came with our nonce, in their order: lists have the newest first."""
    found = tuple(each.upstream_id for each in reports if each.echo == attempt.nonce)
    return found[::-1] if leads(task) else found[:1]


async def _asked_again(gateway: Gateway, to: Line, task: Task, attempt: Attempt) -> tuple[str, ...]:
    """The same request under the same key: the channel promises to make no second job of it."""
    try:
        work = await prepared(gateway, task, attempt, to)
        return (await sent(gateway, task, attempt, to, work)).ids
    except (FileNotFoundError, NotSent, Unanswered, Rejected):
        return ()


async def _taken(
    gateway: Gateway, to: Line, task: Task, attempt: Attempt, ids: tuple[str, ...]
) -> bool:
    """Give the jobs their tasks, or send the modal that is left. False if one is another's."""
    following = await modal_next(gateway, task, attempt, to, Accepted(ids=ids))
    if following is not None:
        gateway.senders.start(dispatch(gateway, *following, NOBODY))
        return True
    try:
        moved = await gateway.store.write_surely(
            submitted_in, task.id, *ids, now=gateway.clock.now()
        )
    except ConstraintBroken:
        log.warning("a job was found that is another task's", extra=task.log_context)
        return False
    if moved is not None and moved.cancel_wanted:
        await carry_out(gateway, moved)
    await stop_unwanted(gateway, task, ids)
    return True
