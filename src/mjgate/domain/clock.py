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
    """The machine's own clock; `skew` makes it wrong by so many milliseconds, for tests."""

    def __init__(self, skew: int = 0) -> None:
        self.skew = skew

    def now(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000 + self.skew


class SharedClock:
    """The time of a database that many share: a machine's clock, and how far it is behind."""

    def __init__(self, machine: Clock, offset: int) -> None:
        self._machine = machine
        self.offset = offset

    def now(self) -> int:
        """Milliseconds since 1970, as every node tells them."""
        return self._machine.now() + self.offset
