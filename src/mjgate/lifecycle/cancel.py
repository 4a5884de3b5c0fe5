"""
Cancel: at once where nothing was sent, else as far as the channel goes along.

A task that is being sent, or whose fate nobody knows, is cancelled when its id is known. A result
that a last look finds wins over the cancel. Of many who cancel at once one asks the channel.
"""

import asyncio
from typing import Final

from mjgate.dialects import Heard, Nameless
from mjgate.domain.account import Caller
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import AlreadyFinished, NoChannel, Rejected, Unanswered
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import Report, State, Status, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.finish import SENTENCES, fail, succeed
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.look import completed, delivers
from mjgate.lifecycle.routing import line
from mjgate.lifecycle.settings import in_force
from mjgate.lifecycle.verdict import present
from mjgate.store import follow, tasks
from mjgate.store.database import Transaction
from mjgate.store.moves import move

PATIENCE: Final = 5.0
"""Seconds that a channel gets to confirm."""

FORGOTTEN: Final = 15 * SECOND
"""A cancel that is not carried out in this time was left by a process that died."""

SENT: Final = (State.SENDING, State.UNKNOWN)
"""Where a cancel waits for the id of the job."""

RUNS: Final = (State.SUBMITTED, State.RUNNING)
"""Where the channel can be asked to stop."""

_PAUSE: Final = 0.1
_TIMES: Final = int(2 * PATIENCE / _PAUSE)


async def cancel(gateway: Gateway, task_id: str, *, by: Caller) -> Task:
    """Cancel the caller's task; as it stands afterwards. NotFound, AlreadyFinished."""
    task = await tasks.get(gateway.store.reader, task_id, seen_by=by)
    return await stop(gateway, task, actor="user")


async def stop(gateway: Gateway, task: Task, *, actor: str) -> Task:
    """Cancel a task whose owner or an admin said so; as it then stands. AlreadyFinished."""
    if task.state.final:
        raise AlreadyFinished
    if task.state in {State.QUEUED, State.WINDOW}:
        ended = await fail(gateway, task, FailReason.CANCELLED, actor=actor, still=task.state)
        return ended or await stop(gateway, await present(gateway, task), actor=actor)
    if task.state in SENT:
        await gateway.store.write_surely(tasks.want_cancel, task.id, *SENT)
        now = await present(gateway, task)
        return now if now.cancel_wanted else await stop(gateway, now, actor=actor)
    until = gateway.clock.now() + FORGOTTEN
    if await gateway.store.write_surely(_begin_in, task.id, until):
        return await carry_out(gateway, task)
    return await _others_carry_out(gateway, task)


async def _begin_in(tx: Transaction, task_id: int, until: int) -> bool:
    """Be the one who asks the channel; nobody looks at the task meanwhile."""
    if not await tasks.want_cancel(tx, task_id, *RUNS):
        return False
    await follow.defer(tx, task_id, until)
    return True


async def _others_carry_out(gateway: Gateway, task: Task) -> Task:
    """The task when it has ended: somebody is cancelling it, or was faster altogether."""
    for _ in range(_TIMES):
        task = await present(gateway, task)
        if task.state.final:
            break
        await asyncio.sleep(_PAUSE)
    return task


async def as_wanted(gateway: Gateway, task: Task) -> Task:
    """The task, or its end if the client wanted it cancelled while it was being sent."""
    if task.cancel_wanted and task.state in RUNS:
        return await carry_out(gateway, task)
    return task


async def carry_out(gateway: Gateway, task: Task) -> Task:
    """Ask the channel to stop, look once more, and end the task."""
    try:
        to = await line(gateway, task.channel_id or 0, task.credential_id or 0)
    except NoChannel:
        return await _end(gateway, task, confirmed=False)
    confirmed = await _asked_to_stop(gateway, to, task)
    report = await _last_look(gateway, to, task)
    if report is not None and report.status is Status.SUCCESS:
        result = completed(task, report)
        if delivers(task.action, report, result):
            done = await succeed(gateway, task, result, actor="cancel")
            return done or await present(gateway, task)
    stopped = report is not None and report.status is Status.FAILURE
    return await _end(gateway, task, confirmed=confirmed or stopped)


async def _asked_to_stop(gateway: Gateway, to: Line, task: Task) -> bool:
    """Whether the channel says that it has stopped."""
    call = to.provider.dialect.cancel(task.upstream_id, to.channel.options)
    if call is None:
        return False
    try:
        async with asyncio.timeout(PATIENCE):
            heard = await gateway.upstream.look(to.endpoint, call)
        to.provider.dialect.answered(heard, follow_up=True)
    except Nameless:
        return True
    except (Rejected, Unanswered, TimeoutError):
        return False
    return True


async def _last_look(gateway: Gateway, to: Line, task: Task) -> Report | None:
    call = to.provider.dialect.fetch(task.upstream_id, to.channel.options)
    try:
        async with asyncio.timeout(PATIENCE):
            heard: Heard = await gateway.upstream.look(to.endpoint, call)
        reports = to.provider.dialect.reports(heard)
    except (Unanswered, TimeoutError):
        return None
    return next((each for each in reports if each.upstream_id == task.upstream_id), None)


async def _end(gateway: Gateway, task: Task, *, confirmed: bool) -> Task:
    """The money comes back if the channel has stopped; else a setting says whether it does."""
    settle = not confirmed and (await in_force(gateway)).cancel_settles
    ended = await gateway.store.write_surely(
        _cancel_in, task.id, settle=settle, now=gateway.clock.now()
    )
    return ended or await present(gateway, task)


async def _cancel_in(tx: Transaction, task_id: int, *, settle: bool, now: int) -> Task | None:
    return await move(
        tx,
        task_id,
        State.CANCELLED,
        actor="user",
        now=now,
        settle=settle,
        reason=FailReason.CANCELLED,
        fail_text=SENTENCES[FailReason.CANCELLED],
    )
