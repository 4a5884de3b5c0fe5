"""`mjgate channel proxy`, and the option that says a channel's proxy."""

from typing import Annotated

import typer

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk, secret
from mjgate.cli.terminal import answer, say
from mjgate.domain.channel import Channel
from mjgate.manage import Desk, channels
from mjgate.manage.proxies import shown_proxy

Which = Annotated[str, typer.Argument(help="The channel's name or id.", show_default=False)]
ProxyUrl = Annotated[
    str | None,
    typer.Option(
        "--proxy",
        help="Its proxy, - for standard input (MJGATE_CHANNEL_PROXY or …_FILE).",
        show_default=False,
    ),
]


def proxy_given(typed: str | None) -> str:
    """The address as typed, from standard input, the environment or a file; empty: none."""
    return secret(typed, "MJGATE_CHANNEL_PROXY")


@placed
def set_proxy(place: Place, which: Which, *, url: ProxyUrl = None, as_json: Json = False) -> None:
    """Reach a channel through a proxy (http or socks5), or without one when none is given."""
    typed = proxy_given(url)

    async def work(desk: Desk) -> tuple[Channel, str]:
        channel = await channels.set_proxy(desk, which, typed)
        return channel, shown_proxy(desk, channel)

    channel, shown = at_desk("channel proxy", place, work)
    if as_json:
        answer({"id": channel.id, "name": channel.name, "proxy": shown})
        return
    say(f"Channel {channel.name} is reached through {shown or 'no proxy'}.")
