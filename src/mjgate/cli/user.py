"""`mjgate user`: the people who may use the gateway, and their money."""

from dataclasses import asdict
from typing import Annotated

import typer

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk, secret
from mjgate.cli.terminal import answer, pairs, say, suggest, table, tell
from mjgate.domain.account import Role
from mjgate.manage import Desk, people, users
from mjgate.store import accounts as rows
from mjgate.store.people import Person

commands = typer.Typer()

Name = Annotated[str, typer.Argument(help="The user's name.", show_default=False)]

Reference = Annotated[
    str, typer.Option(help="An invoice number, say; one counts only once.", show_default=False)
]


@commands.command()
@placed
def create(
    place: Place,
    name: Name,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="May manage everything.")] = False,
    quota: Annotated[int, typer.Option(help="Units to begin with; 500,000 are 1.00.")] = 0,
    group: Annotated[str, typer.Option(help="Price group.")] = "default",
    password: Annotated[
        str | None,
        typer.Option(
            help="A password, - for standard input (MJGATE_USER_PASSWORD); else a random one.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a user. Access token and password are shown this once."""
    wanted = users.NewUser(
        username=name,
        role=Role.ADMIN if admin else Role.USER,
        group=group,
        quota=quota,
        password=secret(password, "MJGATE_USER_PASSWORD"),
    )

    async def work(desk: Desk) -> users.MadeUser:
        return await users.create_user(desk, wanted)

    made = at_desk("user create", place, work)
    if as_json:
        answer(asdict(made))
        return
    say(f"Made the {made.role} {made.username} (id {made.id}) with {made.quota:,} units.", "bold")
    pairs({"access token": made.access_token, "password": made.password})
    say("Both are shown this once. Next, a key for the API:")
    suggest(place.command("token", "create", "--user", made.username))


@commands.command("list")
@placed
def list_(place: Place, *, as_json: Json = False) -> None:
    """Show every user with his balance."""

    async def work(desk: Desk) -> list[rows.User]:
        return await rows.users(desk.store.reader)

    found = at_desk("user list", place, work)
    if as_json:
        answer({"users": [asdict(user) for user in found]})
        return
    table(
        ("id", "name", "role", "enabled", "balance", "held", "spent", "running"),
        [
            (u.id, u.username, u.role.value, u.enabled, u.balance, u.held, u.spent, u.running)
            for u in found
        ],
    )


@commands.command()
@placed
def topup(
    place: Place,
    name: Name,
    units: Annotated[int, typer.Argument(help="Units to add; 500,000 are 1.00.")],
    *,
    reference: Reference = "",
    as_json: Json = False,
) -> None:
    """Give a user money."""

    async def work(desk: Desk) -> tuple[int, int]:
        return await users.topup(desk, name, units, reference=reference)

    user_id, quota = at_desk("user topup", place, work)
    facts = {"id": user_id, "quota": quota}
    tell(facts, f"{name} now has {quota:,} units.", as_json=as_json)


@commands.command(context_settings={"ignore_unknown_options": True})  # -30 is a number
@placed
def adjust(
    place: Place,
    name: Name,
    units: Annotated[int, typer.Argument(help="Units to add; below 0 to take away what is free.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the audit.", show_default=False)],
    reference: Reference = "",
    as_json: Json = False,
) -> None:
    """Put a user's balance right."""

    async def work(desk: Desk) -> tuple[int, int]:
        return await people.adjust(desk, name, units, reason=reason, reference=reference)

    user_id, quota = at_desk("user adjust", place, work)
    facts = {"id": user_id, "quota": quota}
    tell(facts, f"{name} now has {quota:,} units.", as_json=as_json)


@commands.command()
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


@commands.command()
@placed
def enable(place: Place, name: Name, *, as_json: Json = False) -> None:
    """Let a user in again."""
    _switch("enable", name, place, as_json=as_json)


@commands.command()
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
    facts = {"id": user.id, "username": user.username, "status": status}
    tell(facts, f"{user.username} is {status}.", as_json=as_json)
