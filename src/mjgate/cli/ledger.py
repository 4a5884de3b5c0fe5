"""`mjgate ledger`: whether the books balance."""

import typer

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk
from mjgate.cli.terminal import Failure, answer, note, say
from mjgate.manage import Desk
from mjgate.store import ledger

commands = typer.Typer()


@commands.callback()
def noun() -> None:
    """A noun, also while it has one command."""


@commands.command()
@placed
def check(place: Place, *, as_json: Json = False) -> None:
    """Compare every account with the rows that explain it, and name what is broken."""

    async def work(desk: Desk) -> ledger.Audit:
        return await ledger.check(desk.store.reader)

    found = at_desk("ledger check", place, work)
    ok = not found.broken
    if as_json:
        answer({"ok": ok, "users": found.users, "tasks": found.tasks, "broken": list(found.broken)})
    elif ok:
        say(f"The books balance: {found.users:,} users, {found.tasks:,} tasks.")
    else:
        for line in found.broken:
            note(line)
        raise Failure(
            f"The books do not balance: {len(found.broken)} places.",
            place.command("ledger", "check", "--json"),
        )
    if not ok:
        raise typer.Exit(1)
