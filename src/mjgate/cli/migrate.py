"""`mjgate migrate`: the database, made or brought up to date."""

from mjgate.cli.shared import ConfigFile, DatabaseUrl, DataDir, Json, Place, at_new_desk
from mjgate.cli.terminal import answer, say, suggest
from mjgate.manage import Desk


def migrate(
    *,
    as_json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Make the database, or bring it up to date."""
    place = Place(data_dir, database_url, config)
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
