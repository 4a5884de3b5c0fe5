"""
Dispatch: hand a task to its channel, through a one-way door.

Only what certainly was not sent, or was refused, goes to another channel or back to the queue.
What nobody knows the fate of becomes UNKNOWN and is never sent again.
"""

import logging
from dataclasses import dataclass, field, replace
from typing import Final

from mjgate.dialects import Accepted
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import (
    Loop,
    NoChannel,
    NotSent,
    ParentChannelGone,
    Refused,
    Rejected,
    Unanswered,
    UpstreamRefused,
)
from mjgate.domain.reasons import FailReason, Reason, Verdict
from mjgate.domain.task import State, Task
from mjgate.domain.timing import SEND_LATEST
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.breaker import heard
from mjgate.lifecycle.cancel import as_wanted
from mjgate.lifecycle.handover import prepared, sent
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.refused import Refusal, refused, shown, turned_down
from mjgate.lifecycle.routing import line, need_of, routes, trying
from mjgate.lifecycle.sending import Onward, modal_next, never_asked, resend
from mjgate.lifecycle.unwanted import stop_unwanted
from mjgate.lifecycle.verdict import (
    Outcome,
    Waiting,
    present,
    taken,
    unknown,
    unless_cancelled,
)
from mjgate.store import attempts, channels, lanes, tasks
from mjgate.store.attempts import Attempt
from mjgate.store.attempts import Outcome as Ended
from mjgate.store.database import Transaction
from mjgate.store.moves import move

log = logging.getLogger(__name__)

_DOUBLINGS: Final = 6


class _TooLate(NotSent):
    """This process came too late to send it; the channel is not to blame."""


class _Gone(NotSent):
    """The channel has no such key any more."""


@dataclass(slots=True)
class _Tour:
    """Where a task is taken: by this attempt now, and before to channels that did not take it."""

    attempt: Attempt
    tried: set[int] = field(default_factory=set[int])
    busy: bool = False

    def note(self, trouble: NotSent | Rejected) -> None:
        """The channel that was asked does not take it, perhaps only because it has no room."""
        self.tried.add(self.attempt.channel_id)
        if isinstance(trouble, Rejected) and trouble.verdict is Verdict.BUSY:
            self.busy = True


async def dispatch(gateway: Gateway, task: Task, attempt: Attempt, waiting: Waiting) -> Outcome:
    """Try one channel after the other until one takes it, or none can; then send its modal."""
    tour = _Tour(attempt)
    while True:
        following = await _hand_over(gateway, task, tour.attempt, waiting)
        if isinstance(following, NotSent | Rejected):
            why = {"why": str(following)}
            log.info("channel did not take it", extra=task.log_context | why)
            following = await _elsewhere(gateway, task, following, tour, waiting)
        if isinstance(following, Outcome):
            return following
        task, tour.attempt = following


async def _hand_over(
    gateway: Gateway, task: Task, attempt: Attempt, waiting: Waiting
) -> Outcome | Onward | NotSent | Rejected:
    """One attempt. What comes back as an error may be tried elsewhere."""
    try:
        to = await line(gateway, attempt.channel_id, attempt.credential_id)
    except NoChannel as error:
        return _Gone(str(error))
    await trying(gateway, to.channel)
    try:
        accepted = await _send(gateway, task, attempt, to)
    except (NotSent, Rejected, Unanswered) as error:
        if not never_asked(task, attempt, to, error):
            return await _not_taken(gateway, task, attempt, to, error, waiting)
        accepted = Accepted(ids=(task.upstream_id,))
    gateway.checkpoint("answered")
    following = await modal_next(gateway, task, attempt, to, accepted)
    if following is None:
        following = await _taken(gateway, task, attempt, accepted, waiting)
    else:
        gateway.checkpoint("modal-next")
    await heard(gateway, to.channel, None)
    return following


async def _not_taken(
    gateway: Gateway,
    task: Task,
    attempt: Attempt,
    to: Line,
    error: NotSent | Rejected | Unanswered,
    waiting: Waiting,
) -> Outcome | NotSent | Rejected:
    if not isinstance(error, _TooLate):
        await heard(gateway, to.channel, error)
    trouble = await _troubled(gateway, task, attempt, to, error, waiting)
    if attempt.heard:
        await gateway.store.write_surely(attempts.keep_answer, attempt)
    return trouble


async def _taken(
    gateway: Gateway, task: Task, attempt: Attempt, accepted: Accepted, waiting: Waiting
) -> Outcome:
    outcome = await taken(gateway, task, accepted, waiting, by=attempt, said=attempt.heard[-1])
    gateway.checkpoint("submitted")
    outcome = await _wanted(gateway, outcome)
    await stop_unwanted(gateway, outcome.task, accepted.ids)
    return outcome


async def _troubled(
    gateway: Gateway,
    task: Task,
    attempt: Attempt,
    to: Line,
    error: NotSent | Rejected | Unanswered,
    waiting: Waiting,
) -> Outcome | NotSent | Rejected:
    """What follows at once; an error that is handed back may be tried elsewhere."""
    if isinstance(error, Unanswered):
        return await unknown(gateway, task, attempt, error)
    if isinstance(error, Rejected) and error.verdict in {Verdict.CONTENT, Verdict.PARENT_GONE}:
        return await refused(gateway, task, attempt, error, to.names, waiting)
    return error


async def _wanted(gateway: Gateway, outcome: Outcome) -> Outcome:
    """The outcome, unless the client wanted the task cancelled while it was being sent."""
    if not outcome.task.cancel_wanted:
        return outcome
    return replace(outcome, task=await as_wanted(gateway, outcome.task))


async def _send(gateway: Gateway, task: Task, attempt: Attempt, to: Line) -> Accepted:
    try:
        work = await prepared(gateway, task, attempt, to)
    except FileNotFoundError as error:
        raise Rejected(Verdict.CONTENT, "An image of the request is no longer kept.") from error
    if gateway.clock.now() - attempt.opened_at > SEND_LATEST:
        raise _TooLate
    return await sent(gateway, task, attempt, to, work)


async def _elsewhere(
    gateway: Gateway,
    task: Task,
    trouble: NotSent | Rejected,
    tour: "_Tour",
    waiting: Waiting,
) -> Outcome | Onward:
    """The next channel that could take it at once; else the queue; else the end."""
    if isinstance(trouble, _TooLate) or (await present(gateway, task)).cancel_wanted:
        return await _wait(gateway, task, tour.attempt)
    tour.note(trouble)
    busy = isinstance(trouble, NotSent) or trouble.verdict is Verdict.BUSY
    if busy and task.channel_id is not None:
        await _pause(gateway, task, trouble)
    if task.bound:
        if busy and not isinstance(trouble, _Gone):
            return await _wait(gateway, task, tour.attempt)
        return await _give_up(gateway, task, tour.attempt, trouble, waiting)
    choice, found = await routes(gateway, need_of(task, without=frozenset(tour.tried)))
    for route in found:
        following = await resend(gateway, task, route, trouble)
        if following is not None:
            return following
    if choice.whole or tour.busy or (isinstance(trouble, NotSent) and not waiting.answer()):
        return await _wait(gateway, task, tour.attempt)  # nobody would hear of a refusal
    return await _give_up(gateway, task, tour.attempt, trouble, waiting)


async def _pause(gateway: Gateway, task: Task, trouble: NotSent | Rejected) -> None:
    """A busy channel rests in this mode as long as it asks for, else longer each time in a row."""
    channel_id, timing = task.channel_id or 0, gateway.timing
    asked = trouble.retry_after if isinstance(trouble, Rejected) else None
    if isinstance(trouble, NotSent):
        rest = timing.busy_least  # it is away, not busy: the breaker counts how often
    elif asked is None:
        times = gateway.faults.busy(channel_id)
        rest = min(timing.busy_least * 2 ** min(times, _DOUBLINGS), timing.busy_most)
    else:
        rest = min(max(asked * SECOND, SECOND), timing.busy_asked)
    await gateway.store.write_surely(
        channels.pause, channel_id, task.mode, gateway.clock.now() + rest
    )


async def _wait(gateway: Gateway, task: Task, attempt: Attempt) -> Outcome:
    """Back to the queue, with a new turn."""
    moved = await gateway.store.write_surely(_wait_in, attempt, now=gateway.clock.now())
    return Outcome(moved or await present(gateway, task))


async def _wait_in(tx: Transaction, attempt: Attempt, *, now: int) -> Task | None:
    task = await tasks.locked(tx, attempt.task_id)
    if task is None or not await attempts.begun(tx, attempt):
        return None
    turn, _ = await lanes.turn_in(tx, task.lane, task.user_id)
    moved = await move(
        tx, task.id, State.QUEUED, actor="sender", now=now, ended=Ended.BUSY, turn=turn
    )
    return moved and await unless_cancelled(tx, moved, now)


async def _give_up(
    gateway: Gateway,
    task: Task,
    attempt: Attempt,
    trouble: NotSent | Rejected,
    waiting: Waiting,
) -> Outcome:
    """Nobody is left to ask: the task ends, quietly if the client is here to be told."""
    reason = FailReason.NO_CHANNEL
    answer: Refused = NoChannel()
    if isinstance(trouble, _Gone) and task.bound:
        reason, answer = FailReason.CHANNEL_GONE, ParentChannelGone(field="taskId")
    elif isinstance(trouble, Rejected):
        reason = FailReason.UPSTREAM_REFUSED
        answer = await _refusal(gateway, task, trouble)
    refusal = Refusal(answer, reason, str(trouble))
    return await turned_down(gateway, task, attempt, refusal, waiting)


async def _refusal(gateway: Gateway, task: Task, trouble: Rejected) -> Refused:
    """What a client hears of a channel's refusal."""
    if trouble.reason is Reason.LOOP:
        return Loop()
    channel = await channels.get(gateway.store.reader, task.channel_id or 0)
    return UpstreamRefused(shown(trouble, (channel.name,) if channel else ()))
