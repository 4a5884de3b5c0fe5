"""
What follows when a key, a user or a channel is taken away.

Waiting tasks of a key that opens nothing any more are cancelled and released; a channel that
leaves goes after its last task. Found by looking, so that it does not matter who took it away.
"""

from typing import Final

from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.finish import fail
from mjgate.store import barred, channel_edits, settings, tasks
from mjgate.store.database import Transaction

BATCH: Final = 100


async def cancel_barred(gateway: Gateway) -> bool:
    """Cancel what waits in vain; whether there may be more."""
    found = await barred.waiting_without_a_key(gateway.store.reader, BATCH)
    for task in (await tasks.by_ids(gateway.store.reader, found)).values():
        await fail(gateway, task, FailReason.CANCELLED, actor="sweeper", still=State.QUEUED)
    return len(found) == BATCH


async def leave(gateway: Gateway) -> bool:
    """Take away the channels that leave and have nothing more to do."""
    for channel_id in await channel_edits.leaving(gateway.store.reader):
        await gateway.store.write(_leave, channel_id, gateway.clock.now())
    return False


async def _leave(tx: Transaction, channel_id: int, now: int) -> None:
    if channel_id not in await channel_edits.leaving(tx):
        return
    if await channel_edits.open_tasks(tx, channel_id):
        return
    await channel_edits.delete(tx, channel_id, now)
    await settings.audit(
        tx,
        actor="sweeper",
        act="channel deleted",
        subject=f"channel {channel_id}",
        now=now,
    )
