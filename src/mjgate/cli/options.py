"""`mjgate config`: every option, its value, and where that came from."""

from dataclasses import asdict

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json
from mjgate.cli.terminal import answer, note, say, table
from mjgate.config.sources import PRECEDENCE, describe


@placed
def config(place: Place, *, as_json: Json = False) -> None:
    """Show every option with its value and where it came from; secrets masked."""
    settings = place.load()
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
