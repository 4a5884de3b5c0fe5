"""What came of each attempt to deliver an event: the log, and where the event goes from there."""

from dataclasses import dataclass
from typing import Final, LiteralString

from mjgate.domain.task import State
from mjgate.domain.webhook import EventId
from mjgate.store.database import Reader, Row, Transaction
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


@dataclass(frozen=True, slots=True)
class Logged:
    """An event as its owner finds it in the log."""

    id: EventId
    url: str
    endpoint: str
    state: State
    progress: int
    status: str
    tries: int
    made_at: int
    due_at: int
    done_at: int | None


PAGES: Final = 10_000
"""So far into the log a numbered page may begin."""


async def log(
    reader: Reader,
    user_id: int,
    *,
    status: str | None,
    task_id: int | None,
    skip: int,
    most: int,
    counted: int,
) -> tuple[list[Logged], int]:
    """One page of a user's events, from the newest, and how many there are, counted to a bound."""
    wanted = {"user_id": user_id, "status": status, "task_id": task_id}
    rows = await reader.rows(
        """
        SELECT * FROM outbox
        WHERE user_id = :user_id AND (CAST(:status AS TEXT) IS NULL OR status = :status)
        AND (CAST(:task_id AS BIGINT) IS NULL OR task_id = :task_id)
        ORDER BY task_id DESC, seq DESC, kind LIMIT :most OFFSET :skip
        """,
        **wanted,
        most=most if skip <= PAGES else 0,
        skip=min(skip, PAGES),
    )
    count = await reader.row(
        """
        SELECT COUNT(*) AS n FROM (
            SELECT 1 FROM outbox
            WHERE user_id = :user_id AND (CAST(:status AS TEXT) IS NULL OR status = :status)
            AND (CAST(:task_id AS BIGINT) IS NULL OR task_id = :task_id) LIMIT :bound
        ) found
        """,
        **wanted,
        bound=counted,
    )
    return [_logged(row) for row in rows], 0 if count is None else int(count["n"])


async def one(reader: Reader, event: EventId, user_id: int) -> tuple[Logged, list[Attempt]] | None:
    """A user's event with every attempt to deliver it; None if he has no such event."""
    row = await reader.row(
        """
        SELECT * FROM outbox
        WHERE task_id = :task_id AND seq = :seq AND kind = :kind AND user_id = :user_id
        """,
        user_id=user_id,
        **key(event),
    )
    if row is None:
        return None
    attempts = await reader.rows(
        """
        SELECT * FROM deliveries WHERE task_id = :task_id AND seq = :seq AND kind = :kind
        ORDER BY id
        """,
        **key(event),
    )
    return _logged(row), [
        Attempt(event, each["at"], each["took"], each["status"], each["error"], each["answer"])
        for each in attempts
    ]


async def replay(tx: Transaction, event: EventId, user_id: int, now: int) -> bool:
    """Deliver a user's event once more, under the same id. False if he has no such event."""
    changed = await tx.run(
        """
        UPDATE outbox SET status = 'due', due_at = :now, tries = 0, done_at = NULL, lease_until = 0
        WHERE task_id = :task_id AND seq = :seq AND kind = :kind AND user_id = :user_id
        """,
        user_id=user_id,
        now=now,
        **key(event),
    )
    return changed == 1


async def replay_dead(
    tx: Transaction, user_id: int, *, endpoint: str | None, since: int, now: int
) -> int:
    """The same for everything of a user that died since then; how many events that are."""
    return await tx.run(
        """
        UPDATE outbox SET status = 'due', due_at = :now, tries = 0, done_at = NULL, lease_until = 0
        WHERE user_id = :user_id AND status = 'dead' AND made_at >= :since
        AND (CAST(:endpoint AS TEXT) IS NULL OR endpoint = :endpoint)
        """,
        user_id=user_id,
        endpoint=endpoint,
        since=since,
        now=now,
    )


def _logged(row: Row) -> Logged:
    return Logged(
        id=EventId(row["task_id"], row["seq"], row["kind"]),
        url=row["url"],
        endpoint=row["endpoint"],
        state=State(row["state"]),
        progress=row["progress"],
        status=row["status"],
        tries=row["tries"],
        made_at=row["made_at"],
        due_at=row["due_at"],
        done_at=row["done_at"],
    )
