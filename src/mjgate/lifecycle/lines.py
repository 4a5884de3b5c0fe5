"""A line to a channel: all that is needed to speak with it."""

from dataclasses import dataclass
from typing import Final

from mjgate.domain.channel import Channel
from mjgate.providers import Provider
from mjgate.upstream import Endpoint

_KEYS: Final = ("authorization", "mj-api-secret")
_KEY_LEAST: Final = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A channel, its provider's dialect, and where and with which key to reach it."""

    channel: Channel
    provider: Provider
    endpoint: Endpoint

    @property
    def names(self) -> tuple[str, ...]:
        """Words that users must not read."""
        return self.channel.name, self.endpoint.host, *self._keys()

    def _keys(self) -> list[str]:
        """What opens the channel; too short a key is a part of ordinary words."""
        sent = {name.lower(): value for name, value in self.endpoint.headers.items()}
        found = [sent[name].removeprefix("Bearer ") for name in _KEYS if name in sent]
        return [key for key in found if len(key) >= _KEY_LEAST]
