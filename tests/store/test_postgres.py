import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from mjgate.store.database import (
    CommitUnknown,
    ConstraintBroken,
    Database,
    DatabaseAway,
    DatabaseUnusable,
    Transaction,
)
from mjgate.store.engines.postgres_server import objection_to, watch
from mjgate.store.migrate import migrate
from tests.postgres import PostgresServer
from tests.store.conftest import BANK, balance_of, names_in, open_account, pay_in
from tests.store.wire import Cut, Wire, wire_to

pytestmark = pytest.mark.usefixtures("loopback")

SECRET = "a:secret%word"
COMMIT = "COMMIT\0"  # and not READ COMMITTED


@pytest.fixture
def name(postgres_server: PostgresServer) -> Generator[str]:
    with postgres_server.database() as name:
        yield name


@pytest.fixture
def url(postgres_server: PostgresServer, name: str) -> str:
    return postgres_server.url(name)


@pytest.fixture
def home(url: str) -> Path:
    """The folder of the server's socket."""
    return Path(parse_qs(urlsplit(url).query)["host"][0])


@pytest.fixture
async def db(url: str) -> AsyncGenerator[Database]:
    async with await Database.open(url) as db:
        await migrate(db, 0, source=BANK)
        await db.write(open_account, "alice")
        yield db


@pytest.fixture
async def wire(home: Path) -> AsyncGenerator[Wire]:
    async with wire_to(home) as wire:
        yield wire


@pytest.fixture
async def far(db: Database, wire: Wire, name: str) -> AsyncGenerator[Database]:
    """The database of `db`, reached over `wire`."""
    url = f"postgresql://postgres@127.0.0.1:{wire.port}/{name}"
    async with await Database.open(url, patience=2) as far:
        assert far.where == f"postgresql://127.0.0.1:{wire.port}/{name}" != db.where
        yield far


async def test_a_deadlock_is_undone_and_its_loser_runs_again_whole(db: Database) -> None:
    async def pay_both(tx: Transaction, first: int, second: int) -> None:
        tries.append(first)
        await tx.run("SET LOCAL deadlock_timeout = '10ms'")
        await pay_in(tx, first)
        if tries.count(first) == 1:
            await meet(tx, first, second)
        await pay_in(tx, second)

    tries: list[int] = []
    bob = await db.write(open_account, "bob")

    await asyncio.gather(db.write(pay_both, 1, bob), db.write(pay_both, bob, 1))

    assert len(tries) == 3
    assert await balance_of(db, 1) == 2
    assert await balance_of(db, bob) == 2


async def meet(tx: Transaction, mine: int, other: int) -> None:
    """Go on when another transaction has come to the same point with its own number."""
    await tx.row("SELECT pg_advisory_xact_lock_shared(:mine)", mine=mine)
    while not await tx.row(
        """
        SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND objid = :other AND datname = current_database()
        """,
        other=other,
    ):
        pass


async def refuse_at_first(tx: Transaction, tries: list[int]) -> int:
    tries.append(1)
    await pay_in(tx, 1)
    if len(tries) == 1:
        await tx.run("DO $$ BEGIN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END $$")
    return len(tries)


async def test_a_serialisation_error_runs_the_body_again(db: Database) -> None:
    assert await db.write(refuse_at_first, []) == 2
    assert await balance_of(db, 1) == 1


async def test_a_body_cannot_hide_that_it_has_to_run_again(db: Database) -> None:
    async def give_up(tx: Transaction, tries: list[int]) -> int:
        try:
            return await refuse_at_first(tx, tries)
        except DatabaseAway as away:
            raise LookupError("given up") from away

    async def say_nothing(tx: Transaction, tries: list[int]) -> int:
        try:
            return await refuse_at_first(tx, tries)
        except DatabaseAway:
            return 0

    assert await db.write(give_up, []) == 2
    assert await db.write(say_nothing, []) == 2
    assert await balance_of(db, 1) == 2


async def test_a_body_that_never_gets_through_is_told_in_the_end(url: str) -> None:
    async def refuse(tx: Transaction) -> None:
        await tx.run("DO $$ BEGIN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END $$")

    async with await Database.open(url, patience=0.1) as db:
        with pytest.raises(DatabaseAway, match="try again"):
            await db.write(refuse)


async def test_a_commit_that_did_not_arrive_is_unknown(far: Database, wire: Wire) -> None:
    wire.cut_at(COMMIT, Cut.BEFORE_IT_ARRIVES)

    with pytest.raises(CommitUnknown):
        await far.write(pay_in, 1)

    assert await balance_of(far, 1) == 0


async def test_a_commit_whose_answer_is_lost_is_unknown(far: Database, wire: Wire) -> None:
    heard: list[object] = []

    async def pay(tx: Transaction) -> None:
        tx.touch(17)
        await pay_in(tx, 1)

    wire.cut_at(COMMIT, Cut.BEFORE_THE_ANSWER)

    with far.changes.heard_by(heard.append), pytest.raises(CommitUnknown):
        await far.write(pay)

    assert await balance_of(far, 1) == 1
    assert heard == []


@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize("word", ["BEGIN", "UPDATE", "a second"])
async def test_a_connection_lost_before_the_commit_is_replaced(
    far: Database, wire: Wire, word: str, cut: Cut
) -> None:
    async def pay(tx: Transaction) -> None:
        await pay_in(tx, 1)
        await tx.row("SELECT 1 AS " + '"a second statement"')

    wire.cut_at(word, cut)

    await far.write(pay)

    assert await balance_of(far, 1) == 1


@pytest.mark.parametrize("cut", Cut)
async def test_a_read_over_a_lost_connection_is_asked_again(
    far: Database, wire: Wire, cut: Cut
) -> None:
    wire.cut_at("SELECT name", cut)
    assert await names_in(far) == {"alice"}

    wire.cut_at("SELECT balance", cut)
    assert await balance_of(far, 1) == 0


async def test_connections_that_the_server_ended_are_replaced(far: Database, db: Database) -> None:
    async def end_the_others(tx: Transaction) -> None:
        await tx.rows(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )

    await asyncio.gather(*(balance_of(far, 1) for _ in range(5)))
    await db.write(end_the_others)

    await asyncio.gather(*(far.write(pay_in, 1) for _ in range(5)))
    assert await balance_of(far, 1) == 5


async def test_a_body_that_fails_on_a_lost_connection_keeps_its_own_error(
    far: Database, wire: Wire
) -> None:
    async def fail(tx: Transaction) -> None:
        await pay_in(tx, 1)
        raise LookupError

    wire.cut_at("ROLLBACK", Cut.BEFORE_IT_ARRIVES)

    with pytest.raises(LookupError):
        await far.write(fail)

    assert await balance_of(far, 1) == 0


async def test_a_body_may_limit_its_own_time(db: Database) -> None:
    async def hurry(tx: Transaction) -> str:
        await pay_in(tx, 1)
        try:
            async with asyncio.timeout(0.05):
                await tx.row("SELECT pg_sleep(60)")
        except TimeoutError:
            return "too late"
        return "in time"

    with pytest.raises(asyncio.CancelledError):
        await db.write(hurry)

    assert await balance_of(db, 1) == 0


async def test_a_parameter_in_postgresqls_own_words_is_a_mistake(db: Database) -> None:
    with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"):
        await db.reader.row("SELECT name FROM accounts WHERE id = $1", id=1)


async def test_writers_that_wait_for_a_lock_leave_connections_to_readers(
    db: Database, url: str
) -> None:
    other: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    await other.execute("BEGIN")
    await other.execute("UPDATE accounts SET balance = 0 WHERE id = 1")
    paying = [asyncio.create_task(db.write(pay_in, 1)) for _ in range(30)]
    await asyncio.wait(paying, timeout=0.05)

    async with asyncio.timeout(5):
        assert await balance_of(db, 1) == 0
    await other.execute("COMMIT")
    await other.close()
    await asyncio.gather(*paying)

    assert await balance_of(db, 1) == 30


async def test_a_table_may_gain_a_column_while_we_run(db: Database, url: str) -> None:
    async def look(tx: Transaction) -> int:
        row = await tx.row("SELECT * FROM payments")
        return 0 if row is None else len(row)

    async def pay(tx: Transaction) -> None:
        await tx.run("INSERT INTO payments (account_id, no) VALUES (1, 1)")

    await db.write(pay)
    before = [await db.write(look) for _ in range(3)]
    other: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    await other.execute("ALTER TABLE payments ADD COLUMN colour TEXT")
    await other.close()

    assert await db.write(look) == before[0] + 1


async def test_a_foreign_key_has_a_name(db: Database) -> None:
    async def refer(tx: Transaction) -> None:
        await tx.run("CREATE TABLE cards (account_id BIGINT REFERENCES accounts (id))")
        await tx.run("INSERT INTO cards (account_id) VALUES (99)")

    with pytest.raises(ConstraintBroken, match="cards_account_id_fkey"):
        await db.write(refer)


async def test_a_server_that_turned_read_only_is_unusable(db: Database) -> None:
    async def write(tx: Transaction) -> None:
        await tx.run("SET TRANSACTION READ ONLY")
        await pay_in(tx, 1)

    with pytest.raises(DatabaseUnusable, match="read-only"):
        await db.write(write)


async def test_a_server_that_is_not_there_is_away(tmp_path: Path) -> None:
    with pytest.raises(DatabaseAway, match=r"postgresql:///bank: nobody answers") as refusal:
        await Database.open(f"postgresql://me:{SECRET}@/bank?host={tmp_path}")

    assert SECRET not in str(refusal.value)


async def test_a_server_that_goes_away_is_told_after_some_patience(
    db: Database, name: str, home: Path
) -> None:
    async with wire_to(home) as wire:
        url = f"postgresql://postgres@127.0.0.1:{wire.port}/{name}"
        far = await Database.open(url, patience=0.2)
        wire.cut_at("UPDATE", Cut.BEFORE_IT_ARRIVES)
        wire.server = home / "nowhere"

        with pytest.raises(DatabaseAway, match=f"127.0.0.1:{wire.port}"):
            await far.write(pay_in, 1)
        with pytest.raises(DatabaseAway):
            await balance_of(far, 1)
        await far.close()

    assert await balance_of(db, 1) == 0


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql://postgres:{secret}@/no_such?host={home}", "there is no such database"),
        ("postgresql://stranger:{secret}@/{name}?host={home}", "user name or the password"),
        ("postgresql://me:{secret}@host:port/bank", "cannot be read"),
        ("postgresql://me:{secret}@[::1/bank", "cannot be read"),
        ("postgresql://me:{secret}@host/bank?sslmode=sometimes", "cannot be read"),
    ],
)
async def test_a_wrong_address_is_explained_without_its_password(
    address: str, sentence: str, name: str, home: Path
) -> None:
    url = address.format(secret="s3cret", name=name, home=home)

    with pytest.raises(DatabaseUnusable, match=sentence) as refusal:
        await Database.open(url)

    assert "s3cret" not in repr(refusal.value)
    assert "s3cret" not in repr(refusal.value.__cause__)


async def test_a_database_that_cannot_hold_every_script_is_refused(
    postgres_server: PostgresServer, name: str
) -> None:
    other = f"{name}_ascii"
    postgres_server.run(f"CREATE DATABASE {other} TEMPLATE template0 ENCODING 'SQL_ASCII'")

    with pytest.raises(DatabaseUnusable, match="SQL_ASCII"):
        await Database.open(postgres_server.url(other))

    postgres_server.run(f"DROP DATABASE {other} WITH (FORCE)")


async def test_a_server_may_have_reasons_of_its_own(
    postgres_server: PostgresServer, name: str, url: str
) -> None:
    postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")

    with pytest.raises(DatabaseUnusable, match="not currently accepting connections"):
        await Database.open(url)


@pytest.mark.parametrize(
    ("version", "encoding", "objection"),
    [
        (18, "UTF8", None),
        (14, "UTF8", None),
        (13, "UTF8", "is PostgreSQL 13; 14 or later is needed"),
        (14, "LATIN1", "has the encoding LATIN1; create it with ENCODING 'UTF8'"),
    ],
)
def test_a_server_must_be_new_enough(version: int, encoding: str, objection: str | None) -> None:
    assert objection_to(version, encoding) == objection


def test_a_silent_peer_is_given_up() -> None:
    with socket.socket() as own:
        watch(own)

        assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
