"""How many calls a process may have under way to one channel, for looks of every kind."""

import asyncio
from typing import Final

IN_FLIGHT: Final = 2


class Turns:
    """One semaphore for each channel."""

    def __init__(self) -> None:
        self._of: dict[int, asyncio.Semaphore] = {}

    def of(self, channel_id: int) -> asyncio.Semaphore:
        """Held during each call to the channel."""
        return self._of.setdefault(channel_id, asyncio.Semaphore(IN_FLIGHT))
