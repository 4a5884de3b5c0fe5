"""Open lines to channels: what was looked up a moment ago, so that a busy channel costs little."""

from dataclasses import dataclass
from typing import Final

from mjgate.domain.channel import Channel
from mjgate.domain.clock import SECOND
from mjgate.providers import Provider
from mjgate.upstream import Endpoint

REMEMBER: Final = 1 * SECOND


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
