"""`mjgate user`: the people who may use the gateway, and their money."""

from dataclasses import asdict
from typing import Annotated

import typer

from mjgate.cli import accounts
from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk, secret
from mjgate.cli.terminal import answer, pairs, say, suggest, table
from mjgate.domain.account import Role
from mjgate.manage import Desk, users
from mjgate.store import accounts as rows

commands = typer.Typer()
commands.command("password")(accounts.password)
commands.command("disable")(accounts.disable)
commands.command("enable")(accounts.enable)

Name = Annotated[str, typer.Argument(help="The user's name.", show_default=False)]


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
    reference: Annotated[
        str, typer.Option(help="An invoice number, say; one counts only once.", show_default=False)
    ] = "",
    as_json: Json = False,
) -> None:
    """Give a user money."""

    async def work(desk: Desk) -> tuple[int, int]:
        return await users.topup(desk, name, units, reference=reference)

    user_id, quota = at_desk("user topup", place, work)
    if as_json:
        answer({"id": user_id, "quota": quota})
        return
    say(f"{name} now has {quota:,} units.")
