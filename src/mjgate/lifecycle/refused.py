"""Refused: a channel has said no, or nobody is left to ask, and the task ends with that."""

from typing import Final, NamedTuple

from mjgate.domain.errors import (
    BannedWord,
    ParentGoneUpstream,
    Refused,
    Rejected,
    UpstreamRefused,
)
from mjgate.domain.reasons import FailReason, Reason, Verdict
from mjgate.domain.redact import redact
from mjgate.domain.task import Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.finish import fail_in
from mjgate.lifecycle.verdict import Outcome, Waiting, present
from mjgate.store import attempts
from mjgate.store.attempts import Attempt
from mjgate.store.attempts import Outcome as Ended
from mjgate.store.database import Transaction

OUR_ACCOUNT: Final = (
    "The provider did not let the gateway in; nothing was charged, and the operator can see why."
)
"""For a refused credential or an empty balance, which are no business of users."""


class Refusal(NamedTuple):
    """What the client hears, what the task keeps, and what an admin may read."""

    answer: Refused
    reason: FailReason
    why: str


async def refused(
    gateway: Gateway,
    task: Task,
    attempt: Attempt,
    error: Rejected,
    names: tuple[str, ...],
    waiting: Waiting,
) -> Outcome:
    """The channel has said no, and no other is asked; `names` are not for users."""
    return await turned_down(gateway, task, attempt, _refusal(error, names), waiting)


async def turned_down(
    gateway: Gateway, task: Task, attempt: Attempt, refusal: Refusal, waiting: Waiting
) -> Outcome:
    """The task ends, quietly if the client is here to be told."""
    ended = await gateway.store.write_surely(
        refused_in, attempt, refusal, now=gateway.clock.now(), quiet=waiting.answer()
    )
    return Outcome(ended or await present(gateway, task), refusal.answer)


async def refused_in(
    tx: Transaction, attempt: Attempt, refusal: Refusal, *, now: int, quiet: bool
) -> Task | None:
    """The attempt was refused, and with it the task."""
    if await attempts.taken_over(tx, attempt):
        return None
    return await fail_in(
        tx,
        attempt.task_id,
        refusal.reason,
        actor="sender",
        now=now,
        text=refusal.answer.description,
        admin_text=refusal.why,
        quiet=quiet,
        ended=Ended.REFUSED,
    )


def _refusal(error: Rejected, names: tuple[str, ...]) -> Refusal:
    """What follows from a channel's no."""
    text, why = shown(error, names), str(error)
    match error.reason:
        case Reason.BANNED_WORD:
            told: dict[str, object] = {"bannedWord": None, "promptEn": "", "offset": None}
            banned = BannedWord(text, properties=told | error.properties)
            return Refusal(banned, FailReason.BANNED_WORD, why)
        case Reason.PARENT_GONE_UPSTREAM:
            gone = ParentGoneUpstream(field="taskId")
            return Refusal(gone, FailReason.PARENT_GONE_UPSTREAM, why)
        case _:
            return Refusal(UpstreamRefused(text), FailReason.UPSTREAM_REFUSED, why)


def shown(error: Rejected, names: tuple[str, ...]) -> str:
    """Its words, but none that are meant for the operator: of our credential, or raw answers."""
    if error.verdict is Verdict.CREDENTIAL:
        return OUR_ACCOUNT
    text = redact(str(error), names)
    status, colon, said = text.partition(": ")
    if not (colon and status.startswith("HTTP ")):
        return text
    raw = said.startswith(("<", "{", "[")) or said == "empty body"
    return f"The provider refused the task ({status})" + ("." if raw else f": {said}")
