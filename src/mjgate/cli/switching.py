"""`mjgate channel set-secret` and `drain`."""

from typing import Annotated

import typer

from mjgate.cli.place import Place, placed
from mjgate.cli.proxying import Which
from mjgate.cli.shared import Json, at_desk, secret
from mjgate.cli.terminal import Failure, answer, say
from mjgate.domain.channel import Channel, ChannelStatus
from mjgate.manage import Desk, channel_changes, channels


@placed
def set_secret(
    place: Place,
    which: Which,
    *,
    typed: Annotated[
        str | None,
        typer.Option(
            "--secret",
            help="Its key, - for standard input (MJGATE_CHANNEL_SECRET or …_FILE).",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Give a channel another key. What runs goes on with the one it began with."""
    key = secret(typed, "MJGATE_CHANNEL_SECRET")
    if not key:
        raise Failure(
            "Give the key with --secret -, or in MJGATE_CHANNEL_SECRET_FILE.",
            "mjgate channel set-secret --help",
            code=2,
        )

    async def work(desk: Desk) -> Channel:
        return await channel_changes.set_secret(desk, which, key)

    channel = at_desk("channel set-secret", place, work)
    if as_json:
        answer({"id": channel.id, "name": channel.name})
        return
    say(f"Channel {channel.name} is opened with the new key from now on.")


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

    async def work(desk: Desk) -> tuple[Channel, bool]:
        channel = await channels.set_status(desk, which, ChannelStatus.DRAINING)
        gone = delete and await channel_changes.delete_channel(desk, channel.id, drain=True)
        return channel, gone

    channel, gone = at_desk("channel drain", place, work)
    status = "deleted" if gone else ChannelStatus.DRAINING.value
    if as_json:
        answer({"id": channel.id, "name": channel.name, "status": status})
        return
    say(f"Channel {channel.name} is {status}.")
