"""Channels that are there: changing what they offer, giving them another key, taking them away."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from mjgate.domain.action import Action, Mode
from mjgate.domain.channel import Channel
from mjgate.manage import BadValue, Desk, Prevented, checks
from mjgate.manage.channels import base_url, found, gap, options, provider_of, rank, sealed, told
from mjgate.manage.people import differences
from mjgate.manage.proxies import sealed_proxy
from mjgate.store import channel_edits, channels
from mjgate.store.channel_edits import Limits
from mjgate.store.database import ConstraintBroken, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a channel shall be, checked; what is None stays."""

    values: Mapping[str, Any]
    limits: Mapping[Mode, Limits] | None
    secret: tuple[str, str] | None  # encrypted, and its tail


async def change_channel(
    desk: Desk, which: str | int, changes: Mapping[str, Any], *, ourselves: str | None = None
) -> Channel:
    """Change what is named; how it then is. BadValue, NoSuch, Taken, Prevented."""
    channel = await found(desk.store.reader, which)
    change = _checked(desk, channel, changes, ourselves)
    return await desk.store.write(_change, desk, channel.id, change)


async def set_secret(desk: Desk, which: str | int, secret: str) -> Channel:
    """
    Reach a channel with another key; tasks that run go on with the one they began with.

    BadValue, NoSuch.
    """
    change = Change(values={}, limits=None, secret=sealed(desk, secret))
    channel = await found(desk.store.reader, which)
    return await desk.store.write(_change, desk, channel.id, change)


async def change_limits(
    desk: Desk, which: str | int, modes: Sequence[str], named: Mapping[str, int]
) -> tuple[Channel, dict[Mode, Limits]]:
    """
    Change some limits of some modes, of all that it offers where none is said; how all are then.

    BadValue, NoSuch.
    """
    channel = await found(desk.store.reader, which)
    offered = (await channel_edits.limits(desk.store.reader)).get(channel.id, {})
    chosen = checks.words(Mode, modes, field="modes") or frozenset(offered)
    if not chosen <= set(offered):
        raise BadValue(f"The channel offers {', '.join(offered)}.", field="modes")
    wanted = {mode.value: asdict(each) for mode, each in offered.items()}
    for mode in chosen:
        wanted[mode] |= named
    if named:
        await change_channel(desk, channel.id, {"modes": wanted})
    return channel, limits(wanted)


async def delete_channel(desk: Desk, which: str | int, *, drain: bool = False) -> bool:
    """
    Take a channel away; True if it is gone.

    One that still has tasks is left alone, or with `drain` gets no new ones and goes after the
    last of them. NoSuch, Prevented.
    """
    channel = await found(desk.store.reader, which)
    return await desk.store.write(_delete, desk, channel.id, drain=drain)


def limits(given: Mapping[str, Mapping[str, int]]) -> dict[Mode, Limits]:
    """Modes with their limits. BadValue."""
    wanted: dict[Mode, Limits] = {}
    for name, each in given.items():
        mode = checks.word(Mode, name, field="modes")
        running, waiting = each.get("max_running", 10), each.get("max_waiting", 1_000)
        checks.count(running, field=f"modes.{mode}.max_running")
        checks.count(waiting, field=f"modes.{mode}.max_waiting")
        between = gap(each.get("submit_gap", 0), field=f"modes.{mode}.submit_gap")
        wanted[mode] = Limits(running, waiting, between)
    if not wanted:
        raise BadValue("A channel offers at least one mode.", field="modes")
    return wanted


def _checked(
    desk: Desk, channel: Channel, changes: Mapping[str, Any], ourselves: str | None
) -> Change:
    provider = provider_of(channel.provider)
    checked: dict[str, Callable[[Any], object]] = {
        "name": lambda text: text if text == channel.name else checks.name(text),
        "base_url": lambda text: base_url(text, ourselves=ourselves),
        "options": lambda given: options(provider, given),
        "actions": lambda words: checks.words(Action, words, field="actions"),
        "groups": lambda names: frozenset(checks.name(each, field="groups") for each in names),
        "priority": int,
        "weight": int,
        "proxy": lambda text: sealed_proxy(desk, text),
    }
    values: dict[str, Any] = {
        name: read(changes[name]) for name, read in checked.items() if name in changes
    }
    rank(values.get("priority", channel.priority), values.get("weight", channel.weight))
    if "proxy" in values:
        values["proxy_enc"] = values.pop("proxy")
    return Change(
        values=values,
        limits=limits(changes["modes"]) if "modes" in changes else None,
        secret=sealed(desk, changes["secret"]) if "secret" in changes else None,
    )


async def _change(tx: Transaction, desk: Desk, channel_id: int, change: Change) -> Channel:
    before, now = await found(tx, channel_id), desk.clock.now()
    was = told(before, (await channel_edits.limits(tx)).get(channel_id, {}))
    after = replace(before, **change.values)
    try:
        await channel_edits.write(tx, after)
    except ConstraintBroken as broken:
        raise checks.name_taken(broken, after.name) from None
    if change.limits is not None:
        await _limit(tx, channel_id, change.limits)
    if change.secret is not None:
        sealed_secret, tail = change.secret
        await channels.add_credential(
            tx, channel_id, secret_enc=sealed_secret, tail=tail,
            key_id=desk.keys.current.id, now=now,
        )  # fmt: skip
    said = differences(was, told(after, (await channel_edits.limits(tx)).get(channel_id, {})))
    if change.secret is not None:
        said["after"]["secret"] = f"****{change.secret[1]}"
    await desk.audit(tx, "channel changed", f"channel {channel_id}", **said)
    return after


async def _limit(tx: Transaction, channel_id: int, wanted: Mapping[Mode, Limits]) -> None:
    busy = await channel_edits.write_limits(tx, channel_id, wanted)
    if busy:
        names = ", ".join(busy)
        raise Prevented(f"Tasks run in mode {names}; wait until they have ended.", field="modes")


async def _delete(tx: Transaction, desk: Desk, channel_id: int, *, drain: bool) -> bool:
    channel = await found(tx, channel_id)
    now, open_tasks = desk.clock.now(), await channel_edits.open_tasks(tx, channel_id)
    if open_tasks and not drain:
        raise Prevented(
            f"{open_tasks} tasks of this channel have not ended; with drain=1 it gets no new ones"
            " and goes after the last.",
            field="drain",
        )
    if open_tasks:
        await channel_edits.want_gone(tx, channel_id)
    else:
        await channel_edits.delete(tx, channel_id, now)
    await desk.audit(
        tx,
        "channel leaving" if open_tasks else "channel deleted",
        f"channel {channel_id}",
        before={"name": channel.name, "status": channel.status},
        after={"open_tasks": open_tasks},
    )
    return not open_tasks
