import asyncio
import contextlib
import resource
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import Generator
from pathlib import Path

import pytest

from mjgate.store.database import (
    CommitUnknown,
    Database,
    DatabaseAway,
    DatabaseUnusable,
    Transaction,
)
from mjgate.store.engines.sqlite import Scans, SqliteReader
from mjgate.store.engines.sqlite_file import File
from mjgate.store.engines.words import SqliteStatements
from mjgate.store.migrate import migrate
from tests.store.conftest import BANK, balance_of, open_account, pay_in

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bank?.db"  # a name that means something in a URL


@pytest.fixture
async def url(path: Path) -> str:
    url = f"sqlite:///{path}"
    async with await Database.open(url) as db:
        await migrate(db, 0, source=BANK)
        await db.write(open_account, "alice")
    return url


@contextlib.contextmanager
def somebody_else(path: Path) -> Generator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


async def test_several_processes_write_to_one_file(url: str) -> None:
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.store.increments", url, "300", stdout=PIPE, cwd=ROOT
    )
    assert other.stdout is not None
    assert await other.stdout.readline() == b"ready\n"
    async with await Database.open(url) as db:
        for _ in range(30):
            await asyncio.gather(*(db.write(pay_in, 1) for _ in range(10)))
        assert await other.wait() == 0

        assert await balance_of(db, 1) == 600


async def test_a_reader_sees_at_once_what_another_process_has_committed(
    url: str, path: Path
) -> None:
    async with await Database.open(url) as db:
        with somebody_else(path) as other:
            for balance in (3, 5):
                other.execute("UPDATE accounts SET balance = ?", (balance,))
                assert await balance_of(db, 1) == balance


async def test_a_locked_file_is_waited_for(url: str, path: Path) -> None:
    async with await Database.open(url) as db:
        with somebody_else(path) as other:
            other.execute("BEGIN IMMEDIATE")
            paying = [asyncio.create_task(db.write(pay_in, 1)) for _ in range(5)]
            done, _ = await asyncio.wait(paying, timeout=0.05)
            assert not done
            assert await balance_of(db, 1) == 0
            other.execute("COMMIT")

        assert await asyncio.gather(*paying) == [1] * 5


async def test_a_file_that_stays_locked_is_away(url: str, path: Path) -> None:
    async with await Database.open(url, patience=0.1) as db:
        with somebody_else(path) as other:
            other.execute("BEGIN IMMEDIATE")
            outcomes = await asyncio.gather(
                *(db.write(pay_in, 1) for _ in range(5)), return_exceptions=True
            )
            other.execute("COMMIT")

        assert [type(outcome) for outcome in outcomes] == [DatabaseAway] * 5
        assert str(path) in str(outcomes[0])
        assert await db.write(pay_in, 1) == 1


async def test_a_file_that_another_keeps_to_itself_is_away(url: str, path: Path) -> None:
    with somebody_else(path) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("UPDATE accounts SET balance = 0")

        with pytest.raises(DatabaseAway, match="is locked"):
            await Database.open(url, patience=0.1)


async def test_a_point_read_waits_for_a_lock_without_blocking_others(tmp_path: Path) -> None:
    """Files with a WAL lock out readers only while one is recovered, so this one has none."""
    path = tmp_path / "plain.db"
    file = File(f"sqlite:///{path}", must_exist=False, patience=0.1)
    with somebody_else(path) as other, somebody_else(path) as ours:
        other.execute("CREATE TABLE plain (id)")
        ours.execute("PRAGMA busy_timeout = 0")
        scans = Scans([ours], file)
        reader = SqliteReader(ours, SqliteStatements(), scans, file)
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(DatabaseAway):
            await reader.row("SELECT id FROM plain")
        waiting = asyncio.create_task(reader.rows("SELECT id FROM plain"))
        await asyncio.wait([waiting], timeout=0.02)
        other.execute("COMMIT")

        assert await waiting == []
        scans.close()


async def fill(tx: Transaction) -> None:
    await tx.run("UPDATE accounts SET picture = :picture", picture=bytes(1_000_000))


async def test_a_full_disk_is_told_and_takes_nothing_that_was_confirmed(
    url: str, path: Path
) -> None:
    async def limit(tx: Transaction) -> None:
        await tx.row("PRAGMA max_page_count = 50")  # as if the disk held no more

    async with await Database.open(url) as db:
        await db.write(limit)
        first, full, last = await asyncio.gather(
            db.write(pay_in, 1), db.write(fill), db.write(pay_in, 1), return_exceptions=True
        )

        assert isinstance(full, DatabaseUnusable)
        assert str(path) in str(full)
        assert "disk is full" in str(full)
        assert await balance_of(db, 1) == [first, last].count(1)
        assert await db.write(pay_in, 1) == 1


async def test_a_disk_that_fails_while_committing_leaves_it_unknown(url: str, path: Path) -> None:
    async with await Database.open(url) as db:
        await db.write(pay_in, 1)
        with files_no_larger_than_now(path), pytest.raises(CommitUnknown, match="committing"):
            await db.write(pay_in, 1)

        assert await db.write(pay_in, 1) == 1
        assert await balance_of(db, 1) == 2


@contextlib.contextmanager
def files_no_larger_than_now(path: Path) -> Generator[None]:
    size = path.with_name(f"{path.name}-wal").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_commit_that_is_refused_is_undone_for_all_of_its_group(url: str) -> None:
    """Only promises kept until the commit could be refused there, and our schema has none."""

    async def promise(tx: Transaction) -> None:
        await tx.run("CREATE TABLE cards (account_id BIGINT REFERENCES accounts (id))")
        await tx.row("PRAGMA defer_foreign_keys = ON")
        await tx.run("INSERT INTO cards (account_id) VALUES (99)")

    async with await Database.open(url) as db:
        outcomes = await asyncio.gather(
            db.write(pay_in, 1), db.write(promise), return_exceptions=True
        )

        assert [type(outcome) for outcome in outcomes] == [sqlite3.IntegrityError] * 2
        assert await db.write(pay_in, 1) == 1
        assert await balance_of(db, 1) == 1


async def test_a_file_that_turned_read_only_is_told_to_all_who_write(url: str) -> None:
    async def turn(tx: Transaction) -> None:
        await tx.row("PRAGMA query_only = ON")

    async with await Database.open(url) as db:
        await db.write(turn)
        outcomes = await asyncio.gather(
            *(db.write(pay_in, 1) for _ in range(3)), return_exceptions=True
        )

        assert [type(outcome) for outcome in outcomes] == [DatabaseUnusable] * 3
        assert await balance_of(db, 1) == 0


async def test_nothing_is_made_where_a_database_must_exist(path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="there is no such file") as refusal:
        await Database.open(f"sqlite:///{path}", must_exist=True)

    assert str(path) in str(refusal.value)
    assert files_in(path.parent) == []


def files_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_a_closed_database_is_one_file(url: str, path: Path) -> None:
    async with await Database.open(url) as db:
        await db.write(pay_in, 1)
        assert len(files_in(path.parent)) == 3

    assert files_in(path.parent) == [path.name]


async def test_a_relative_path_is_told_in_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)

    with pytest.raises(DatabaseUnusable, match="directory does not exist") as refusal:
        await Database.open("sqlite:///no/such/bank.db")

    assert str(path.parent / "no/such/bank.db") in str(refusal.value)


@pytest.fixture
def diary(path: Path) -> Generator[Path]:
    text = "Dear diary, " * 500
    path.write_text(text)
    yield path
    assert path.read_text() == text


async def test_a_file_that_is_no_database_is_left_alone(diary: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="not an SQLite database") as refusal:
        await Database.open(f"sqlite:///{diary}")

    assert str(diary) in str(refusal.value)


async def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="cannot be opened") as refusal:
        await Database.open(f"sqlite:///{tmp_path}")

    assert str(tmp_path) in str(refusal.value)


async def test_a_damaged_file_is_told(url: str, path: Path) -> None:
    damage(path)

    async with await Database.open(url) as db:
        with pytest.raises(DatabaseUnusable, match="is damaged"):
            await db.reader.scan("SELECT name FROM accounts")


def damage(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(len(content) - 4096))


@pytest.mark.parametrize(
    "url", ["sqlite:///", "sqlite:///:memory:", "sqlite:x.db", "mysql://localhost/bank", ""]
)
async def test_an_address_of_no_file_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUnusable):
        await Database.open(url)
