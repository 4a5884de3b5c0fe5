"""What is counted of a task: that it was accepted, how it ended, and how long it took."""

from mjgate.domain.clock import SECOND
from mjgate.domain.task import State, Task
from mjgate.metrics import Metrics


def count(metrics: Metrics, task: Task) -> None:
    """Count a task that was made or has ended; it is committed."""
    if task.version == 1:
        metrics.accepted(task.action, task.mode)
    if not task.state.final:
        return
    metrics.ended(task.state, task.reason if task.state is not State.SUCCESS else "")
    if task.state is State.SUCCESS and task.finish_at is not None:
        metrics.delivered(task.action, task.mode, (task.finish_at - task.submit_at) / SECOND)
