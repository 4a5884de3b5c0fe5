"""Giving back what was paid: a row of the ledger, an event, and the accounts; no state changes."""

import json

from mjgate.domain.task import Task
from mjgate.store import ledger, tally
from mjgate.store.books import Delta, shift
from mjgate.store.database import Transaction


def left(task: Task) -> int:
    """What was paid for a task and may go back: once, however long ago, whole or in part."""
    return 0 if task.refunded else task.settled


async def refund(
    tx: Transaction,
    task: Task,
    amount: int,
    *,
    actor: str,
    reason: str,
    now: int,
    reference: str | None = None,
) -> None:
    """Give back `amount` of what is left of a task that is locked. ConstraintBroken."""
    await ledger.give_back(tx, task, amount, now, reference=reference)
    await tx.run(
        "UPDATE tasks SET version = version + 1, refunded = refunded + :amount WHERE id = :id",
        id=task.id,
        amount=amount,
    )
    await tally.refunded(tx, task, amount)
    await tx.run(
        """
        INSERT INTO events (task_id, seq, at, kind, actor, data)
        VALUES (:task_id, :seq, :at, 'refund', :actor, :data)
        """,
        task_id=task.id,
        seq=task.version + 1,
        at=now,
        actor=actor,
        data=json.dumps({"amount": amount, "reason": reason}, ensure_ascii=False),
    )
    delta = Delta(balance=amount, spent=-amount)
    await shift(tx, task, delta, before=None, after=None, now=now)
    tx.touch(task.id)
