"""Adding up what was counted, in small parts and by one process at a time."""

from functools import partial

from mjgate.domain import day
from mjgate.lifecycle import Gateway
from mjgate.store import tally


async def fold(gateway: Gateway) -> bool:
    """Add up some of the notes, and make the words of new prompts known. True if there are more."""
    if not await tally.pending(gateway.store.reader):
        return False
    day_of = partial(day.begin, zone=gateway.zone)
    added = await gateway.store.write(tally.fold, gateway.node, gateway.clock.now(), day_of)
    return added >= tally.BATCH
