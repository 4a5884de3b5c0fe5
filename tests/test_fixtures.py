"""The ground that the other tests stand on."""

import asyncio
import socket
import sqlite3
from urllib.parse import urlsplit

import asyncpg
import pytest


async def test_each_test_gets_an_empty_database(empty_url: str) -> None:
    count = await _tables(empty_url)

    assert count == 0


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_table_made_by_one_test_is_not_seen_by_the_next(empty_url: str, turn: int) -> None:
    before = await _tables(empty_url)

    await _run(empty_url, f"CREATE TABLE left_over_{turn} (id integer)")

    assert before == 0
    assert await _tables(empty_url) == 1


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_network_is_out_of_reach(family: socket.AddressFamily) -> None:
    with (
        pytest.warns(UserWarning, match="tried to use socket"),
        pytest.raises(RuntimeError, match="tried to use socket"),
    ):
        socket.socket(family)


@pytest.mark.usefixtures("loopback")
async def test_a_test_that_says_so_reaches_this_machine() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        words = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert words == b"hello"


@pytest.mark.usefixtures("loopback")
def test_even_then_other_machines_are_out_of_reach() -> None:
    with (
        socket.socket() as client,
        pytest.warns(UserWarning, match=r"192\.0\.2\.1"),
        pytest.raises(RuntimeError, match=r"192\.0\.2\.1"),
    ):
        client.connect(("192.0.2.1", 80))


async def _tables(url: str) -> int:
    if url.startswith("sqlite:"):
        with sqlite3.connect(urlsplit(url).path) as database:
            row = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        database.close()
        return int(row[0])
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM pg_stat_user_tables"))
    finally:
        await connection.close()


async def _run(url: str, sql: str) -> None:
    if url.startswith("sqlite:"):
        with sqlite3.connect(urlsplit(url).path) as database:
            database.execute(sql)
        database.close()
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
