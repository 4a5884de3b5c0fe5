"""The outbox: what clients are still to be told. A row names the moment; the body comes later."""

from mjgate.domain.task import Edge, Hook, Task
from mjgate.store.database import Transaction


async def enqueue(tx: Transaction, task: Task, edge: Edge, now: int, *, announced: bool) -> None:
    """Write the rows of a move: SUBMITTED unless `announced`, no end for a quiet refusal."""
    for hook in edge.hooks:
        if (hook is Hook.SUBMITTED and announced) or (hook is Hook.FINAL and task.quiet):
            continue
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
