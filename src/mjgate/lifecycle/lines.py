"""A line to a channel: all that is needed to speak with it."""

from dataclasses import dataclass

from mjgate.domain.channel import Channel
from mjgate.providers import Provider
from mjgate.upstream import Endpoint


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
