"""Channels, and the choice among them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mjgate.domain.action import Action, Bot, Mode


class ChannelStatus(StrEnum):
    """Whether a channel takes new work."""

    ENABLED = "enabled"
    DISABLED = "disabled"  # still serves follow-ups of its own tasks
    DRAINING = "draining"  # the same, on its way out


class Strategy(StrEnum):
    """How one is chosen among channels of the same priority."""

    LEAST_LOADED = "least_loaded"
    WEIGHTED = "weighted"
    ROUND_ROBIN = "round_robin"


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a channel is in one mode. Times are epoch milliseconds."""

    running: int
    max_running: int
    busy_until: int = 0
    max_waiting: int = 0
    next_submit_at: int = 0
    submit_gap: int = 0  # milliseconds between two submits

    @property
    def full(self) -> bool:
        """Whether no slot is free."""
        return self.running >= self.max_running

    @property
    def share(self) -> float:
        """How much of it is taken, 0 to 1."""
        return self.running / self.max_running if self.max_running else 1.0

    def free(self, now: int) -> bool:
        """Whether it may be given a task now."""
        return not (self.full or self.busy_until > now or self.next_submit_at > now)

    def with_one_more(self, now: int) -> "Load":
        """As it will be once a task is given to it."""
        return replace(self, running=self.running + 1, next_submit_at=now + self.submit_gap)


SHUT: Final = 2**62
"""A broken channel's `broken_until` for as long as no look has shown that it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One configured account at a provider. Empty sets mean: all."""

    id: int
    instance_id: str
    name: str
    provider: str
    base_url: str
    options: dict[str, str] = field(default_factory=dict[str, str])
    actions: frozenset[Action] = frozenset()
    groups: frozenset[str] = frozenset()
    priority: int = 0
    weight: int = 1
    status: ChannelStatus = ChannelStatus.ENABLED
    proxy_enc: str = field(default="", repr=False)  # its proxy's address, encrypted
    broken_until: int = 0  # epoch milliseconds; from then on one submit at a time may try it
    broken_times: int = 0  # 0: it works
    loads: dict[Mode, Load] = field(default_factory=dict[Mode, Load])

    def shut(self, now: int) -> bool:
        """Whether it is broken, and no submit may try it now."""
        return self.broken_times > 0 and self.broken_until > now

    @property
    def down(self) -> bool:
        """Whether it is broken, and not even tried: no look has shown yet that it answers."""
        return self.broken_times > 0 and self.broken_until >= SHUT


Loads = Mapping[int, Mapping[Mode, Load]]
"""How busy each channel is, by its id and mode, as it stands now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a task asks of a channel."""

    action: Action
    mode: Mode
    group: str
    bot: Bot = Bot.MID_JOURNEY
    instance_id: str = ""
    prefers: frozenset[str] = frozenset()  # options that had better be on, and the channel's name
    without: frozenset[int] = frozenset()  # channels that already said no


@dataclass(frozen=True, slots=True)
class Choice:
    """The channels to try now, best first, and how many could ever take the task."""

    ready: tuple[Channel, ...]
    enabled: tuple[Channel, ...]  # would take it, were they whole and a slot free
    whole: int  # of those, the ones that are not down
    configured: int  # could take it, were they enabled
    why: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to choose among equals: `chance` draws from 0 to 1, `latest` says who had the last."""

    strategy: Strategy = Strategy.LEAST_LOADED
    chance: Callable[[], float] = lambda: 0.0
    latest: Mapping[int, int] = field(default_factory=dict[int, int])


TOLD: Final = 20
"""How many channels the reason of a choice names."""


def choose(
    need: Need, channels: Sequence[Channel], loads: Loads, now: int, manner: Manner | None = None
) -> Choice:
    """Rank who may take `need`: by priority, then by what it prefers, then in the manner given."""
    manner = manner or Manner()
    able = [channel for channel in channels if able_to(channel, need)]
    enabled = [
        channel
        for channel in able
        if channel.status is ChannelStatus.ENABLED and channel.id not in need.without
    ]
    passed = {each.id: _passed(each, loads, need, now) for each in able}
    ready = [channel for channel in enabled if not passed[channel.id]]
    rank = _RANKS[manner.strategy]
    ready.sort(
        key=lambda channel: (
            -channel.priority,
            -_liking(channel, need),
            rank(channel, loads[channel.id][need.mode], manner),
            channel.id,
        )
    )
    why = {
        "strategy": manner.strategy.value,
        "tier": ready[0].priority if ready else None,
        "ready": [channel.id for channel in ready][:TOLD],
        "passed": dict([(str(key), word) for key, word in passed.items() if word][:TOLD]),
    }
    whole = sum(not each.down for each in enabled)
    return Choice(tuple(ready), tuple(enabled), whole, len(able), why)


def able_to(channel: Channel, need: Need) -> bool:
    """Whether it offers what is needed to who needs it, whatever its state."""
    return (
        need.mode in channel.loads
        and (not channel.actions or need.action in channel.actions)
        and (not channel.groups or need.group in channel.groups)
        and (not need.instance_id or need.instance_id == channel.instance_id)
    )


def _passed(channel: Channel, loads: Loads, need: Need, now: int) -> str:
    """Why it is passed over now; nothing if it is not."""
    load = loads.get(channel.id, {}).get(need.mode)
    reasons = {
        "said no": channel.id in need.without,
        channel.status.value: channel.status is not ChannelStatus.ENABLED,
        "broken": channel.shut(now),
        "full": load is None or load.full,
        "resting": load is not None and load.busy_until > now,
        "too soon": load is not None and load.next_submit_at > now,
    }
    return next((word for word, holds in reasons.items() if holds), "")


def _liking(channel: Channel, need: Need) -> int:
    """How much of what is preferred it has; what it lacks excludes it from nothing."""
    return sum(channel.options.get(word) == "on" or channel.name == word for word in need.prefers)


def _least_loaded(channel: Channel, load: Load, manner: Manner) -> float:
    del channel, manner
    return load.share


def _weighted(channel: Channel, load: Load, manner: Manner) -> float:
    """Of waits with these rates the shortest belongs to each as often as its weight says."""
    del load
    return -math.log(1 - manner.chance()) / channel.weight


def _round_robin(channel: Channel, load: Load, manner: Manner) -> float:
    del load
    return manner.latest.get(channel.id, 0)


_RANKS: Final[Mapping[Strategy, Callable[[Channel, Load, Manner], float]]] = MappingProxyType(
    {
        Strategy.LEAST_LOADED: _least_loaded,
        Strategy.WEIGHTED: _weighted,
        Strategy.ROUND_ROBIN: _round_robin,
    }
)


def eta(ahead: int, slots: int, usual: int) -> int:
    """
    In how many milliseconds a task that waits will be done, judging by what such tasks take.

    With `slots` running at all times one is free every `usual / slots`; it takes the turn after
    those `ahead` of it, and then as long as they.
    """
    return (ahead + 1) * usual // max(slots, 1) + usual
