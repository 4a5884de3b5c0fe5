"""`mjgate migrate`: the database, made or brought up to date."""

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_new_desk
from mjgate.cli.terminal import answer, say, suggest
from mjgate.manage import Desk


@placed
def migrate(place: Place, *, as_json: Json = False) -> None:
    """Make the database, or bring it up to date."""
    settings = place.load()
    where = at_new_desk("migrate", place, settings, _where)
    if as_json:
        answer({"ok": True, "database": where})
        return
    say(f"The database at {where} is up to date.")
    say("Next, somebody to use it:")
    suggest(place.command("user", "create", "NAME"))


async def _where(desk: Desk) -> str:
    return desk.store.where
