"""`mjgate config`: every option, its value, and where that came from."""

from dataclasses import asdict

from mjgate.cli.shared import ConfigFile, DatabaseUrl, DataDir, Json, Place
from mjgate.cli.terminal import answer, note, say, table
from mjgate.config.sources import PRECEDENCE, describe


def config(
    *,
    as_json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Show every option with its value and where it came from; secrets masked."""
    settings = Place(data_dir, database_url, config).load()
    rows = describe(settings)
    if as_json:
        answer({"options": [asdict(row) for row in rows], "warnings": list(settings.warnings)})
        return
    table(
        ("option", "value", "from"),
        [(row.name, row.value or "none", row.source) for row in rows],
    )
    say(f"The first that says something wins: {', '.join(PRECEDENCE)}.", "dim")
    for sentence in settings.warnings:
        note(sentence, "yellow")
