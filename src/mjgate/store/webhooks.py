"""
The outbox: what clients are still to be told. A row names the moment; the body comes later.

Rows of one task go to one address in order: `submitted`, `status`, `final`. A `progress` row gives
way to whatever comes after it, and an earlier row that has failed once gives way to the final one.
Rows of different tasks, and of different receivers, never wait for each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mjgate.domain.clock import SECOND
from mjgate.domain.task import Edge, Hook, State, Task
from mjgate.domain.webhook import EventId, endpoint
from mjgate.store.database import Reader, Row, Transaction

PROGRESS_PAUSE: Final = 1 * SECOND
"""Progress of one task is told at most so often."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the outbox. `tries` counts attempts that were begun, this one included."""

    id: EventId
    user_id: int
    token_id: int
    url: str
    endpoint: str
    state: State
    progress: int
    reason: str
    fail_text: str
    made_at: int
    tries: int


async def enqueue(tx: Transaction, task: Task, edge: Edge, now: int, *, announced: bool) -> None:
    """Write the rows of a move; `announced` if the client knew before it that a channel has it."""
    for hook in edge.tells(announced=announced, quiet=task.quiet):
        moment = task
        if hook is Hook.SUBMITTED:
            moment = task._replace(state=State.SUBMITTED, progress=0, reason="", fail_text="")
        await _insert(tx, moment, hook, now)
        await _give_way(tx, task, final=hook is Hook.FINAL, now=now)


async def enqueue_progress(tx: Transaction, task_id: int, now: int) -> None:
    """Tell of progress, if the task has an address; what was to be told of it before goes."""
    row = await tx.row(
        "SELECT user_id, token_id, hook_url, version, state, progress FROM tasks WHERE id = :id",
        id=task_id,
    )
    if row is None or not row["hook_url"]:
        return
    waiting = await tx.row(
        """
        DELETE FROM outbox
        WHERE task_id = :id AND kind = 'progress' AND status = 'due' AND lease_until <= :now
        RETURNING due_at
        """,
        id=task_id,
        now=now,
    )
    await tx.run(
        """
        INSERT INTO outbox (
            task_id, seq, kind, user_id, token_id, url, endpoint, state, progress,
            made_at, due_at
        ) VALUES (
            :task_id, :seq, 'progress', :user_id, :token_id, :url, :endpoint, :state,
            :progress, :now, :due_at
        )
        """,
        task_id=task_id,
        seq=row["version"],
        user_id=row["user_id"],
        token_id=row["token_id"],
        url=row["hook_url"],
        endpoint=endpoint(row["hook_url"]),
        state=row["state"],
        progress=row["progress"],
        now=now,
        due_at=now + PROGRESS_PAUSE if waiting is None else waiting["due_at"],
    )


async def enqueue_asked(tx: Transaction, task: Task, url: str, now: int) -> None:
    """Tell an address that was given later how the task stands, once."""
    await _insert(tx, task._replace(hook_url=url), "asked", now)


async def _insert(tx: Transaction, task: Task, kind: str, now: int) -> None:
    await tx.run(
        """
        INSERT INTO outbox (
            task_id, seq, kind, user_id, token_id, url, endpoint, state, progress, reason,
            fail_text, made_at, due_at
        ) VALUES (
            :task_id, :seq, :kind, :user_id, :token_id, :url, :endpoint, :state, :progress,
            :reason, :fail_text, :now,
            COALESCE((
                SELECT MAX(due_at) FROM outbox
                WHERE task_id = :task_id AND url = :url AND status = 'due' AND tries > 0
                AND lease_until <= :now
            ), :now)
        ) ON CONFLICT DO NOTHING
        """,
        task_id=task.id,
        seq=task.version,
        kind=kind,
        user_id=task.user_id,
        token_id=task.token_id,
        url=task.hook_url,
        endpoint=endpoint(task.hook_url),
        state=task.state,
        progress=task.progress,
        reason=task.reason,
        fail_text=task.fail_text,
        now=now,
    )


async def _give_way(tx: Transaction, task: Task, *, final: bool, now: int) -> None:
    """
    Progress goes when anything newer comes; before the final one, all that has failed once.

    What was waiting behind them need not wait any more.
    """
    await tx.run(
        """
        UPDATE outbox SET status = 'dropped', done_at = :now
        WHERE task_id = :id AND seq < :seq AND status = 'due' AND lease_until <= :now
        AND (kind = 'progress' OR (:final = 1 AND tries > 0))
        """,
        id=task.id,
        seq=task.version,
        final=int(final),
        now=now,
    )
    if final:
        await tx.run(
            """
            UPDATE outbox SET due_at = :now
            WHERE task_id = :id AND status = 'due' AND lease_until <= :now AND due_at > :now
            """,
            id=task.id,
            now=now,
        )


async def due_receivers(reader: Reader, now: int) -> list[tuple[str, int]]:
    """Receivers for which something is due, and how much; who has waited longest comes first."""
    rows = await reader.rows(
        """
        SELECT endpoint, COUNT(*) AS due FROM outbox WHERE status = 'due' AND due_at <= :now
        GROUP BY endpoint ORDER BY MIN(due_at)
        """,
        now=now,
    )
    return [(row["endpoint"], row["due"]) for row in rows]


async def claim(
    tx: Transaction, places: Sequence[tuple[str, int]], *, now: int, until: int
) -> list[Event]:
    """
    Take what is due, up to so many rows for each receiver: of a task only the first in order.

    The rows are due again at `until`, should whoever claimed them die.
    """
    claimed: list[Event] = []
    for name, limit in places:
        rows = await tx.rows(
            """
            SELECT * FROM outbox o
            WHERE o.endpoint = :endpoint AND o.status = 'due' AND o.due_at <= :now
            AND NOT EXISTS (
                SELECT 1 FROM outbox e
                WHERE e.task_id = o.task_id AND e.url = o.url AND e.status = 'due'
                AND (e.seq < o.seq OR (e.seq = o.seq AND e.kind > o.kind))
            )
            ORDER BY o.due_at LIMIT :limit FOR UPDATE SKIP LOCKED
            """,
            endpoint=name,
            now=now,
            limit=limit,
        )
        claimed += [_event(row) for row in rows]
    await tx.many(
        """
        UPDATE outbox SET tries = tries + 1, due_at = :until, lease_until = :until
        WHERE task_id = :task_id AND seq = :seq AND kind = :kind
        """,
        [{"until": until} | key(event.id) for event in claimed],
    )
    return claimed


async def secrets(reader: Reader, events: Sequence[Event]) -> dict[int, str]:
    """By key, the sealed secrets that sign its events: the key's own, else its user's."""
    rows = await reader.rows(
        """
        SELECT t.id, t.hook_secret_enc AS own, u.hook_secret_enc AS usual
        FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.id IN each(:ids)
        """,
        ids=list({event.token_id for event in events}),
    )
    return {int(row["id"]): row["own"] or row["usual"] for row in rows}


def key(event: EventId) -> dict[str, int | str]:
    """The columns that name an event."""
    return {"task_id": event.task_id, "seq": event.seq, "kind": event.kind}


def _event(row: Row) -> Event:
    return Event(
        id=EventId(row["task_id"], row["seq"], row["kind"]),
        user_id=row["user_id"],
        token_id=row["token_id"],
        url=row["url"],
        endpoint=row["endpoint"],
        state=State(row["state"]),
        progress=row["progress"],
        reason=row["reason"],
        fail_text=row["fail_text"],
        made_at=row["made_at"],
        tries=row["tries"] + 1,
    )
