"""What is written when a channel has taken a task, or nobody knows whether it has."""

import logging
from dataclasses import dataclass, replace
from typing import Final

from mjgate.dialects import Accepted
from mjgate.domain.errors import (
    Refused,
    Unanswered,
    UpstreamRefused,
)
from mjgate.domain.party import leads
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State, Task, way
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.finish import fail_in
from mjgate.lifecycle.party import submitted_in
from mjgate.store import attempts, tasks, timers
from mjgate.store.attempts import Attempt
from mjgate.store.attempts import Outcome as Ended
from mjgate.store.database import ConstraintBroken, Transaction
from mjgate.store.moves import move

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a submit has led: the task as it stands, or why it was refused."""

    task: Task
    refused: Refused | None = None
    existed: bool = False


class Waiting:
    """Whether the client still waits for the verdict: decides who is told of a refusal."""

    def __init__(self) -> None:
        self._here = True
        self._answered = False

    def leave(self) -> bool:
        """The client goes; False if its answer is being written already."""
        if not self._answered:
            self._here = False
        return not self._here

    def answer(self) -> bool:
        """Whether the client is still here to get the answer; it then stays for it."""
        self._answered = self._here
        return self._here


NOBODY: Final = Waiting()
NOBODY.leave()


async def taken(
    gateway: Gateway,
    task: Task,
    accepted: Accepted,
    waiting: Waiting,
    *,
    by: Attempt | None = None,
    said: str = "",
) -> Outcome:
    """
    The channel has it: its id is written, and from now on it is looked at.

    `by` is the attempt that was answered, `said` the answer as it came.
    """
    try:
        if accepted.window and not task.confirmed and not leads(task):
            return await _asked(gateway, task, accepted, said)
        moved = await gateway.store.write_surely(
            submitted_in, task.id, *accepted.ids, now=gateway.clock.now(), by=by, said=said
        )
    except ConstraintBroken as broken:
        if broken.name != "an_upstream_job_has_one_task":
            raise
        return await _known_already(gateway, task, accepted.ids[0], waiting, by)
    return Outcome(moved or await present(gateway, task))


async def _asked(gateway: Gateway, task: Task, accepted: Accepted, said: str) -> Outcome:
    """The channel wants a confirmation first: the client is asked, and nothing is held."""
    now = gateway.clock.now()
    moved = await gateway.store.write_surely(
        window_in,
        task.id,
        accepted.ids[0],
        offered=accepted.final_prompt,
        until=now + gateway.timing.window,
        now=now,
        said=said,
    )
    return Outcome(moved or await present(gateway, task))


async def window_in(
    tx: Transaction,
    task_id: int,
    upstream_id: str,
    *,
    offered: str,
    until: int,
    now: int,
    said: str = "",
) -> Task | None:
    """The upstream's own window, found in its answer or by a look."""
    task = await tasks.locked(tx, task_id)
    if task is None or way(task, State.WINDOW) is None:
        return None
    offered = offered or task.result.final_prompt or task.prompt
    await attempts.end(tx, task_id, Ended.ACCEPTED, now, hint=upstream_id, answer=said)
    await timers.start(tx, task_id, timers.Kind.WINDOW, until)
    moved = await move(
        tx,
        task_id,
        State.WINDOW,
        actor="upstream",
        now=now,
        ended=None,
        known=task,
        upstream_id=upstream_id,
        result=replace(
            task.result, final_prompt=offered or task.result.final_prompt or task.prompt
        ),
    )
    return moved and await unless_cancelled(tx, moved, now)


async def unless_cancelled(tx: Transaction, task: Task, now: int) -> Task:
    """The task that is not being sent any more, or its end if a cancel came meanwhile."""
    if not task.cancel_wanted:
        return task
    return await fail_in(tx, task.id, FailReason.CANCELLED, actor="user", now=now) or task


async def _known_already(
    gateway: Gateway, task: Task, upstream_id: str, waiting: Waiting, by: Attempt | None
) -> Outcome:
    """The upstream named a job that has a task: a repeat of ours, or somebody else's."""
    channel_id = task.channel_id or 0
    other = await tasks.by_upstream(gateway.store.reader, channel_id, upstream_id)
    now = gateway.clock.now()
    if other is not None and other.user_id == task.user_id:
        if other.state in {State.FAILURE, State.CANCELLED}:
            moved = await gateway.store.write_surely(
                _inherited_in, task.id, channel_id, upstream_id, now=now, by=by
            )
            return Outcome(moved or await present(gateway, task))
        await gateway.store.write_surely(
            _conflict_in, task.id, now=now, by=by, quiet=waiting.answer()
        )
        return Outcome(other, existed=True)
    ended = await gateway.store.write_surely(
        _conflict_in, task.id, now=now, by=by, quiet=waiting.answer()
    )
    return Outcome(ended or task, UpstreamRefused())


async def _inherited_in(
    tx: Transaction,
    task_id: int,
    channel_id: int,
    upstream_id: str,
    *,
    now: int,
    by: Attempt | None,
) -> Task | None:
    await tasks.disown(tx, channel_id, upstream_id)
    return await submitted_in(tx, task_id, upstream_id, now=now, by=by)


async def _conflict_in(
    tx: Transaction, task_id: int, *, now: int, by: Attempt | None, quiet: bool
) -> Task | None:
    if by is not None and await attempts.taken_over(tx, by):
        return None
    return await fail_in(
        tx,
        task_id,
        FailReason.UPSTREAM_CONFLICT,
        actor="sender",
        now=now,
        quiet=quiet,
        ended=Ended.REFUSED,
    )


async def unknown(gateway: Gateway, task: Task, attempt: Attempt, error: Unanswered) -> Outcome:
    """Nobody knows whether it arrived; it is looked for, and never sent again."""
    log.warning("no answer to a submit", extra=task.log_context | {"why": str(error)})
    moved = await gateway.store.write_surely(
        unknown_in, attempt, actor="sender", now=gateway.clock.now(), why=str(error)
    )
    return Outcome(moved or await present(gateway, task))


async def unknown_in(
    tx: Transaction, attempt: Attempt, *, actor: str, now: int, why: str
) -> Task | None:
    """SENDING becomes UNKNOWN, by the sender or by whoever finds it dead."""
    if await attempts.taken_over(tx, attempt):
        return None
    return await move(
        tx, attempt.task_id, State.UNKNOWN, actor=actor, now=now, note={"why": why}, admin_text=why
    )


async def present(gateway: Gateway, task: Task) -> Task:
    """The task as it stands now; as it was, where it is no more."""
    return await tasks.by_id(gateway.store.reader, task.id) or task
