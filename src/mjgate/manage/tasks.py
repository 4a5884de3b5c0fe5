"""What an admin does to a task: ending it, giving money back, and having it looked at now."""

from dataclasses import dataclass

from mjgate.domain.task import State, Task
from mjgate.manage import BadValue, Desk, Prevented, checks
from mjgate.store import follow, refunds, tasks
from mjgate.store.database import ConstraintBroken, Transaction

REASON_MOST = 200


@dataclass(frozen=True, slots=True)
class Refund:
    """What was given back."""

    task_id: int
    amount: int


async def refund(
    desk: Desk, task: Task, *, reason: str, amount: int | None = None, reference: str = ""
) -> Refund:
    """
    Give back what was paid, or a part of it, with a reason; once, also when it was long ago.

    BadValue, Prevented, Taken.
    """
    checks.text(reason, field="reason", least=1, most=REASON_MOST)
    if amount is not None:
        checks.amount(amount, field="amount")
    checks.reference(reference)
    return await desk.store.write(_refund, desk, task.id, amount, reason, reference)


async def cancelled(desk: Desk, task: Task, was: State) -> None:
    """Write down that somebody else than its owner cancelled it."""
    await desk.store.write(_cancelled, desk, task, was)


async def refresh(desk: Desk, task: Task) -> None:
    """Have the follower look at it now. Prevented where there is nothing to look at."""
    await desk.store.write(_refresh, desk, task)


async def _refund(
    tx: Transaction, desk: Desk, task_id: int, amount: int | None, reason: str, reference: str
) -> Refund:
    task = await tasks.locked(tx, task_id)
    if task is not None and task.refunded:
        raise Prevented("This task was refunded before.", field="mj_id")
    paid = 0 if task is None else refunds.left(task)
    if task is None or not paid:
        raise Prevented(
            "Nothing was paid for this task: it was released, is free, or still runs.",
            field="mj_id",
        )
    given = paid if amount is None else amount
    if given > paid:
        raise BadValue(f"Only {paid} units were paid for this task.", field="amount")
    try:
        await refunds.refund(
            tx,
            task,
            given,
            actor=desk.actor,
            reason=reason,
            now=desk.clock.now(),
            reference=reference or None,
        )
    except ConstraintBroken as broken:
        raise checks.used_before(broken, reference) from None
    await desk.audit(
        tx,
        "task refunded",
        f"task {task_id}",
        before={"paid": paid},
        after={"refunded": given, "reason": reason, "reference": reference},
    )
    return Refund(task_id, given)


async def _cancelled(tx: Transaction, desk: Desk, task: Task, was: State) -> None:
    before, after = {"state": was}, {"state": task.state}
    await desk.audit(tx, "task cancelled", f"task {task.id}", before=before, after=after)


async def _refresh(tx: Transaction, desk: Desk, task: Task) -> None:
    if not await follow.follows(tx, task.id):
        raise Prevented(f"There is nothing to look at: the task is {task.state}.", field="mj_id")
    await follow.hasten(tx, task.id, desk.clock.now())
    await desk.audit(tx, "task refreshed", f"task {task.id}")
