"""Notice: an upstream says that something changed. It is a hint: we look, and believe the look."""

import logging

from mjgate.lifecycle import Gateway
from mjgate.store import attempts, follow
from mjgate.store.database import Transaction

log = logging.getLogger(__name__)


async def noticed(gateway: Gateway, task_id: int, attempt: int, named: str) -> None:
    """
    Look at the task now, or for the job that was `named` while nobody knows its id.

    An attempt that is over, because another channel has the task, concerns nobody: it is kept for
    the admin, since the work may have been done twice.
    """
    now = gateway.clock.now()
    if not await gateway.store.write(_heard, task_id, attempt, named, now):
        told = {"task": task_id, "attempt": attempt, "named": named}
        log.warning("a notice for an attempt that is over", extra=told)


async def _heard(tx: Transaction, task_id: int, attempt: int, named: str, now: int) -> bool:
    if not await attempts.heeds(tx, task_id, attempt, named):
        await attempts.late(tx, task_id, attempt, named, now)
        return False
    if named:
        await attempts.hint(tx, task_id, attempt, named)
    await follow.hasten(tx, task_id, now)
    return True
