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

from mjgate.store.database import Database, DatabaseUnusable, Transaction
from mjgate.store.engines.words import with_types

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
    known = load(source, db.engine)
    newest = known[-1].number
    done = await db.write(_done, db, newest)
    missing = [step for step in known if step.number not in done]
    return [step for step in missing if await db.write(_apply, db, step, newest, now)]


async def missing(db: Database, *, source: Traversable = MIGRATIONS) -> Sequence[Migration]:
    """What `migrate` would apply; only looks."""
    known = load(source, db.engine)
    table = await db.reader.row(
        "SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'"
        if db.engine == "sqlite"
        else "SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL"
    )
    if table is None:
        return known
    done = {row["number"] for row in await db.reader.rows("SELECT number FROM schema_migrations")}
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


async def _apply(tx: Transaction, db: Database, step: Migration, newest: int, now: int) -> bool:
    if step.number in await _done(tx, db, newest):
        return False
    await tx.script(with_types(step.common, db.engine))
    if step.own:
        await tx.script(step.own)
    await tx.run(
        """
        INSERT INTO schema_migrations (number, name, applied_at) VALUES (:number, :name, :now)
        """,
        number=step.number,
        name=step.name,
        now=now,
    )
    return True


async def _done(tx: Transaction, db: Database, newest: int) -> set[int]:
    """The numbers that were applied, read under the lock that keeps others from adding to them."""
    await tx.lock_all()
    await tx.run(
        """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL
        )
        """
    )
    done: set[int] = {
        row["number"] for row in await tx.rows("SELECT number FROM schema_migrations")
    }
    if done and max(done) > newest:
        message = (
            f"{db.where} was made by a newer mjgate (its schema is {max(done)}, this one knows "
            f"{newest}); start that version, or bring back a backup from before"
        )
        raise DatabaseUnusable(message)
    return done
