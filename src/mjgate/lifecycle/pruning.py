"""How long tasks, their events and rows of the ledger are kept: for ever, unless settings say."""

import logging

from mjgate.domain.clock import DAY
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.settings import in_force
from mjgate.store import pruning
from mjgate.store.pruning import BATCH

log = logging.getLogger(__name__)


async def prune(gateway: Gateway) -> bool:
    """Let go a part of what the settings do not keep any longer. True if there may be more."""
    settings, now = await in_force(gateway), gateway.clock.now()
    gone = [0]
    if settings.task_days:
        gone.append(await _tasks(gateway, now - settings.task_days * DAY, now))
    if settings.event_days:
        gone.append(await _events(gateway, now - settings.event_days * DAY))
    if settings.ledger_days:
        gone.append(await _ledger(gateway, now - settings.ledger_days * DAY))
    if any(gone):
        log.info("what is old was let go", extra={"rows": sum(gone)})
    return max(gone) >= BATCH


async def _tasks(gateway: Gateway, before: int, now: int) -> int:
    ids = await pruning.old_tasks(gateway.store.reader, before)
    if ids:
        await gateway.store.write(pruning.drop_tasks, ids, now)
    return len(ids)


async def _events(gateway: Gateway, before: int) -> int:
    ids = await pruning.old_events(gateway.store.reader, before)
    if ids:
        await gateway.store.write(pruning.drop_events, ids, before)
    return len(ids)


async def _ledger(gateway: Gateway, before: int) -> int:
    """Rows of tasks, and of what users were given."""
    reader, write = gateway.store.reader, gateway.store.write
    entries = await pruning.old_entries(reader, before) or await pruning.old_refunds(reader, before)
    if entries:
        await write(pruning.fold_entries, entries)
    gifts = await pruning.old_gifts(reader, before)
    if gifts:
        await write(pruning.fold_gifts, gifts)
    return max(len(entries), len(gifts))
