"""Counts by day, user, channel, action, mode and outcome: deltas now, folded later."""

from mjgate.domain.task import State, Task
from mjgate.store.database import Transaction


async def accepted(tx: Transaction, task: Task, now: int) -> None:
    """Count a task that was accepted."""
    await _append(tx, task, "ACCEPTED", 0, now)


async def finished(tx: Transaction, task: Task, now: int) -> None:
    """Count how a task ended, and what it cost."""
    cost = task.price if task.state is State.SUCCESS and not task.rescued else 0
    await _append(tx, task, task.state, cost, now)


async def _append(tx: Transaction, task: Task, outcome: str, quota: int, now: int) -> None:
    await tx.run(
        """
        INSERT INTO tally_delta (at, user_id, channel_id, action, mode, outcome, count, quota)
        VALUES (:at, :user_id, :channel_id, :action, :mode, :outcome, 1, :quota)
        """,
        at=now,
        user_id=task.user_id,
        channel_id=task.channel_id,
        action=task.action,
        mode=task.mode,
        outcome=outcome,
        quota=quota,
    )
