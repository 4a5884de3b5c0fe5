"""Hurry: what a client waits for is looked at sooner. Asking for it is all that a client does."""

from mjgate.lifecycle import Gateway
from mjgate.store import follow


async def hurry(gateway: Gateway) -> bool:
    """Bring forward the looks at tasks that were asked for since the last time."""
    if gateway.waiting:
        asked = sorted(gateway.waiting)
        gateway.waiting.clear()
        await gateway.store.write(follow.hurry, asked)
    return False
