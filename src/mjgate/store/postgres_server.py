"""The server of a PostgreSQL database: reaching it, and saying what is wrong with it."""

import os
import socket
import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final
from urllib.parse import urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from mjgate.domain.clock import SystemClock
from mjgate.store.engine import LONGEST_WAIT, ConstraintBroken, DatabaseAway, DatabaseUnusable

TROUBLE: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    DatabaseAway,
)

_REPEAT: Final = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,
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
    OSError,
    TimeoutError,
)
_OPERATOR: Final = (
    asyncpg.DiskFullError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

OLDEST: Final = 14

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    _Connection = asyncpg.Connection  # is generic for type checkers only


class Again(DatabaseAway):
    """Nothing was changed, and the whole body may simply be run again."""


def explained(error: BaseException) -> BaseException:
    """The error in our words, or itself when it is a mistake of ours."""
    match error:
        case asyncpg.IntegrityConstraintViolationError():
            return ConstraintBroken(_constraint(error))
        case asyncpg.RaiseError():  # by a trigger of ours, which says a name
            return ConstraintBroken(str(error))
        case _ if isinstance(error, _REPEAT + _LOST) or _is_closed(error):
            return Again(str(error) or type(error).__name__)
        case _ if isinstance(error, _OPERATOR):
            return DatabaseUnusable(str(error))
        case _:
            return error


def _is_closed(error: BaseException) -> bool:
    return isinstance(error, asyncpg.InterfaceError) and "connection is closed" in str(error)


def _constraint(error: asyncpg.IntegrityConstraintViolationError) -> str:
    if error.constraint_name:
        return error.constraint_name
    return f"{error.table_name}.{error.column_name}"  # NOT NULL has no name


@final
class PlainConnection(_Connection):
    """Leaves no state behind, so that the pool needs no query to clean it; notices a dead peer."""

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:  # noqa: ANN401
        super().__init__(protocol, transport, *rest)
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family in {socket.AF_INET, socket.AF_INET6}:
            with socket.socket(fileno=os.dup(peer.fileno())) as own:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)

    def get_reset_query(self) -> str:
        return ""


@final
class Server:
    """Where a database lives, and how its connections are set up."""

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            parts = urlsplit(url)
            server = f"{parts.hostname}:{parts.port or 5432}" if parts.hostname else ""
            self.where = f"postgresql://{server}{parts.path}"
        except ValueError:
            raise self._unreadable() from None

    async def connect(self, connections: int) -> "asyncpg.Pool[asyncpg.Record]":
        """A pool of connections; the first is made now, to hear at once what is wrong."""
        try:
            pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=connections,
                max_queries=1_000_000_000,
                timeout=LONGEST_WAIT,
                statement_cache_size=1024,
                max_cached_statement_lifetime=0,
                connection_class=PlainConnection,
                server_settings={
                    "application_name": "mjgate",
                    "jit": "off",
                    "idle_in_transaction_session_timeout": "60000",
                    "tcp_keepalives_idle": "15",
                    "tcp_keepalives_interval": "5",
                    "tcp_keepalives_count": "3",
                },
            )
        except (asyncpg.ClientConfigurationError, ValueError):
            raise self._unreadable() from None  # its own words may quote the password
        except (asyncpg.PostgresError, OSError, TimeoutError) as trouble:
            raise self._unreachable(trouble) from trouble
        await self._check(pool)
        return pool

    @staticmethod
    async def offset(connection: Connection) -> int:
        """Milliseconds by which the server's clock is ahead: of three askings the quickest."""
        clock = SystemClock()
        offers: list[tuple[float, int]] = []
        for _ in range(3):
            before, asked = clock.now(), time.perf_counter()
            told: int = await connection.fetchval(
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
            )
            offers.append((time.perf_counter() - asked, told - (before + clock.now()) // 2))
        return min(offers)[1]

    async def _check(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        async with pool.acquire() as connection:
            version = connection.get_server_version()
            encoding = connection.get_settings().server_encoding
        if version.major < OLDEST:
            await pool.close()
            message = f"{self.where} is PostgreSQL {version.major}; {OLDEST} or later is needed"
            raise DatabaseUnusable(message)
        if encoding != "UTF8":
            await pool.close()
            message = f"{self.where} is encoded in {encoding}; create it with ENCODING 'UTF8'"
            raise DatabaseUnusable(message)

    def _unreadable(self) -> DatabaseUnusable:
        return DatabaseUnusable(
            "The database address cannot be read; write postgresql://user:password@host:5432/name "
            "with %40 for @, %3A for : and %2F for / inside the password."
        )

    def _unreachable(self, trouble: Exception) -> Exception:
        match trouble:
            case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
                return DatabaseUnusable(f"{self.where}: the user name or the password is wrong")
            case asyncpg.InvalidCatalogNameError():
                return DatabaseUnusable(f"{self.where}: there is no such database; create it first")
            case asyncpg.CannotConnectNowError() | asyncpg.TooManyConnectionsError():
                return DatabaseAway(f"{self.where}: {trouble}")
            case OSError() | TimeoutError():
                return DatabaseAway(f"{self.where}: nobody answers ({trouble})")
            case _:
                return DatabaseUnusable(f"{self.where}: {trouble}")
