"""`mjgate maintenance`: take no new tasks for a while; what runs goes on."""

import typer

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk
from mjgate.cli.terminal import tell
from mjgate.manage import Desk, tuning

commands = typer.Typer()


@commands.command()
@placed
def on(place: Place, *, as_json: Json = False) -> None:
    """Answer submits with 503; in force within a second, on every node."""
    _set(True, place, as_json=as_json)  # noqa: FBT003  on


@commands.command()
@placed
def off(place: Place, *, as_json: Json = False) -> None:
    """Take tasks again."""
    _set(False, place, as_json=as_json)  # noqa: FBT003  off


def _set(value: bool, place: Place, *, as_json: bool) -> None:
    word = "on" if value else "off"

    async def work(desk: Desk) -> int:
        return await tuning.set_setting(desk, "maintenance", value)

    at_desk(f"maintenance {word}", place, work)
    tell({"maintenance": value}, f"Maintenance is {word}.", as_json=as_json)
