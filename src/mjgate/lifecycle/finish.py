"""
The only way a task ends.

Whoever learns that a task is over calls this: looks, notices, deadlines, refusals, cancels. State,
money, slot, event and webhook rows are one transaction; who comes second changes nothing.
"""

import logging

from mjgate.domain.reasons import FailReason
from mjgate.domain.redact import redact
from mjgate.domain.task import Report, Result, State, Task
from mjgate.lifecycle import Gateway
from mjgate.store import tasks
from mjgate.store.attempts import Outcome
from mjgate.store.database import Transaction
from mjgate.store.moves import move

log = logging.getLogger(__name__)

_MODERATED = (
    "moderat",
    "banned",
    "sensitive",
    "nsfw",
    "policy",
    "guideline",
    "敏感",
    "违规",
    "审核",
)


async def succeed(
    gateway: Gateway, task: Task, result: Result, *, actor: str, said: str = ""
) -> Task | None:
    """End with the result, and settle. None if the task had ended before."""
    ended = await gateway.store.write_surely(
        _succeed, task.id, result, actor=actor, now=gateway.clock.now(), said=said
    )
    return _told(task, ended, actor)


async def fail(  # noqa: PLR0913  each says one thing
    gateway: Gateway,
    task: Task,
    reason: FailReason,
    *,
    actor: str,
    text: str = "",
    admin_text: str = "",
    quiet: bool = False,
    still: State | None = None,
    said: str = "",
) -> Task | None:
    """
    End without a result, and release. None if the task had ended before.

    With `still` nothing happens either if it has left that state: the reason is none any more.
    `said` is what the upstream said of its end, as it came.
    """
    ended = await gateway.store.write_surely(
        fail_in,
        task.id,
        reason,
        actor=actor,
        now=gateway.clock.now(),
        text=text,
        admin_text=admin_text,
        quiet=quiet,
        still=still,
        said=said,
    )
    return _told(task, ended, actor)


async def fail_in(  # noqa: PLR0913  each says one thing
    tx: Transaction,
    task_id: int,
    reason: FailReason,
    *,
    actor: str,
    now: int,
    text: str = "",
    admin_text: str = "",
    quiet: bool = False,
    still: State | None = None,
    ended: Outcome = Outcome.UNKNOWN,
    said: str = "",
) -> Task | None:
    """The same inside a transaction that has more to do; `ended` is how its attempt has ended."""
    if still is not None:
        task = await tasks.locked(tx, task_id)
        if task is None or task.state is not still:
            return None
    target = State.CANCELLED if reason is FailReason.CANCELLED else State.FAILURE
    return await move(
        tx,
        task_id,
        target,
        actor=actor,
        now=now,
        note={"reason": reason} | ({"said": said} if said else {}),
        reason=reason,
        fail_text=text or SENTENCES[reason],
        admin_text=admin_text or text,
        quiet=quiet,
        ended=ended,
    )


def why_it_failed(report: Report, names: tuple[str, ...]) -> tuple[FailReason, str]:
    """Reason and words for users, from an upstream's own FAILURE."""
    text = redact(report.fail_text or "", names)
    moderated = any(word in text.lower() for word in _MODERATED)
    reason = FailReason.MODERATED if moderated else FailReason.UPSTREAM_FAILED
    return reason, text or SENTENCES[reason]


async def _succeed(
    tx: Transaction, task_id: int, result: Result, *, actor: str, now: int, said: str
) -> Task | None:
    note = {"said": said} if said else None
    return await move(tx, task_id, State.SUCCESS, actor=actor, now=now, note=note, result=result)


def _told(task: Task, ended: Task | None, actor: str) -> Task | None:
    if ended is not None:
        moved = {"from": task.state, "to": ended.state, "by": actor, "reason": ended.reason}
        log.info("task moved", extra=ended.log_context | moved)
    return ended


SENTENCES: dict[FailReason, str] = {
    FailReason.CANCELLED: "cancelled",
    FailReason.MODAL_EXPIRED: "Nobody confirmed the window in time.",
    FailReason.QUEUE_TIMEOUT: "No channel was free in time; nothing was charged.",
    FailReason.DEADLINE_NO_PROGRESS: "The provider made no progress in time; nothing was charged.",
    FailReason.DEADLINE_TOTAL: "The provider took too long; nothing was charged.",
    FailReason.ORPHAN: "Nobody could tell whether the provider took the task; nothing was charged.",
    FailReason.MODERATED: "The provider's moderation stopped the task.",
    FailReason.UPSTREAM_FAILED: "The provider failed without saying why.",
    FailReason.UPSTREAM_CONFLICT: "The provider answered with somebody else's task.",
    FailReason.CHANNEL_GONE: "The channel of this task was removed.",
    FailReason.NO_CHANNEL: "No channel is in service for this task.",
    FailReason.ADMIN: "The operator ended this task.",
    FailReason.BANNED_WORD: "The provider does not allow a word of the prompt.",
    FailReason.BAD_IMAGE: "The provider could not use an image.",
    FailReason.PARENT_GONE_UPSTREAM: "The provider no longer knows the parent task.",
    FailReason.UPSTREAM_REFUSED: "The provider refused the task.",
}
