"""What tasks of a kind usually take on a channel, as our own latest successes say."""

from statistics import median
from typing import Final

from mjgate.domain.action import Action, Mode
from mjgate.domain.clock import SECOND
from mjgate.lifecycle import Gateway
from mjgate.store import tasks

REMEMBER: Final = 10 * SECOND


async def usual(gateway: Gateway, channel_id: int, action: Action, mode: Mode) -> int | None:
    """The median of the last 200, from sent to seen finished, in ms; None before the first."""
    kind, now = (channel_id, action, mode), gateway.clock.now()
    kept = gateway.usual.get(kind)
    if kept is not None and kept[0] > now:
        return kept[1]
    took = await tasks.durations(gateway.store.reader, channel_id, action, mode)
    found = int(median(took)) if took else None
    gateway.usual[kind] = now + REMEMBER, found
    return found
