"""Processes that share a database hear of each other's changes."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from mjgate.store.changes import Changes
from mjgate.store.database import Database, Transaction
from mjgate.store.engines.postgres_feed import MOST_IDS, ids_of, messages_of
from mjgate.store.migrate import migrate
from tests.postgres import PostgresServer

IN_TIME = 5.0
LISTENERS = "application_name = 'mjgate feed' AND datname = current_database()"


async def touch(tx: Transaction, *task_ids: int) -> None:
    for task_id in task_ids:
        tx.touch(task_id)
    await tx.run("UPDATE nodes SET beat_at = 0 WHERE id = ''")


@pytest.fixture
async def here(database_url: str) -> AsyncGenerator[Database]:
    async with await Database.open(database_url) as db:
        await migrate(db, 0)
        await db.share()
        yield db


@pytest.fixture
async def there(here: Database, database_url: str) -> AsyncGenerator[Database]:
    """The same database, as another process has it open."""
    assert here.engine
    async with await Database.open(database_url) as db:
        await db.share()
        yield db


async def test_another_process_hears_within_a_second_which_task_has_changed(
    here: Database, there: Database
) -> None:
    heard: asyncio.Queue[int] = asyncio.Queue()

    with there.changes.heard_by(heard.put_nowait), there.changes.of(18) as bell:
        await here.write(touch, 17)
        await here.write(touch, 18, 19)
        async with asyncio.timeout(1):
            told = {await heard.get(), await heard.get(), await heard.get()}
            rang = await bell.rung()

    assert told == {17, 18, 19}
    assert rang


async def test_who_has_changed_a_task_hears_of_it_at_once_and_once(
    here: Database, there: Database
) -> None:
    heard: asyncio.Queue[int] = asyncio.Queue()

    with here.changes.heard_by(heard.put_nowait):
        await here.write(touch, 17)
        at_once = heard.get_nowait()
        await there.write(touch, 18)
        async with asyncio.timeout(IN_TIME):
            then = await heard.get()

    assert (at_once, then) == (17, 18)


async def test_what_was_not_committed_is_not_told(here: Database, there: Database) -> None:
    async def fail(tx: Transaction) -> None:
        await touch(tx, 17)
        raise LookupError

    heard: asyncio.Queue[int] = asyncio.Queue()

    with there.changes.heard_by(heard.put_nowait):
        with pytest.raises(LookupError):
            await here.write(fail)
        await here.write(touch, 18)
        async with asyncio.timeout(IN_TIME):
            first = await heard.get()

    assert first == 18


async def test_more_than_can_be_told_one_by_one_means_to_look_at_everything(
    here: Database, there: Database
) -> None:
    lost = asyncio.Event()

    with there.changes.heard_by(lambda _: None, lost=lost.set):
        await here.write(touch, *range(1, 20_500))

        async with asyncio.timeout(IN_TIME):
            await lost.wait()


async def test_a_lost_listen_drops_what_is_remembered_and_is_made_anew(
    postgres_server: PostgresServer,
) -> None:
    with postgres_server.database() as name:
        url = postgres_server.url(name)
        async with await Database.open(url) as here, await Database.open(url) as there:
            await migrate(here, 0)
            await here.share()
            await there.share()
            lost, heard = asyncio.Event(), asyncio.Event()
            with (
                there.changes.heard_by(lambda _: heard.set(), lost=lost.set),
                there.changes.of(17) as bell,
            ):
                await here.reader.rows(
                    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {LISTENERS}"  # noqa: S608  of our names
                )

                async with asyncio.timeout(IN_TIME):
                    await lost.wait()
                    rang = await bell.rung()
                    while not heard.is_set():
                        await here.write(touch, 17)
                        await asyncio.sleep(0.05)

    assert rang


async def test_the_feed_never_shares_a_connection_with_a_transaction(
    postgres_server: PostgresServer,
) -> None:
    with postgres_server.database() as name:
        async with await Database.open(postgres_server.url(name)) as here:
            await migrate(here, 0)
            await here.share()
            for task_id in range(50):
                await here.write(touch, task_id)
            rows = await here.reader.rows(
                """
                SELECT application_name, query FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE '%notify%'
                AND pid <> pg_backend_pid()
                """
            )

    assert [row["application_name"] for row in rows] == ["mjgate feed"]


def test_a_message_stays_within_the_limit_of_postgresql() -> None:
    ids = list(range(1_763_712_000_000_000, 1_763_712_000_000_000 + 2 * MOST_IDS + 1))

    messages = messages_of(ids)

    assert [len(ids_of(message)) for message in messages] == [MOST_IDS, MOST_IDS, 1]
    assert max(len(message.encode()) for message in messages) < 8_000
    assert [task_id for message in messages for task_id in ids_of(message)] == ids


async def test_a_bell_that_nobody_rings_ends_the_wait_by_itself() -> None:
    changes = Changes()

    with changes.of(17) as bell:
        changes.publish([18])
        rang = await bell.rung(within=0)

    assert not rang


async def test_a_change_before_the_wait_is_not_lost() -> None:
    changes = Changes()

    with changes.of(17) as bell, changes.of(17) as other:
        changes.publish([17, 17])
        rang = [await bell.rung(), await other.rung(), await bell.rung(within=0)]

    assert rang == [True, True, False]
