"""What `mjgate channel` does to a channel that is there: its service, its key and its proxy."""

from typing import Annotated

import typer

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk, secret
from mjgate.cli.terminal import Failure, tell
from mjgate.domain.channel import Channel, ChannelStatus
from mjgate.manage import Desk, channel_changes, channels
from mjgate.manage.proxies import shown_proxy

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
