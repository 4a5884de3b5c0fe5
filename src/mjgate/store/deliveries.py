"""What came of each attempt to deliver an event: the log, and where the event goes from there."""

from dataclasses import dataclass
from typing import Final, LiteralString

from mjgate.domain.webhook import EventId
from mjgate.store.database import Transaction
from mjgate.store.webhooks import Event, key


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver: when, for how long (ms), and what came back."""

    event: EventId
    at: int
    took: int
    status: int | None
    error: str
    answer: str


async def delivered(tx: Transaction, event: Event, attempt: Attempt) -> None:
    """The receiver has it."""
    await _log(tx, attempt)
    await _over(tx, event.id, "delivered", attempt.at)
    await tx.run(
        """
        DELETE FROM receivers
        WHERE user_id = :user_id AND endpoint = :endpoint AND paused_at IS NULL
        """,
        user_id=event.user_id,
        endpoint=event.endpoint,
    )


async def failed(tx: Transaction, event: Event, attempt: Attempt, *, due_at: int | None) -> None:
    """Not this time: again at `due_at`, never where that is None or something newer counts more."""
    await _log(tx, attempt)
    newer = await tx.row(
        """
        SELECT 1 FROM outbox
        WHERE task_id = :task_id AND status = 'due'
        AND (seq > :seq OR (seq = :seq AND kind < :kind)) AND (kind = 'final' OR :progress = 1)
        LIMIT 1
        """,
        progress=int(event.id.kind == "progress"),
        **key(event.id),
    )
    if newer is not None:
        await _over(tx, event.id, "dropped", attempt.at)
    elif due_at is None:
        await _over(tx, event.id, "dead", attempt.at)
    else:
        await tx.run(  # whatever comes after it waits as long
            """
            UPDATE outbox SET due_at = :due_at, lease_until = 0
            WHERE task_id = :task_id AND url = :url AND status = 'due'
            """,
            task_id=event.id.task_id,
            url=event.url,
            due_at=due_at,
        )


async def set_aside(tx: Transaction, event: EventId, *, dead: bool, now: int) -> None:
    """Its receiver gets nothing: it waits there, or is `dead` for good. No attempt is counted."""
    await tx.run(
        """
        UPDATE outbox SET status = :status, done_at = :done_at, tries = tries - 1, lease_until = 0
        WHERE task_id = :task_id AND seq = :seq AND kind = :kind AND status = 'due'
        """,
        status="dead" if dead else "paused",
        done_at=now if dead else None,
        **key(event),
    )


async def _over(tx: Transaction, event: EventId, status: str, now: int) -> None:
    await tx.run(
        """
        UPDATE outbox SET status = :status, done_at = :now
        WHERE task_id = :task_id AND seq = :seq AND kind = :kind AND status = 'due'
        """,
        status=status,
        now=now,
        **key(event),
    )


async def _log(tx: Transaction, attempt: Attempt) -> None:
    await tx.run(
        """
        INSERT INTO deliveries (task_id, seq, kind, at, took, status, error, answer)
        VALUES (:task_id, :seq, :kind, :at, :took, :status, :error, :answer)
        """,
        at=attempt.at,
        took=attempt.took,
        status=attempt.status,
        error=attempt.error,
        answer=attempt.answer,
        **key(attempt.event),
    )


async def forget(tx: Transaction, *, delivered_before: int, dead_before: int, limit: int) -> int:
    """Drop events that are over for long, with their attempts; how many, `limit` at most."""
    rows = await tx.rows(
        """
        SELECT task_id, seq, kind FROM outbox
        WHERE done_at IS NOT NULL
        AND (done_at < :dead_before OR (done_at < :delivered_before AND status <> 'dead'))
        ORDER BY done_at LIMIT :limit
        """,
        delivered_before=delivered_before,
        dead_before=dead_before,
        limit=limit,
    )
    old = [key(EventId(row["task_id"], row["seq"], row["kind"])) for row in rows]
    for table in _TABLES:
        await tx.many(table, old)
    return len(old)


_TABLES: Final[tuple[LiteralString, ...]] = (
    "DELETE FROM deliveries WHERE task_id = :task_id AND seq = :seq AND kind = :kind",
    "DELETE FROM outbox WHERE task_id = :task_id AND seq = :seq AND kind = :kind",
)
