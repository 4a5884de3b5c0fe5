"""What is to happen to a task at a certain time, unless something else happens first."""

from enum import StrEnum

from mjgate.store.database import Reader, Transaction


class Kind(StrEnum):
    """What a timer ends."""

    WINDOW = "window"  # the client's time to confirm


async def start(tx: Transaction, task_id: int, kind: Kind, due_at: int) -> None:
    """Set the timer, in place of one of its kind."""
    await tx.run(
        """
        INSERT INTO timers (task_id, kind, due_at) VALUES (:task_id, :kind, :due_at)
        ON CONFLICT (task_id, kind) DO UPDATE SET due_at = excluded.due_at
        """,
        task_id=task_id,
        kind=kind,
        due_at=due_at,
    )


async def stop(tx: Transaction, task_id: int, kind: Kind) -> None:
    """Take the timer away."""
    await tx.run(
        "DELETE FROM timers WHERE task_id = :task_id AND kind = :kind", task_id=task_id, kind=kind
    )


async def due(reader: Reader, kind: Kind, now: int) -> list[int]:
    """The tasks whose timer has run out."""
    rows = await reader.rows(
        "SELECT task_id FROM timers WHERE due_at <= :now AND kind = :kind LIMIT 500",
        now=now,
        kind=kind,
    )
    return [row["task_id"] for row in rows]
