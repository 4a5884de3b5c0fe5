"""
PostgreSQL 14 and later: any number of nodes on one server.

A body runs in a task of its own, so that a caller who goes away cannot cut it in the middle. It
is run again, whole, after a deadlock or when the connection was lost before its COMMIT.
"""

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, Final, LiteralString, Self, TypeAlias, TypeVar, cast, final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from mjgate.store.changes import Changes
from mjgate.store.engine import (
    Body,
    BodyWaited,
    CommitUnknown,
    Engine,
    P,
    Patience,
    Reader,
    Row,
    T,
    Transaction,
    Value,
    in_transaction,
    name_of,
    refuse_nesting,
)
from mjgate.store.postgres_server import TROUBLE, Again, Server, explained
from mjgate.store.words import PostgresStatements

A = TypeVar("A")
LOCK_ALL: Final = 0x6D6A67617465  # "mjgate"
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@final
class PostgresReader(Reader):
    """Each query takes any free connection of the pool."""

    __slots__ = ("_pool", "_statements", "_where")

    def __init__(self, pool: Pool, statements: PostgresStatements, where: str) -> None:
        self._pool = pool
        self._statements = statements
        self._where = where

    async def row(self, sql: LiteralString, /, **values: Value) -> Row | None:
        text, arguments = self._statements.bind(sql, values)
        return await self._ask(lambda connection: connection.fetchrow(text, *arguments))

    async def rows(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        text, arguments = self._statements.bind(sql, values)
        return await self._ask(lambda connection: connection.fetch(text, *arguments))

    async def scan(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        return await self.rows(sql, **values)

    async def _ask(self, question: Callable[[Connection], Awaitable[A]]) -> A:
        refuse_nesting("A reader")
        patience = Patience(self._where)
        while True:
            try:
                async with self._pool.acquire() as connection:
                    return await question(connection)
            except TROUBLE as trouble:
                error = explained(trouble)
                if not isinstance(error, Again):
                    raise error from trouble
                await patience.rest(error)


@final
class PostgresTransaction(Transaction):
    """The statements of one attempt at a body."""

    __slots__ = ("_connection", "_statements", "asking", "error", "hooks")

    def __init__(
        self, connection: Connection, statements: PostgresStatements, changes: Changes
    ) -> None:
        self._changes = changes
        self._connection: Connection | None = connection
        self._statements = statements
        self.asking = False
        self.error: BaseException | None = None
        self.hooks: list[Callable[[], object]] = []

    async def row(self, sql: LiteralString, /, **values: Value) -> Row | None:
        text, arguments = self._statements.bind(sql, values)
        return await self._ask(lambda connection: connection.fetchrow(text, *arguments))

    async def rows(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        text, arguments = self._statements.bind(sql, values)
        return await self._ask(lambda connection: connection.fetch(text, *arguments))

    async def scan(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        return await self.rows(sql, **values)

    async def run(self, sql: LiteralString, /, **values: Value) -> int:
        text, arguments = self._statements.bind(sql, values)
        tag = await self._ask(lambda connection: connection.execute(text, *arguments))
        count = tag.rpartition(" ")[2]  # "INSERT 0 1", "UPDATE 3", "CREATE TABLE"
        return int(count) if count.isdecimal() else 0

    async def many(self, sql: LiteralString, items: Sequence[Mapping[str, Value]], /) -> None:
        text = self._statements[sql][0]
        lines = [self._statements.bind(sql, item)[1] for item in items]
        await self._ask(lambda connection: connection.executemany(text, lines))

    async def lock_all(self) -> None:
        await self.row("SELECT pg_advisory_xact_lock(:number)", number=LOCK_ALL)

    async def script(self, text: str, /) -> None:
        await self._ask(lambda connection: connection.execute(text))

    def after_commit(self, call: Callable[[], object], /) -> None:
        self.hooks.append(call)

    def end(self) -> None:
        """Refuse further statements, of a task that a body left behind for instance."""
        self._connection = None

    async def _ask(self, question: Callable[[Connection], Awaitable[A]]) -> A:
        if self._connection is None:
            raise self.error or BodyWaited("This transaction is over.")
        self.asking = True
        try:
            return await question(self._connection)
        except BaseException as trouble:
            self.error = explained(trouble)
            self.end()
            raise self.error from trouble
        finally:
            self.asking = False


@types.coroutine
def only_asking(
    body: Coroutine[Any, Any, T], tx: PostgresTransaction, name: str
) -> Generator[Any, Any, T]:
    """Run the body to its end, but let it wait for nothing else than its own statements."""
    step: Callable[[Any], Any] = body.send
    given: Any = None
    while True:
        try:
            awaited = step(given)
        except StopIteration as end:
            return cast("T", end.value)
        if not tx.asking:
            body.close()
            message = f"{name} waited for something else than its own statements"
            raise BodyWaited(message)
        try:
            given = yield awaited
            step = body.send
        except BaseException as error:  # noqa: BLE001 - is the body's to handle
            given = error
            step = body.throw


@final
class PostgresEngine(Engine):
    """One pool of connections."""

    name = "postgresql"

    def __init__(self, server: Server, pool: Pool) -> None:
        self.where = server.where
        self.changes = Changes()
        self._pool = pool
        self._statements = PostgresStatements()
        self._running: set[asyncio.Task[Any]] = set()
        self.reader = PostgresReader(pool, self._statements, self.where)

    @classmethod
    async def open(cls, server: Server, connections: int) -> Self:
        """Connect to the server, or say what is wrong with it."""
        return cls(server, await server.connect(connections))

    async def write(self, body: Body[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        name = name_of(body)
        refuse_nesting(name)
        task = asyncio.create_task(self._write(name, lambda tx: body(tx, *args, **kwargs)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def measure_offset(self) -> int:
        async with self._pool.acquire() as connection:
            return await Server.offset(connection)

    async def close(self) -> None:
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._pool.close()

    async def _write(self, name: str, body: Callable[[Transaction], Awaitable[T]]) -> T:
        patience = Patience(self.where)
        while True:
            try:
                async with self._pool.acquire() as connection:
                    return await self._attempt(connection, name, body)
            except TROUBLE as trouble:
                error = explained(trouble)
                if not isinstance(error, Again):
                    raise error from trouble
                await patience.rest(error)

    async def _attempt(
        self, connection: Connection, name: str, body: Callable[[Transaction], Awaitable[T]]
    ) -> T:
        await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        tx = PostgresTransaction(connection, self._statements, self.changes)
        token = in_transaction.set(True)
        try:
            answer = await only_asking(cast("Coroutine[Any, Any, T]", body(tx)), tx, name)
            if tx.error is not None:
                raise tx.error
        except BaseException:
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
            raise
        finally:
            tx.end()
            in_transaction.reset(token)
        await self._commit(connection)
        for call in tx.hooks:
            asyncio.get_running_loop().call_soon(call)
        return answer

    async def _commit(self, connection: Connection) -> None:
        try:
            await connection.execute("COMMIT")
        except TROUBLE as trouble:
            if connection.is_closed():
                message = f"{self.where}: the connection was lost while committing"
                raise CommitUnknown(message) from trouble
            raise
