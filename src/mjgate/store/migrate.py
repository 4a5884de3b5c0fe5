"""
Bringing the schema up to date: numbered files of plain SQL, forward only.

`0001_name.sql` is for both engines, its type words translated; `0001_name.sqlite.sql` and
`0001_name.postgresql.sql` beside it follow as they are. Each migration is one transaction, under
a lock, so any number of processes may start at once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from mjgate.store.database import Database, DatabaseUnusable, Reader, Transaction
from mjgate.store.engines.words import COUNT_TABLES, with_types

MIGRATIONS: Final = files("mjgate.store") / "migrations"

_FILE: Final = re.compile(r"(?P<number>\d{4})_(?P<name>\w+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """A step of the schema: what both engines run, then what this one runs besides."""

    number: int
    name: str
    common: str
    own: str


async def migrate(
    db: Database, now: int, *, source: Traversable = MIGRATIONS
) -> Sequence[Migration]:
    """Apply what is missing, noting `now` as its time; returns what was applied by us."""
    steps = await missing(db, source=source)
    return [step for step in steps if await db.write(_apply, db, step, now)]


async def missing(db: Database, *, source: Traversable = MIGRATIONS) -> Sequence[Migration]:
    """What `migrate` would apply; refuses a database that is newer than this program."""
    known = load(source, db.engine)
    done = await _done(db.reader, db)
    if done and max(done) > known[-1].number:
        raise DatabaseUnusable(
            f"{db.where} was made by a newer mjgate (its schema is {max(done)}, this one knows "
            f"{known[-1].number}); start that version, or bring back a backup from before"
        )
    return [step for step in known if step.number not in done]


def load(source: Traversable, engine: str) -> Sequence[Migration]:
    """The migrations of a directory, in their order."""
    texts = {file.name: file for file in source.iterdir()}
    return [
        Migration(
            number=int(found["number"]),
            name=found["name"],
            common=texts[name].read_text("utf-8"),
            own=texts[companion].read_text("utf-8") if companion in texts else "",
        )
        for name in sorted(texts)
        if (found := _FILE.fullmatch(name))
        for companion in [f"{found['number']}_{found['name']}.{engine}.sql"]
    ]


async def _apply(tx: Transaction, db: Database, step: Migration, now: int) -> bool:
    """Apply the step, unless somebody has done so before we had the lock."""
    await tx.lock_all()
    if step.number in await _done(tx, db):
        return False
    await tx.script(with_types(step.common, db.engine))
    if step.own:
        await tx.script(step.own)
    await tx.run(
        """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL
        )
        """
    )
    await tx.run(
        """
        INSERT INTO schema_migrations (number, name, applied_at) VALUES (:number, :name, :now)
        """,
        number=step.number,
        name=step.name,
        now=now,
    )
    return True


async def _done(reader: Reader, db: Database) -> set[int]:
    """The numbers of the steps that were applied; refuses what another program keeps there."""
    known = await reader.row(COUNT_TABLES[db.engine], name="schema_migrations", column="applied_at")
    if known is None or not known["found"]:
        if known is not None and known["tables"]:
            raise DatabaseUnusable(
                f"{db.where} holds tables of another program; mjgate wants a database of its own"
            )
        return set()
    rows = await reader.rows("SELECT number FROM schema_migrations")
    return {row["number"] for row in rows}
