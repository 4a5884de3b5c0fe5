"""`mjgate user password`, `enable` and `disable`: for who has no browser, or no way in."""

from typing import Annotated

import typer

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk, secret
from mjgate.cli.terminal import answer, pairs, say
from mjgate.manage import Desk, people
from mjgate.store.people import Person

Name = Annotated[str, typer.Argument(help="The user's name.", show_default=False)]


@placed
def password(
    place: Place,
    name: Name,
    *,
    typed: Annotated[
        str | None,
        typer.Option(
            "--password",
            help="A password, - for standard input (MJGATE_USER_PASSWORD); else a random one,"
            " good for a day and to be changed at once.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Give a user a new password. It ends his sessions."""
    wanted = secret(typed, "MJGATE_USER_PASSWORD")

    async def work(desk: Desk) -> tuple[Person, str]:
        return await people.set_password(desk, name, wanted)

    user, chosen = at_desk("user password", place, work)
    if as_json:
        answer({"id": user.id, "username": user.username, "password": chosen})
        return
    say(f"{user.username} has a new password. It is shown this once:", "bold")
    pairs({"password": chosen})


@placed
def enable(place: Place, name: Name, *, as_json: Json = False) -> None:
    """Let a user in again."""
    _switch("enable", name, place, as_json=as_json)


@placed
def disable(place: Place, name: Name, *, as_json: Json = False) -> None:
    """Keep a user out: his keys and sessions open nothing, what waits is cancelled."""
    _switch("disable", name, place, as_json=as_json)


def _switch(verb: str, name: str, place: Place, *, as_json: bool) -> None:
    enabled = verb == "enable"

    async def work(desk: Desk) -> Person:
        return await people.change_user(desk, name, {"enabled": enabled})

    user = at_desk(f"user {verb}", place, work)
    status = "enabled" if user.enabled else "disabled"
    if as_json:
        answer({"id": user.id, "username": user.username, "status": status})
        return
    say(f"{user.username} is {status}.")
