"""What was looked up a moment ago is not looked up again: a change is in force within a second."""

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from mjgate.domain.clock import SECOND

K = TypeVar("K")
T = TypeVar("T")

REMEMBER: Final = 1 * SECOND
"""A change made anywhere is in force within this time."""


class Moment(Generic[T]):
    """A value that is looked up again when a second has passed."""

    def __init__(self) -> None:
        self._kept: tuple[int, T] | None = None

    def forget(self) -> None:
        """Look it up again next time: it has just been changed here."""
        self._kept = None

    async def value(self, now: int, look_up: Callable[[], Awaitable[T]]) -> T:
        """The value, looked up if it is not fresh."""
        if self._kept is None or self._kept[0] <= now:
            self._kept = now + REMEMBER, await look_up()
        return self._kept[1]


class Moments(Generic[K, T]):
    """Values by key, each good for a second."""

    MOST: Final = 10_000

    def __init__(self) -> None:
        self._kept: dict[K, tuple[int, T]] = {}

    def get(self, key: K, now: int) -> T | None:
        """The value, if it was found a moment ago."""
        found = self._kept.get(key)
        return found[1] if found is not None and found[0] > now else None

    def keep(self, key: K, value: T, now: int) -> T:
        """Remember the value for a second from now, or from when the key was first kept."""
        if len(self._kept) >= self.MOST:
            self._kept.clear()
        found = self._kept.get(key)
        until = found[0] if found is not None and found[0] > now else now + REMEMBER
        self._kept[key] = until, value
        return value

    def forget(self) -> None:
        """Look all of them up again."""
        self._kept.clear()
