"""Channels: adding them, letting them take work or not, and trying them."""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from mjgate.domain.action import Action, Mode
from mjgate.domain.address import PUBLIC, Origin
from mjgate.domain.channel import Channel, ChannelStatus
from mjgate.domain.clock import HOUR
from mjgate.domain.errors import BadAddress
from mjgate.domain.ourselves import same_place
from mjgate.keys import Purpose
from mjgate.manage import BadValue, Desk, NoSuch, checks
from mjgate.manage.proxies import sealed_proxy, shown_proxy
from mjgate.providers import PROVIDERS, Provider
from mjgate.store import channel_edits, channels
from mjgate.store.channel_edits import Limits
from mjgate.store.database import ConstraintBroken, Reader, Transaction

_SECRET: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")
_PRIORITY_MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChannel:
    """A channel to be added. Empty modes, actions and groups mean all."""

    name: str
    provider: str
    base_url: str
    secret: str
    modes: Iterable[str] = ()
    actions: Iterable[str] = ()
    groups: Iterable[str] = ()
    max_running: int = 10  # of each mode
    max_waiting: int = 1_000
    submit_gap: int = 0  # milliseconds
    priority: int = 0
    weight: int = 1
    proxy: str = field(default="", repr=False)
    options: Mapping[str, str]
    limits: Mapping[Mode, Limits] = field(default_factory=dict[Mode, Limits])  # of single modes


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeChannel:
    """A channel that was added."""

    id: int
    name: str
    instance_id: str


async def add_channel(
    desk: Desk, wanted: NewChannel, *, ourselves: str | None = None
) -> MadeChannel:
    """Add a channel; `ourselves` is the address it must not lead to. BadValue, Taken."""
    checks.name(wanted.name)
    provider = provider_of(wanted.provider)
    checks.count(wanted.max_running, field="max_running")
    checks.count(wanted.max_waiting, field="max_waiting")
    gap(wanted.submit_gap, field="submit_gap")
    rank(wanted.priority, wanted.weight)
    channel = Channel(
        id=0,
        instance_id=str(uuid.uuid4()),
        name=wanted.name,
        provider=wanted.provider,
        base_url=base_url(wanted.base_url, ourselves=ourselves),
        options=options(provider, wanted.options),
        actions=checks.words(Action, wanted.actions, field="actions"),
        groups=frozenset(checks.name(group, field="groups") for group in wanted.groups),
        priority=wanted.priority,
        weight=wanted.weight,
        proxy_enc=sealed_proxy(desk, wanted.proxy),
    )
    modes = sorted(checks.words(Mode, wanted.modes, field="modes") or frozenset(Mode))
    channel_id = await desk.store.write(
        _add, desk, wanted, channel, modes, sealed(desk, wanted.secret)
    )
    return MadeChannel(id=channel_id, name=channel.name, instance_id=channel.instance_id)


async def set_status(desk: Desk, name: str | int, status: ChannelStatus) -> Channel:
    """Let a channel, known by name or id, take new work or not. NoSuch."""
    return await desk.store.write(_set_status, desk, name, status)


async def move_channel(desk: Desk, name: str, *, to: str, secret: str) -> Channel:
    """Reach a channel at another address with another key. BadValue, NoSuch."""
    return await desk.store.write(_move, desk, name, base_url(to), sealed(desk, secret))


async def set_proxy(desk: Desk, name: str, proxy: str) -> Channel:
    """Reach a channel through a proxy from now on, or (empty) without one. BadValue, NoSuch."""
    return await desk.store.write(_set_proxy, desk, name, sealed_proxy(desk, proxy))


async def found(reader: Reader, name: str | int) -> Channel:
    """The channel of that id, or of that name; a number in a text may be either. NoSuch."""
    if isinstance(name, int):
        channel = await channels.present(reader, name)
        name = str(name)
    else:
        channel = await channels.named(reader, name)
    if channel is None and name.isdecimal() and len(name) < 16:  # noqa: PLR2004  ids are 64 bits
        channel = await channels.present(reader, int(name))
    if channel is None:
        raise NoSuch("channel", name)
    return channel


def base_url(text: str, *, ourselves: str | None = None) -> str:
    """The address that paths are put behind, in its one plain form. BadValue."""
    try:
        origin = Origin.of(text)
        target = PUBLIC.beside(origin).check(text)
    except BadAddress as wrong:
        raise BadValue(
            f"The base URL cannot be used. {wrong.description}", field="base_url"
        ) from None
    if any(sign in text for sign in "?#"):
        raise BadValue("The base URL must end before any ? or #.", field="base_url")
    if ourselves and same_place(origin, Origin.of(ourselves)):
        raise BadValue("The base URL leads to this gateway itself.", field="base_url")
    return re.sub(r"(/+mj)*/*$", "", target.url)


def sealed(desk: Desk, secret: str) -> tuple[str, str]:
    """A channel's key as it is kept: encrypted, and its tail for people. BadValue."""
    if not _SECRET.fullmatch(secret):
        raise BadValue(
            "The secret must be 1 to 4096 visible ASCII characters, without blanks.", field="secret"
        )
    tail = secret[-4:] if len(secret) >= 12 else ""  # noqa: PLR2004  of a short one it would tell too much
    return desk.keys.encrypt(Purpose.CHANNEL, secret), tail


def provider_of(name: str) -> Provider:
    """The row of the provider of that name. BadValue."""
    provider = PROVIDERS.get(name)
    if provider is None:
        raise BadValue(checks.unknown(name, PROVIDERS, "provider"), field="provider")
    return provider


def options(provider: Provider, given: Mapping[str, str]) -> dict[str, str]:
    """The choices of the provider's row that were made. BadValue."""
    for name, value in given.items():
        known = provider.options.get(name)
        if known is None:
            raise BadValue(checks.unknown(name, provider.options, "option"), field="options")
        if known.values and value not in known.values:
            raise BadValue(checks.unknown(value, known.values, f"option {name}="), field="options")
        if not known.values and not _NUMBER.fullmatch(value):
            raise BadValue(f"option {name}= must be a number from 1 to 9999.", field="options")
    return dict(given)


def rank(priority: int, weight: int) -> None:
    """Where a channel stands among others. BadValue."""
    checks.count(weight, field="weight")
    if not -_PRIORITY_MOST <= priority <= _PRIORITY_MOST:
        raise BadValue(
            f"priority must be between -{_PRIORITY_MOST:,} and {_PRIORITY_MOST:,}.",
            field="priority",
        )


def gap(milliseconds: int, *, field: str) -> int:
    """The time between two submits. BadValue."""
    if not 0 <= milliseconds <= HOUR:
        raise BadValue(f"submit_gap is in milliseconds: take 0 to {HOUR:,}.", field=field)
    return milliseconds


async def _add(
    tx: Transaction,
    desk: Desk,
    wanted: NewChannel,
    channel: Channel,
    modes: list[Mode],
    secret: tuple[str, str],
) -> int:
    now = desk.clock.now()
    try:
        channel_id = await channels.add(
            tx,
            channel,
            modes=modes,
            max_running=wanted.max_running,
            max_waiting=wanted.max_waiting,
            now=now,
        )
    except ConstraintBroken as broken:
        raise checks.name_taken(broken, channel.name) from None
    usual = Limits(wanted.max_running, wanted.max_waiting, wanted.submit_gap)
    limits = wanted.limits or dict.fromkeys(modes, usual)
    await channel_edits.write_limits(tx, channel_id, limits)
    secret_enc, tail = secret
    await channels.add_credential(
        tx, channel_id, secret_enc=secret_enc, tail=tail, key_id=desk.keys.current.id, now=now
    )
    await desk.audit(tx, "channel added", f"channel {channel_id}", after=told(channel, limits))
    return channel_id


def told(channel: Channel, modes: Mapping[Mode, Limits]) -> dict[str, object]:
    """What the audit keeps of a channel: all but its keys."""
    return {
        "name": channel.name,
        "provider": channel.provider,
        "base_url": channel.base_url,
        "options": channel.options,
        "modes": {mode: asdict(each) for mode, each in modes.items()},
        "actions": sorted(channel.actions),
        "groups": sorted(channel.groups),
        "priority": channel.priority,
        "weight": channel.weight,
        "proxy": bool(channel.proxy_enc),
    }


async def _set_status(
    tx: Transaction, desk: Desk, name: str | int, status: ChannelStatus
) -> Channel:
    channel = await found(tx, name)
    await channels.set_status(tx, channel.id, status)
    await channel_edits.stay(tx, channel.id)
    await desk.audit(
        tx,
        f"channel {status}",
        f"channel {channel.id}",
        before={"status": channel.status},
        after={"status": status},
    )
    return replace(channel, status=status)


async def _set_proxy(tx: Transaction, desk: Desk, name: str, proxy_enc: str) -> Channel:
    before = await found(tx, name)
    channel = replace(before, proxy_enc=proxy_enc)
    await channels.set_proxy(tx, channel.id, proxy_enc)
    await desk.audit(
        tx,
        "channel proxy set" if proxy_enc else "channel proxy removed",
        f"channel {channel.id}",
        before={"proxy": shown_proxy(desk, before)},
        after={"proxy": shown_proxy(desk, channel)},
    )
    return channel


async def _move(
    tx: Transaction, desk: Desk, name: str, address: str, secret: tuple[str, str]
) -> Channel:
    channel = await found(tx, name)
    secret_enc, tail = secret
    await channels.set_base_url(tx, channel.id, address)
    await channels.add_credential(
        tx,
        channel.id,
        secret_enc=secret_enc,
        tail=tail,
        key_id=desk.keys.current.id,
        now=desk.clock.now(),
    )
    await desk.audit(
        tx,
        "channel moved",
        f"channel {channel.id}",
        before={"base_url": channel.base_url},
        after={"base_url": address},
    )
    return channel
