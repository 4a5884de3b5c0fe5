"""Giving back what was paid: a row of the ledger, an event, and the accounts; no state changes."""

import json

from mjgate.domain.task import Task
from mjgate.store import ledger, tally
from mjgate.store.books import Delta, shift
from mjgate.store.database import Reader, Transaction


async def paid(reader: Reader, task: Task) -> int:
    """How much of the task's present hold was paid; 0 when it was released or is still open."""
    row = await reader.row(
        """
        SELECT amount FROM ledger
        WHERE task_id = :task_id AND hold_no = :hold_no AND kind = 'settle'
        """,
        task_id=task.id,
        hold_no=task.hold_no,
    )
    return 0 if row is None else int(row["amount"])


async def refund(
    tx: Transaction, task: Task, amount: int, *, actor: str, reason: str, now: int
) -> None:
    """
    Give back `amount` of what was paid for a task that is locked; once for each hold.

    ConstraintBroken `a_hold_is_made_settled_released_once` when it was done before.
    """
    await ledger.give_back(tx, task, amount, now)
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
