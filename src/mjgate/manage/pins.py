"""What must never go, whatever the settings of retention say."""

from mjgate.manage import Desk, NoSuch
from mjgate.store import retention, tasks
from mjgate.store.database import Transaction


async def pin(desk: Desk, task_id: str, *, on: bool) -> None:
    """Pin the results of a task, or no more. NoSuch."""
    number = tasks.parse_id(task_id)
    task = None if number is None else await tasks.by_id(desk.store.reader, number)
    if task is None:
        raise NoSuch("task", task_id)
    await desk.store.write(_pin, desk, task.id, on=on)


async def _pin(tx: Transaction, desk: Desk, task_id: int, *, on: bool) -> None:
    if on:
        await retention.pin(tx, task_id, desk.clock.now())
    else:
        await retention.unpin(tx, task_id)
    act = "task pinned" if on else "task unpinned"
    await desk.audit(tx, act, f"task {task_id}")
