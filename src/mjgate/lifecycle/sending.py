"""
Sending: what is written before a task is handed to a channel, its attempt and its state at once.

The button of a window that its client has confirmed goes up first. When the channel has named its
job, the modal is an attempt of its own: whoever takes over knows by it whether the modal may have
left.
"""

from typing import Final, NamedTuple

from mjgate.dialects import Accepted
from mjgate.domain.buttons import Window, asks_always, meaning
from mjgate.domain.errors import NotSent, Rejected
from mjgate.domain.reasons import Verdict
from mjgate.domain.task import State, Task, way
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.handover import waits_for_modal
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.routing import Route, attempt_at
from mjgate.providers import Lack
from mjgate.store import attempts, tasks
from mjgate.store.attempts import Attempt, Outcome, Step
from mjgate.store.books import SlotTakenError
from mjgate.store.database import ConstraintBroken, Transaction
from mjgate.store.moves import move

HOME: Final = "the window of this task"


class Onward(NamedTuple):
    """A task with the attempt by which it is handed over next."""

    task: Task
    attempt: Attempt


async def resend(
    gateway: Gateway, task: Task, route: Route, trouble: NotSent | Rejected
) -> Onward | None:
    """Take the task to the next channel; None if it has no slot any more."""
    attempt = await next_attempt(gateway, task, route)
    try:
        moved = await gateway.store.write_surely(
            _resend_in, task.id, attempt, _ended(trouble), now=gateway.clock.now()
        )
    except SlotTakenError:
        return None
    return None if moved is None else Onward(moved, attempt)


async def next_attempt(gateway: Gateway, task: Task, route: Route) -> Attempt:
    """The attempt that follows those that are written."""
    number = len(await attempts.of_task(gateway.store.reader, task.id)) + 1
    return attempt_at(gateway, task, number, route)


async def _resend_in(
    tx: Transaction, task_id: int, attempt: Attempt, ended: Outcome, *, now: int
) -> Task | None:
    if await attempts.begun(tx, attempt):
        return await tasks.by_id(tx, task_id)
    task = await tasks.locked(tx, task_id)
    if task is None or task.state is not State.SENDING:
        return None
    return await sending_in(tx, task_id, attempt, actor="sender", now=now, ended=ended)


async def sending_in(
    tx: Transaction,
    task_id: int,
    attempt: Attempt,
    *,
    actor: str,
    now: int,
    ended: Outcome = Outcome.UNKNOWN,
) -> Task | None:
    """Give the task to the attempt's channel, and write the attempt. SlotTakenError."""
    task = await tasks.locked(tx, task_id)
    if task is None or way(task, State.SENDING) is None:
        return None
    await attempts.end(tx, task_id, ended, now)
    await attempts.begin(tx, attempt)
    return await move(
        tx,
        task_id,
        State.SENDING,
        actor=actor,
        now=now,
        channel_id=attempt.channel_id,
        credential_id=attempt.credential_id,
        note=attempt.why,
    )


async def modal_next(
    gateway: Gateway, task: Task, before: Attempt, to: Line, accepted: Accepted
) -> Onward | None:
    """The modal, if the named job waits for it and nobody has sent it before."""
    if before.step is Step.MODAL or not await waits_for_modal(gateway, task, to, accepted):
        return None
    return await modal_for(gateway, task, accepted.ids[0], said="".join(before.heard[-1:]))


async def modal_for(
    gateway: Gateway, task: Task, upstream_id: str, *, said: str = ""
) -> Onward | None:
    """
    Write that the modal of a confirmed window goes to this job now.

    None if one may have left before, if the client has cancelled, or if the job is another task's.
    """
    if task.channel_id is None or task.credential_id is None:
        return None
    route = Route(task.channel_id, task.credential_id, {"strategy": HOME})
    attempt = await next_attempt(gateway, task._replace(upstream_id=upstream_id), route)
    try:
        moved = await gateway.store.write_surely(
            _modal_in, attempt, upstream_id, said, gateway.clock.now()
        )
    except ConstraintBroken:
        return None
    return None if moved is None else Onward(moved, attempt)


async def _modal_in(
    tx: Transaction, attempt: Attempt, upstream_id: str, said: str, now: int
) -> Task | None:
    task = await tasks.locked(tx, attempt.task_id)
    if task is not None and await attempts.begun(tx, attempt):
        return task
    if task is None or not task.confirmed or task.cancel_wanted:
        return None
    if way(task, State.SENDING) is None or await attempts.modal_left(tx, task.id):
        return None
    await attempts.end(tx, task.id, Outcome.ACCEPTED, now, hint=upstream_id, answer=said)
    await attempts.begin(tx, attempt)
    return await move(
        tx,
        task.id,
        State.SENDING,
        actor="sender",
        now=now,
        known=task,
        upstream_id=upstream_id,
        note=attempt.why,
    )


def never_asked(task: Task, attempt: Attempt, to: Line, error: Exception) -> bool:
    """Whether a refused modal only shows that there was no window: some do not tell of theirs."""
    return (
        attempt.step is Step.MODAL
        and isinstance(error, Rejected)
        and error.verdict is not Verdict.BUSY
        and Lack.WINDOWS in to.provider.lacks
        and not asks_always(task.custom_id)
        and meaning(task.custom_id).window is Window.REMIX
    )


def _ended(trouble: NotSent | Rejected) -> Outcome:
    if isinstance(trouble, NotSent):
        return Outcome.NOT_SENT
    return Outcome.BUSY if trouble.verdict is Verdict.BUSY else Outcome.REFUSED
