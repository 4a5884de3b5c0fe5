"""Time as the gateway counts it: whole milliseconds since 1970, UTC."""

import time
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Tells the time; tests bring one that they can set."""

    def now(self) -> int:
        """Milliseconds since 1970."""
        ...


class SystemClock:
    """The machine's own clock, moved by what a shared database says of it."""

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset

    def now(self) -> int:
        """Milliseconds since 1970, in the time of the database."""
        return time.time_ns() // 1_000_000 + self.offset
