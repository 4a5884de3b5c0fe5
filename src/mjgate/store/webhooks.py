"""The outbox: what clients are still to be told. A row names the moment; the body comes later."""

from mjgate.domain.task import Edge, Task
from mjgate.store.database import Transaction


async def enqueue(tx: Transaction, task: Task, edge: Edge, now: int, *, announced: bool) -> None:
    """Write the rows of a move; `announced` if the client knew before it that a channel has it."""
    for hook in edge.tells(announced=announced, quiet=task.quiet):
        await tx.run(
            """
            INSERT INTO outbox (task_id, seq, kind, url, state, progress, fail_text, due_at)
            VALUES (:task_id, :seq, :kind, :url, :state, :progress, :fail_text, :due_at)
            """,
            task_id=task.id,
            seq=task.version,
            kind=hook,
            url=task.hook_url,
            state=task.state,
            progress=task.progress,
            fail_text=task.fail_text,
            due_at=now,
        )
