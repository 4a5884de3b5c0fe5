"""Upscales are pressed once: the same button with the same `state` names the first task."""

from mjgate.domain.task import Task
from mjgate.store.columns import from_row
from mjgate.store.database import Reader, Transaction


async def press(tx: Transaction, task: Task) -> None:
    """Note it. ConstraintBroken `an_upscale_is_pressed_once` when it was pressed before."""
    await tx.run(
        """
        INSERT INTO pressed_once (parent_id, custom_id, caller_state, task_id)
        VALUES (:parent_id, :custom_id, :caller_state, :task_id)
        """,
        parent_id=task.parent_id,
        custom_id=task.custom_id,
        caller_state=task.caller_state,
        task_id=task.id,
    )


async def forget(tx: Transaction, task: Task) -> None:
    """The press came to nothing: the button is free again."""
    await tx.run(
        """
        DELETE FROM pressed_once
        WHERE parent_id = :parent_id AND custom_id = :custom_id
        AND caller_state = :caller_state AND task_id = :task_id
        """,
        parent_id=task.parent_id,
        custom_id=task.custom_id,
        caller_state=task.caller_state,
        task_id=task.id,
    )


async def first(reader: Reader, task: Task) -> Task | None:
    """The task that pressed the button first."""
    row = await reader.row(
        """
        SELECT t.* FROM pressed_once p JOIN tasks t ON t.id = p.task_id
        WHERE p.parent_id = :parent_id AND p.custom_id = :custom_id
        AND p.caller_state = :caller_state AND t.user_id = :user_id
        """,
        parent_id=task.parent_id,
        custom_id=task.custom_id,
        caller_state=task.caller_state,
        user_id=task.user_id,
    )
    return None if row is None else from_row(row)
