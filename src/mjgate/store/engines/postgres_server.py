"""The server of a PostgreSQL database: reaching it, and saying what is wrong with it."""

import os
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, final
from urllib.parse import urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from mjgate.domain.clock import Clock
from mjgate.store.engines.promises import (
    CommitUnknown,
    ConstraintBroken,
    DatabaseAway,
    DatabaseUnusable,
    StoreError,
)

if TYPE_CHECKING:
    BaseConnection = asyncpg.Connection[asyncpg.Record]
else:
    BaseConnection = asyncpg.Connection  # generic for type checkers only

A = TypeVar("A")
S = TypeVar("S")
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

OLDEST: Final = 14
DEAD_AFTER: Final = 10
"""Seconds after which a silent peer counts as lost."""

_CLOCK: Final = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
_TROUBLE: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_REPEAT: Final = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,  # another node has just migrated
    asyncpg.OutdatedSchemaCacheError,
)
_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,  # the server has ended it, and asyncpg is about to find out
    OSError,
    TimeoutError,
)
_OPERATOR: Final = (
    asyncpg.DiskFullError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientPrivilegeError,
)
_SENTENCES: Final = {
    asyncpg.InvalidPasswordError: "the user name or the password is wrong",
    asyncpg.InvalidAuthorizationSpecificationError: "the user name or the password is wrong",
    asyncpg.InvalidCatalogNameError: "there is no such database; create it first",
}


class Again(DatabaseAway):
    """Nothing was changed, and the same may simply be tried again."""


class Lost(Again):
    """The connection is gone; what was sent last may have arrived."""


@final
class PlainConnection(BaseConnection):
    """Notices a dead peer, and leaves nothing behind that the pool would have to clean up."""

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:  # noqa: ANN401 - asyncpg's own
        super().__init__(protocol, transport, *rest)
        peer = transport.get_extra_info("socket")
        if peer.family != socket.AF_UNIX:
            with socket.socket(fileno=os.dup(peer.fileno())) as own:
                watch(own)

    def get_reset_query(self) -> str:
        return ""


async def speak_plainly(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Have truths and sums come as plain numbers, as SQLite gives them."""
    await connection.set_type_codec(
        "bool", schema="pg_catalog", encoder=lambda truth: "ft"[truth], decoder="ft".index
    )
    await connection.set_type_codec(
        "numeric",
        schema="pg_catalog",
        encoder=str,
        decoder=lambda digits: float(digits) if "." in digits else int(digits),
    )


def watch(own: socket.socket) -> None:
    """Have the system ask after a silent peer, and give it up if it stays silent."""
    own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": DEAD_AFTER // 2,
        "TCP_KEEPINTVL": DEAD_AFTER // 6,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": DEAD_AFTER * 1_000,
    }
    for name in options.keys() & vars(socket).keys():  # not every system has all of them
        own.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), options[name])


@final
class Server:
    """Where a database lives."""

    def __init__(self, url: str, *, connections: int, patience: float) -> None:
        self._url = url
        self.connections = connections
        self.patience = patience
        try:
            parts = urlsplit(url)
            host = f"{parts.hostname}:{parts.port or 5432}" if parts.hostname else ""
        except ValueError:
            raise _unreadable() from None
        self.where = f"postgresql://{host}{parts.path}"

    async def connect(self) -> Pool:
        """A pool whose first connection is made now, to hear at once what is wrong."""
        try:
            pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=self.connections,
                max_queries=1_000_000_000,
                timeout=self.patience,
                statement_cache_size=1024,
                max_cached_statement_lifetime=0,
                connection_class=PlainConnection,
                init=speak_plainly,
                server_settings=_settings("mjgate"),
            )
        except (asyncpg.ClientConfigurationError, ValueError):
            raise _unreadable() from None  # its own words may quote the password
        except (asyncpg.PostgresError, OSError, TimeoutError) as trouble:
            raise self._unreachable(trouble) from trouble
        await self._check(pool)
        return pool

    async def connect_alone(self, name: str) -> BaseConnection:
        """A connection outside the pool, which the server lists under `name`."""
        try:
            return await asyncpg.connect(
                self._url,
                timeout=self.patience,
                connection_class=PlainConnection,
                server_settings=_settings(name),
            )
        except (asyncpg.PostgresError, OSError, TimeoutError) as trouble:
            raise self._unreachable(trouble) from trouble

    async def _check(self, pool: Pool) -> None:
        async with lent(pool) as connection:
            objection = objection_to(
                connection.get_server_version().major, connection.get_settings().server_encoding
            )
        if objection:
            await pool.close()
            raise DatabaseUnusable(f"{self.where} {objection}")

    def _unreachable(self, trouble: Exception) -> StoreError:
        for kind, sentence in _SENTENCES.items():
            if isinstance(trouble, kind):
                return DatabaseUnusable(f"{self.where}: {sentence}")
        if isinstance(trouble, _LOST):
            return DatabaseAway(f"{self.where}: nobody answers ({trouble})")
        return DatabaseUnusable(f"{self.where}: {trouble}")


def _settings(name: str) -> dict[str, str]:
    return {
        "application_name": name,
        "jit": "off",  # costs more than our small queries
        "idle_in_transaction_session_timeout": f"{DEAD_AFTER}s",
    }


def objection_to(version: int, encoding: str) -> str | None:
    """Why a server or a database on it cannot be used, if so."""
    if version < OLDEST:
        return f"is PostgreSQL {version}; {OLDEST} or later is needed"
    if encoding != "UTF8":
        return f"has the encoding {encoding}; create it with ENCODING 'UTF8'"
    return None


@asynccontextmanager
async def lent(pool: Pool) -> AsyncGenerator[Connection]:
    """A connection of the pool, for one question or one transaction."""
    connection = await told(lambda pool: pool.acquire(), pool)
    try:
        yield connection
    except (Lost, CommitUnknown):
        with suppress(asyncpg.InterfaceError):  # it knows by itself already
            connection.terminate()
        raise
    finally:
        await pool.release(connection)


async def told(question: Callable[[S], Awaitable[A]], subject: S) -> A:
    """What the database answers; its errors come in our words."""
    try:
        return await question(subject)
    except _TROUBLE as trouble:
        raise _explained(trouble) from trouble


async def offset(connection: Connection, clock: Clock) -> int:
    """Milliseconds by which the server's clock is ahead; of three askings the quickest counts."""
    offers: list[tuple[float, int]] = []
    for _ in range(3):
        began, ours = time.perf_counter(), clock.now()
        theirs: int = await told(lambda connection: connection.fetchval(_CLOCK), connection)
        offers.append((time.perf_counter() - began, theirs - (ours + clock.now()) // 2))
    return min(offers)[1]


def _explained(trouble: Exception) -> Exception:
    """The error in our words, or itself when the mistake is ours."""
    if isinstance(trouble, asyncpg.IntegrityConstraintViolationError | asyncpg.RaiseError):
        return ConstraintBroken(_constraint(trouble))
    if isinstance(trouble, _REPEAT):
        return Again(str(trouble))
    if isinstance(trouble, _LOST):
        return Lost(str(trouble) or type(trouble).__name__)
    if isinstance(trouble, _OPERATOR):
        return DatabaseUnusable(str(trouble))
    if isinstance(trouble, asyncpg.InterfaceError):
        return _misused(trouble)
    return trouble


def _constraint(trouble: asyncpg.PostgresError) -> str:
    match trouble:
        case asyncpg.NotNullViolationError():  # has no name
            return f"{trouble.table_name}.{trouble.column_name}"
        case asyncpg.IntegrityConstraintViolationError() if trouble.constraint_name:
            return trouble.constraint_name
        case _:
            return str(trouble)  # of a trigger of ours, which says a name


def _misused(trouble: asyncpg.InterfaceError) -> Exception:
    """An error of asyncpg's own, which tells them apart by their text only."""
    text = str(trouble)
    if "connection is closed" in text or "released back to the pool" in text:
        return Lost(text)
    if "pool is clos" in text:
        return DatabaseAway("the database is closed")
    return trouble


def _unreadable() -> DatabaseUnusable:
    return DatabaseUnusable(
        "the database address cannot be read; write postgresql://user:password@host:5432/name, "
        "and inside the password %40 for @, %3A for :, %2F for /, %23 for #"
    )
