"""
What every test may ask for.

database_url     a fresh database with our tables; the test runs once for each engine
empty_url        the same without a table
loopback         this test may talk to servers on this machine (nothing else may ever be reached)
postgres_server  the PostgreSQL server of this session
s3_server        a real S3 server of this session
sink             where `telemetry.configure(to=sink)` may write, for the length of a test
"""

import asyncio
import io
import logging
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from mjgate.store.database import Database
from mjgate.store.migrate import migrate
from tests.postgres import PostgresServer, postgres
from tests.s3 import S3, s3

pytest_plugins = ["tests.rig", "tests.lifecycle.receiver"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let a test through to this machine if it, or one of its fixtures, asks for `loopback`."""
    if isinstance(item, pytest.Function) and "loopback" in item.fixturenames:
        item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1"]))


@pytest.fixture
def sink() -> Generator[io.StringIO]:
    """Where the log goes; the root logger is given back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def loopback() -> None:
    """Allow connections to this machine; see `pytest_itemcollected`."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, whose sockets can be watched (uvloop's cannot)."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Generator[PostgresServer]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Generator[S3]:
    with s3() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'mjgate.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as name:
        yield server.url(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    if request.param == "sqlite":
        file = tmp_path / "mjgate.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), file)
        yield f"sqlite:///{file}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name: str = request.getfixturevalue("migrated_name")
    yield server.url(name)
    server.empty(name)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with our tables, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "mjgate.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_name(postgres_server: PostgresServer) -> Generator[str]:
    """The same on PostgreSQL, emptied after each test."""
    with postgres_server.database() as name:
        asyncio.run(_migrate(postgres_server.url(name)))
        yield name


async def _migrate(url: str) -> None:
    async with await Database.open(url) as db:
        await migrate(db, 0)
