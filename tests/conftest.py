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
import contextlib
import gc
import io
import logging
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from hypothesis import HealthCheck, settings

from mjgate.manage import passwords
from mjgate.store.database import Database
from mjgate.store.migrate import migrate
from tests.postgres import PostgresServer, Stock, postgres
from tests.s3 import S3, s3

pytest_plugins = ["tests.rig", "tests.lifecycle.receiver"]

# How long something takes says how busy the machine is, and no more.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")


def pytest_collection_finish() -> None:
    """What has been collected stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Generator[None]:
    """Hash passwords in a moment: a hash says itself how dear it is, and so is checked likewise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher.from_parameters(CHEAPEST))
        yield


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
    stock: Stock = request.getfixturevalue("postgres_stock")
    with stock.lent() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with our tables, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "mjgate.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_stock(postgres_server: PostgresServer) -> Generator[Stock]:
    """The same on PostgreSQL, to be borrowed."""
    with contextlib.closing(Stock(postgres_server, _migrate)) as stock:
        yield stock


def _migrate(url: str) -> None:
    async def upwards() -> None:
        async with await Database.open(url) as db:
            await migrate(db, 0)

    asyncio.run(upwards())
