"""Attempts to hand a task to a channel: written before the first byte leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mjgate.store.database import Reader, Row, Transaction


class Outcome(StrEnum):
    """How an attempt ended."""

    ACCEPTED = "accepted"
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    BUSY = "busy"
    UNKNOWN = "unknown"


class Step(StrEnum):
    """What an attempt sends."""

    SUBMIT = "submit"  # the task; of one whose client has confirmed already, the button alone
    MODAL = "modal"  # the confirmation of a window that stands open upstream


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt; `nonce` travels to the upstream, so that a lost job can be recognised."""

    task_id: int
    no: int
    channel_id: int
    credential_id: int
    nonce: str
    owner: str
    opened_at: int
    step: Step = Step.SUBMIT
    hint: str = ""  # the upstream's id, as a notice or an answer named it
    why: Mapping[str, object] = field(default_factory=dict[str, object], compare=False)
    """Why this channel was chosen: kept with the task's event, not here."""
    heard: list[str] = field(default_factory=list[str], compare=False)
    """What the channel answered, as it came; whoever ends the attempt writes the last."""


async def begin(tx: Transaction, attempt: Attempt) -> None:
    """Write the attempt. A task with an open one breaks `a_task_has_one_open_attempt`."""
    await tx.add(
        """
        INSERT INTO attempts
            (task_id, no, step, channel_id, credential_id, nonce, owner, opened_at)
        VALUES
            (:task_id, :no, :step, :channel_id, :credential_id, :nonce, :owner, :opened_at)
        """,
        task_id=attempt.task_id,
        no=attempt.no,
        channel_id=attempt.channel_id,
        credential_id=attempt.credential_id,
        nonce=attempt.nonce,
        owner=attempt.owner,
        opened_at=attempt.opened_at,
        step=attempt.step,
    )


async def begun(reader: Reader, attempt: Attempt) -> bool:
    """Whether this very attempt is written, and still open."""
    row = await reader.row(
        """
        SELECT 1 AS one FROM attempts
        WHERE task_id = :task_id AND no = :no AND nonce = :nonce AND outcome IS NULL
        """,
        task_id=attempt.task_id,
        no=attempt.no,
        nonce=attempt.nonce,
    )
    return row is not None


async def taken_over(reader: Reader, attempt: Attempt) -> bool:
    """Whether the task was handed over anew since: the answer to this attempt counts no more."""
    row = await reader.row(
        "SELECT 1 AS one FROM attempts WHERE task_id = :task_id AND no > :no LIMIT 1",
        task_id=attempt.task_id,
        no=attempt.no,
    )
    return row is not None


async def modal_left(reader: Reader, task_id: int) -> bool:
    """Whether a modal of the task may have left."""
    row = await reader.row(
        "SELECT 1 AS one FROM attempts WHERE task_id = :task_id AND step = 'modal' LIMIT 1",
        task_id=task_id,
    )
    return row is not None


async def end(
    tx: Transaction,
    task_id: int,
    outcome: Outcome,
    now: int,
    *,
    hint: str = "",
    answer: str = "",
) -> bool:
    """Close the task's open attempt. False if somebody else closed it before."""
    changed = await tx.run(
        """
        UPDATE attempts SET outcome = :outcome, answered_at = :now,
            hint_upstream_id = CASE WHEN :hint = '' THEN hint_upstream_id ELSE :hint END,
            answer = CASE WHEN :answer = '' THEN answer ELSE :answer END
        WHERE task_id = :task_id AND outcome IS NULL
        """,
        task_id=task_id,
        outcome=outcome,
        now=now,
        hint=hint,
        answer=answer,
    )
    return changed == 1


async def keep_answer(tx: Transaction, attempt: Attempt) -> None:
    """Keep what the channel answered, as it came, for the admin."""
    await tx.run(
        "UPDATE attempts SET answer = :answer WHERE task_id = :task_id AND no = :no",
        task_id=attempt.task_id,
        no=attempt.no,
        answer=attempt.heard[-1],
    )


async def hint(tx: Transaction, task_id: int, no: int, upstream_id: str) -> None:
    """
    Keep the id that a notice names, while nobody knows the fate of the attempt.

    The latest counts: one that proved wrong must not hide the right one.
    """
    await tx.run(
        """
        UPDATE attempts SET hint_upstream_id = :hint
        WHERE task_id = :task_id AND no = :no
        AND (outcome IS NULL OR outcome = 'unknown')
        """,
        task_id=task_id,
        no=no,
        hint=upstream_id,
    )


async def heeds(reader: Reader, task_id: int, no: int, upstream_id: str) -> bool:
    """Whether what an upstream says of the attempt concerns the task; `""` if it named no job."""
    row = await reader.row(
        """
        SELECT 1 AS one FROM attempts a JOIN tasks t ON t.id = a.task_id
        WHERE a.task_id = :task_id AND a.no = :no AND (
            a.outcome IS NULL
            OR (a.outcome = 'unknown' AND (
                t.upstream_id = '' OR :upstream_id = '' OR t.upstream_id = :upstream_id
            ))
            OR (a.outcome = 'accepted' AND a.hint_upstream_id = t.upstream_id)
        )
        """,
        task_id=task_id,
        no=no,
        upstream_id=upstream_id,
    )
    return row is not None


async def late(tx: Transaction, task_id: int, no: int, upstream_id: str, now: int) -> None:
    """Keep for the admin that an upstream spoke of an attempt which was over."""
    await tx.run(
        """
        UPDATE attempts SET late_at = :now, late_upstream_id = :upstream_id
        WHERE task_id = :task_id AND no = :no
        """,
        task_id=task_id,
        no=no,
        upstream_id=upstream_id,
        now=now,
    )


async def of_task(reader: Reader, task_id: int) -> list[Attempt]:
    """Every attempt of a task, first to last."""
    rows = await reader.rows(
        "SELECT * FROM attempts WHERE task_id = :task_id ORDER BY no", task_id=task_id
    )
    return [_from_row(row) for row in rows]


async def stuck(reader: Reader, owners: Sequence[str], opened_before: int) -> list[Attempt]:
    """Open attempts whose sender is gone or has been silent since `opened_before`, 500 at most."""
    rows = await reader.rows(
        """
        SELECT a.* FROM attempts a JOIN tasks t ON t.id = a.task_id
        WHERE a.outcome IS NULL AND t.state = 'SENDING'
        AND (a.opened_at < :opened_before OR a.owner IN each(:owners))
        LIMIT 500
        """,
        owners=list(owners),
        opened_before=opened_before,
    )
    return [_from_row(row) for row in rows]


def _from_row(row: Row) -> Attempt:
    return Attempt(
        task_id=row["task_id"],
        no=row["no"],
        channel_id=row["channel_id"],
        credential_id=row["credential_id"],
        nonce=row["nonce"],
        owner=row["owner"],
        opened_at=row["opened_at"],
        step=Step(row["step"]),
        hint=row["hint_upstream_id"],
    )
