"""Channels, and the choice among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mjgate.domain.action import Action, Bot, Mode


class ChannelStatus(StrEnum):
    """Whether a channel takes new work."""

    ENABLED = "enabled"
    DISABLED = "disabled"  # still serves follow-ups of its own tasks
    DRAINING = "draining"  # the same, on its way out


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a channel is in one mode."""

    running: int
    max_running: int
    busy_until: int = 0  # epoch milliseconds

    @property
    def full(self) -> bool:
        """Whether no slot is free."""
        return self.running >= self.max_running

    @property
    def share(self) -> float:
        """How much of it is taken, 0 to 1."""
        return self.running / self.max_running if self.max_running else 1.0


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
    without: frozenset[int] = frozenset()  # channels that already said no


@dataclass(frozen=True, slots=True)
class Choice:
    """The channels to try now, best first, and how many could ever take the task."""

    ready: tuple[Channel, ...]
    enabled: int  # would take it, were they whole and a slot free
    whole: int  # of those, the ones that are not broken
    configured: int  # could take it, were they enabled
    why: str = ""


def choose(need: Need, channels: Sequence[Channel], loads: Loads, now: int) -> Choice:
    """Rank the channels that may take `need`: highest priority first, then least loaded."""
    able = [channel for channel in channels if _able(channel, need)]
    enabled = [
        channel
        for channel in able
        if channel.status is ChannelStatus.ENABLED and channel.id not in need.without
    ]
    whole = [each for each in enabled if not each.broken_times or each.broken_until <= now]
    ready = [
        channel
        for channel in whole
        if (load := loads.get(channel.id, {}).get(need.mode)) is not None
        and not load.full
        and load.busy_until <= now
    ]
    ready.sort(
        key=lambda channel: (-channel.priority, loads[channel.id][need.mode].share, channel.id)
    )
    why = f"{len(able)} able, {len(enabled)} enabled, {len(ready)} with a free slot"
    return Choice(tuple(ready), len(enabled), len(whole), len(able), why)


def _able(channel: Channel, need: Need) -> bool:
    return (
        need.mode in channel.loads
        and (not channel.actions or need.action in channel.actions)
        and (not channel.groups or need.group in channel.groups)
        and (not need.instance_id or need.instance_id == channel.instance_id)
    )
