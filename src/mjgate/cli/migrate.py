"""`mjgate migrate`: the database, made or brought up to date."""

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_new_desk
from mjgate.cli.terminal import answer, say, suggest
from mjgate.manage import Desk
from mjgate.store import accounts


@placed
def migrate(place: Place, *, as_json: Json = False) -> None:
    """Make the database, or bring it up to date."""
    settings = place.load()
    where, used = at_new_desk("migrate", place, settings, _looked)
    if as_json:
        answer({"ok": True, "database": where})
        return
    say(f"The database at {where} is up to date.")
    if not used:
        say("Next, somebody to use it:")
        suggest(place.command("user", "create", "NAME"))


async def _looked(desk: Desk) -> tuple[str, bool]:
    """Where the database is, and whether it has users."""
    return desk.store.where, await accounts.any_user(desk.store.reader)
