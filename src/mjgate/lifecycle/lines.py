"""What was looked up a moment ago: lines to channels, and what seldom changes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from mjgate.domain.channel import Channel
from mjgate.domain.clock import SECOND
from mjgate.providers import Provider
from mjgate.upstream import Endpoint

T = TypeVar("T")

REMEMBER: Final = 1 * SECOND
"""A change made anywhere is in force within this time."""


@dataclass(frozen=True, slots=True)
class Line:
    """A channel, its provider's dialect, and where and with which key to reach it."""

    channel: Channel
    provider: Provider
    endpoint: Endpoint

    @property
    def names(self) -> tuple[str, ...]:
        """Words that users must not read."""
        return self.channel.name, self.endpoint.host


class Lines:
    """Lines by channel and key, each good for a second: a change is in force within that."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], tuple[int, Line]] = {}

    def get(self, channel_id: int, credential_id: int, now: int) -> Line | None:
        """The line, if it was looked up a moment ago."""
        found = self._open.get((channel_id, credential_id))
        return found[1] if found is not None and found[0] > now else None

    def keep(self, channel_id: int, credential_id: int, line: Line, now: int) -> Line:
        """Remember the line for a second."""
        self._open[channel_id, credential_id] = now + REMEMBER, line
        return line

    def forget(self) -> None:
        """Look all of them up again."""
        self._open.clear()


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


class Counts:
    """Numbers that are good for a second."""

    MOST: Final = 10_000

    def __init__(self) -> None:
        self._kept: dict[object, tuple[int, int]] = {}

    def get(self, key: object, now: int) -> int | None:
        """The number, if it was found a moment ago."""
        found = self._kept.get(key)
        return found[1] if found is not None and found[0] > now else None

    def keep(self, key: object, number: int, now: int) -> int:
        """Remember the number for a second from now, or from when it was first kept."""
        if len(self._kept) >= self.MOST:
            self._kept.clear()
        found = self._kept.get(key)
        until = found[0] if found is not None and found[0] > now else now + REMEMBER
        self._kept[key] = until, number
        return number
