"""What `mjgate channel` does to a channel that is there: service, keys, limits and proxy."""

from dataclasses import asdict
from typing import Annotated

import typer

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk, listed, secret
from mjgate.cli.terminal import Failure, answer, table, tell
from mjgate.domain.action import Mode
from mjgate.domain.channel import Channel, ChannelStatus
from mjgate.manage import Desk, channel_changes, channels, credentials
from mjgate.manage.proxies import shown_proxy
from mjgate.store.channel_edits import Held, Limits

Which = Annotated[str, typer.Argument(help="The channel's name or id.", show_default=False)]
Key = Annotated[
    str | None,
    typer.Option(
        "--secret",
        help="Its key, - for standard input (MJGATE_CHANNEL_SECRET or …_FILE).",
        show_default=False,
    ),
]
ProxyUrl = Annotated[
    str | None,
    typer.Option(
        "--proxy",
        help="Its proxy, - for standard input (MJGATE_CHANNEL_PROXY or …_FILE).",
        show_default=False,
    ),
]


def key_given(typed: str | None, command: str) -> str:
    """The key as typed, from standard input, the environment or a file. Failure without one."""
    found = secret(typed, "MJGATE_CHANNEL_SECRET")
    if not found:
        raise Failure(
            "A channel needs its key: --secret - reads it from standard input, and"
            " MJGATE_CHANNEL_SECRET_FILE from a file.",
            f"mjgate channel {command} --help",
            code=2,
        )
    return found


def proxy_given(typed: str | None) -> str:
    """The address as typed, from standard input, the environment or a file; empty: none."""
    return secret(typed, "MJGATE_CHANNEL_PROXY")


@placed
def enable(place: Place, which: Which, *, as_json: Json = False) -> None:
    """Let a channel take new work."""
    _set_status("enable", place, which, ChannelStatus.ENABLED, as_json=as_json)


@placed
def disable(place: Place, which: Which, *, as_json: Json = False) -> None:
    """Give a channel no new work; what it began goes on."""
    _set_status("disable", place, which, ChannelStatus.DISABLED, as_json=as_json)


@placed
def drain(
    place: Place,
    which: Which,
    *,
    delete: Annotated[
        bool, typer.Option("--delete", help="Take it away when its last task has ended.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Give a channel no new work because it is on its way out."""

    async def work(desk: Desk) -> tuple[Channel, str]:
        channel = await channels.set_status(desk, which, ChannelStatus.DRAINING)
        gone = delete and await channel_changes.delete_channel(desk, channel.id, drain=True)
        return channel, "deleted" if gone else ChannelStatus.DRAINING.value

    channel, status = at_desk("channel drain", place, work)
    _tell_status(channel, status, as_json=as_json)


@placed
def set_secret(place: Place, which: Which, *, key: Key = None, as_json: Json = False) -> None:
    """Give a channel another key. What runs goes on with the one it began with."""
    wanted = key_given(key, "set-secret")

    async def work(desk: Desk) -> Channel:
        return await channel_changes.set_secret(desk, which, wanted)

    channel = at_desk("channel set-secret", place, work)
    facts = {"id": channel.id, "name": channel.name}
    tell(facts, f"Channel {channel.name} is opened with the new key from now on.", as_json=as_json)


@placed
def secrets(place: Place, which: Which, *, as_json: Json = False) -> None:
    """Show the keys of a channel by their last characters, and how many tasks need each."""

    async def work(desk: Desk) -> tuple[Channel, list[Held]]:
        return await credentials.held(desk, which)

    channel, found = at_desk("channel secrets", place, work)
    if as_json:
        answer({"id": channel.id, "name": channel.name, "secrets": [asdict(key) for key in found]})
        return
    table(
        ("id", "key", "is", "tasks"),
        [
            (key.id, f"****{key.tail}", "retired" if key.retired_at else "present", key.tasks)
            for key in found
        ],
    )


@placed
def drop_secret(
    place: Place,
    which: Which,
    secret_id: Annotated[int, typer.Argument(metavar="ID", help="The key's id, as listed.")],
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also while tasks need it; those fail, and cost nothing."),
    ] = False,
    as_json: Json = False,
) -> None:
    """End a retired key of a channel for good; what it began is no longer followed up."""

    async def work(desk: Desk) -> Channel:
        return await credentials.end(desk, which, secret_id, force=force)

    channel = at_desk("channel drop-secret", place, work)
    facts = {"id": channel.id, "name": channel.name, "dropped": secret_id}
    tell(facts, f"Key {secret_id} of channel {channel.name} is forgotten.", as_json=as_json)


@placed
def set_proxy(place: Place, which: Which, *, url: ProxyUrl = None, as_json: Json = False) -> None:
    """Reach a channel through a proxy (http or socks5), or without one when none is given."""
    typed = proxy_given(url)

    async def work(desk: Desk) -> tuple[Channel, str]:
        channel = await channels.set_proxy(desk, which, typed)
        return channel, shown_proxy(desk, channel)

    channel, shown = at_desk("channel proxy", place, work)
    facts = {"id": channel.id, "name": channel.name, "proxy": shown}
    through = shown or "no proxy"
    tell(facts, f"Channel {channel.name} is reached through {through}.", as_json=as_json)


@placed
def limit(
    place: Place,
    which: Which,
    *,
    modes: Annotated[
        list[str] | None,
        typer.Option(help="FAST,RELAX,TURBO; all that it offers, unless said.", show_default=False),
    ] = None,
    max_running: Annotated[
        int | None, typer.Option(help="Tasks at a time in each mode.", show_default=False)
    ] = None,
    max_waiting: Annotated[
        int | None, typer.Option(help="Tasks that may wait in each mode.", show_default=False)
    ] = None,
    submit_gap: Annotated[
        int | None, typer.Option(help="Milliseconds between two submits.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Change the limits of a channel's modes, and show them. What is not said stays."""
    said = {"max_running": max_running, "max_waiting": max_waiting, "submit_gap": submit_gap}
    named = {name: number for name, number in said.items() if number is not None}

    async def work(desk: Desk) -> tuple[Channel, dict[Mode, Limits]]:
        return await channel_changes.change_limits(desk, which, listed(modes), named)

    channel, found = at_desk("channel limit", place, work)
    if as_json:
        limits = {mode.value: asdict(each) for mode, each in found.items()}
        answer({"id": channel.id, "name": channel.name, "modes": limits})
        return
    table(
        ("mode", "running", "waiting", "gap in ms"),
        [
            (mode.value, each.max_running, each.max_waiting, each.submit_gap)
            for mode, each in found.items()
        ],
    )


def _set_status(
    verb: str, place: Place, which: str, status: ChannelStatus, *, as_json: bool
) -> None:
    async def work(desk: Desk) -> Channel:
        return await channels.set_status(desk, which, status)

    channel = at_desk(f"channel {verb}", place, work)
    _tell_status(channel, status.value, as_json=as_json)


def _tell_status(channel: Channel, status: str, *, as_json: bool) -> None:
    facts = {"id": channel.id, "name": channel.name, "status": status}
    tell(facts, f"Channel {channel.name} is {status}.", as_json=as_json)
