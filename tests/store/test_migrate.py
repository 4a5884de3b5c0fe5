import asyncio
from pathlib import Path

import pytest

from mjgate.store.database import Database, DatabaseUnusable
from mjgate.store.engines.words import with_types
from mjgate.store.migrate import MIGRATIONS, load, migrate, missing


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.replace('__', '.')}.sql").write_text(text)
    return folder


async def applied(db: Database) -> list[tuple[object, ...]]:
    rows = await db.reader.rows(
        "SELECT number, name, applied_at FROM schema_migrations ORDER BY number"
    )
    return [tuple(row) for row in rows]


async def test_our_own_schema_is_applied_once_however_many_start(empty_url: str) -> None:
    databases = [await Database.open(empty_url) for _ in range(4)]

    done = await asyncio.gather(*(migrate(db, 7) for db in databases))

    known = load(MIGRATIONS, databases[0].engine)
    assert sorted(step.number for steps in done for step in steps) == [s.number for s in known]
    assert await applied(databases[0]) == [(step.number, step.name, 7) for step in known]
    for db in databases:
        await db.close()


async def test_what_is_missing_is_applied_in_order(empty_url: str, tmp_path: Path) -> None:
    source = write(tmp_path / "steps", **{"0001_one": "CREATE TABLE one (id IDENTITY)"})

    async with await Database.open(empty_url) as db:
        assert [step.number for step in await missing(db, source=source)] == [1]
        first = await migrate(db, 1, source=source)
        write(
            source,
            **{
                "0003_three": "INSERT INTO two (id) VALUES (3);",
                "0002_two": "CREATE TABLE two (id IDENTITY); INSERT INTO one (id) VALUES (1)",
            },
        )
        second = await migrate(db, 2, source=source)
        third = await migrate(db, 3, source=source)
        assert await missing(db, source=source) == []

        assert [[step.name for step in steps] for steps in (first, second, third)] == [
            ["one"],
            ["two", "three"],
            [],
        ]
        assert await applied(db) == [(1, "one", 1), (2, "two", 2), (3, "three", 2)]


async def test_an_engine_gets_its_own_part_after_the_common_one(
    empty_url: str, tmp_path: Path
) -> None:
    source = write(
        tmp_path / "steps",
        **{
            "0001_one": "CREATE TABLE marks (engine TEXT NOT NULL) STRICT",
            "0001_one__sqlite": "INSERT INTO marks (engine) VALUES ('sqlite');",
            "0001_one__postgresql": "INSERT INTO marks (engine) VALUES ('postgresql');",
            "notes": "this is no migration",
        },
    )

    async with await Database.open(empty_url) as db:
        await migrate(db, 1, source=source)

        assert [tuple(row) for row in await db.reader.rows("SELECT engine FROM marks")] == [
            (db.engine,)
        ]


async def test_a_step_that_fails_leaves_nothing_and_the_steps_before_it_stand(
    empty_url: str, tmp_path: Path
) -> None:
    source = write(
        tmp_path / "steps",
        **{
            "0001_good": "CREATE TABLE good (id IDENTITY)",
            "0002_bad": "CREATE TABLE half (id IDENTITY); CREATE TABLE good (id IDENTITY)",
        },
    )

    async with await Database.open(empty_url) as db:
        with pytest.raises(Exception, match=r"good.* already exists"):
            await migrate(db, 1, source=source)
        write(source, **{"0002_bad": "CREATE TABLE half (id IDENTITY)"})
        mended = await migrate(db, 2, source=source)

        assert [step.number for step in mended] == [2]
        assert await applied(db) == [(1, "good", 1), (2, "bad", 2)]


async def test_a_step_that_breaks_off_is_not_applied(empty_url: str, tmp_path: Path) -> None:
    source = write(
        tmp_path / "steps",
        **{
            "0001_one": "CREATE TABLE one (id IDENTITY)",
            "0001_one__sqlite": "CREATE TRIGGER t AFTER INSERT ON one BEGIN SELECT 1;",
            "0001_one__postgresql": "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN",
        },
    )

    async with await Database.open(empty_url) as db:
        with pytest.raises(Exception, match=r"syntax error|unterminated"):
            await migrate(db, 1, source=source)

        assert len(await missing(db, source=source)) == 1


async def test_a_database_that_is_newer_than_the_program_is_refused(
    empty_url: str, tmp_path: Path
) -> None:
    source = write(
        tmp_path / "steps",
        **{"0001_one": "CREATE TABLE one (id IDENTITY)", "0002_two": "DROP TABLE one"},
    )

    async with await Database.open(empty_url) as db:
        await migrate(db, 1, source=source)
        (source / "0002_two.sql").unlink()

        with pytest.raises(DatabaseUnusable, match="newer mjgate") as refusal:
            await migrate(db, 2, source=source)

        assert db.where in str(refusal.value)
        assert len(await applied(db)) == 2


@pytest.mark.parametrize(
    "table", ["CREATE TABLE theirs (id IDENTITY)", "CREATE TABLE schema_migrations (version TEXT)"]
)
async def test_a_database_of_another_program_is_left_alone(
    empty_url: str, tmp_path: Path, table: str
) -> None:
    theirs = write(tmp_path / "theirs", **{"0001_one": table})
    async with await Database.open(empty_url) as db:
        await db.write(
            lambda tx: tx.script(with_types(load(theirs, db.engine)[0].common, db.engine))
        )

        with pytest.raises(DatabaseUnusable, match="tables of another program"):
            await migrate(db, 1)
