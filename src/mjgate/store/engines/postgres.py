"""
PostgreSQL 14 and later: any number of nodes on one server.

A body runs in a task of its own, so that a caller who goes away does not cut it in the middle. It
is run again, whole, after a deadlock or when the connection was lost before its COMMIT.
"""

import asyncio
import contextlib
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, Final, LiteralString, Self, TypeVar, cast, final

from mjgate.domain.clock import Clock
from mjgate.store.changes import Changes
from mjgate.store.engines.postgres_feed import PostgresFeed
from mjgate.store.engines.postgres_server import (
    Again,
    Connection,
    Lost,
    Pool,
    Server,
    lent,
    offset,
    told,
)
from mjgate.store.engines.promises import (
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
    outlived,
    refuse_nesting,
)
from mjgate.store.engines.words import PostgresStatements

A = TypeVar("A")

LOCK_ALL: Final = 0x6D6A67617465  # "mjgate"


@final
class PostgresReader(Reader):
    """Each question takes any free connection, and a fresh one when that turns out to be dead."""

    __slots__ = ("_pool", "_server", "_statements")

    def __init__(self, pool: Pool, statements: PostgresStatements, server: Server) -> None:
        self._pool = pool
        self._statements = statements
        self._server = server

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
        patience = Patience(self._server.patience, self._server.where)
        while True:
            try:
                async with lent(self._pool) as connection:
                    return await told(question, connection)
            except Again as again:
                await patience.rest(again)


@final
class PostgresTransaction(Transaction):
    """The statements of one attempt at a body."""

    __slots__ = ("_connection", "_statements", "asking", "error")

    def __init__(self, connection: Connection, statements: PostgresStatements) -> None:
        super().__init__()
        self._connection: Connection | None = connection
        self._statements = statements
        self.asking = False
        self.error: BaseException | None = None

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
        count = tag.rpartition(" ")[2]  # of "INSERT 0 1", "UPDATE 3", "CREATE TABLE"
        return int(count) if count.isdecimal() else 0

    async def many(self, sql: LiteralString, items: Sequence[Mapping[str, Value]], /) -> None:
        text = self._statements[sql][0]
        lines = [self._statements.bind(sql, item)[1] for item in items]
        await self._ask(lambda connection: connection.executemany(text, lines))

    async def script(self, text: str, /) -> None:
        await self._ask(lambda connection: connection.execute(text))

    async def lock_all(self) -> None:
        await self.row("SELECT pg_advisory_xact_lock(:number)", number=LOCK_ALL)

    def refuse_if_broken(self) -> None:
        """Raise the error of a statement, though the body went on after it."""
        if self.error is not None:
            raise self.error

    def end(self) -> None:
        """Refuse further statements, of a task that the body left behind for instance."""
        self._connection = None

    async def _ask(self, question: Callable[[Connection], Awaitable[A]]) -> A:
        if self._connection is None:
            raise self.error or BodyWaited("this transaction is over")
        self.asking = True
        try:
            return await told(question, self._connection)
        except BaseException as error:
            self.error = error
            self.end()
            raise
        finally:
            self.asking = False


@final
class PostgresEngine(Engine):
    """One pool of connections to one server."""

    name = "postgresql"

    def __init__(self, server: Server, pool: Pool) -> None:
        self.where = server.where
        self.changes = Changes()
        self._server = server
        self._pool = pool
        self._statements = PostgresStatements()
        self._writing = asyncio.Semaphore(max(1, server.connections - 2))  # the rest is for reading
        self._running: set[asyncio.Task[Any]] = set()
        self._feed: PostgresFeed | None = None
        self.reader = PostgresReader(pool, self._statements, server)

    @classmethod
    async def open(cls, server: Server) -> Self:
        """Connect to the server, or say what is wrong with it."""
        return cls(server, await server.connect())

    async def write(self, body: Body[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        name = name_of(body)
        refuse_nesting(name)
        task = asyncio.create_task(self._write(name, lambda tx: body(tx, *args, **kwargs)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await outlived(task)

    async def measure_offset(self, machine: Clock) -> int:
        async with lent(self._pool) as connection:
            return await offset(connection, machine)

    async def share(self) -> None:
        self._feed = self._feed or PostgresFeed(self._server, self.changes)
        await self._feed.listening(self._server.patience)

    async def close(self) -> None:
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._feed is not None:
            await self._feed.close()
        await self._pool.close()

    async def _write(self, name: str, body: Callable[[Transaction], Coroutine[Any, Any, T]]) -> T:
        patience = Patience(self._server.patience, self.where)
        while True:
            try:
                async with self._writing, lent(self._pool) as connection:
                    return await self._attempt(connection, name, body)
            except Again as again:
                await patience.rest(again)

    async def _attempt(
        self,
        connection: Connection,
        name: str,
        body: Callable[[Transaction], Coroutine[Any, Any, T]],
    ) -> T:
        await executed(connection, "BEGIN ISOLATION LEVEL READ COMMITTED")
        tx = PostgresTransaction(connection, self._statements)
        try:
            outcome = await finished(body(tx), tx, name)
        except BaseException:
            await undone(connection)
            raise
        await self._commit(connection)
        self._tell(tx)
        return outcome

    def _tell(self, tx: PostgresTransaction) -> None:
        """Count what has moved, and tell the feed what has changed."""
        if tx.moved:
            self.changes.count(tx.moved)
        if tx.touched:
            asyncio.get_running_loop().call_soon(self.changes.publish, tx.touched)
            if self._feed is not None:
                self._feed.note(tx.touched)

    async def _commit(self, connection: Connection) -> None:
        try:
            await executed(connection, "COMMIT")
        except Lost as lost:
            raise CommitUnknown(f"{self.where} was lost while committing: {lost}") from lost


async def finished(body: Coroutine[Any, Any, T], tx: PostgresTransaction, name: str) -> T:
    """What the body answers, unless one of its statements failed."""
    token = in_transaction.set(True)
    try:
        outcome = await only_asking(body, tx, name)
        tx.refuse_if_broken()
    except Exception:
        if isinstance(tx.error, Again):  # whatever the body made of it
            raise tx.error from None
        raise
    else:
        return outcome
    finally:
        tx.end()
        in_transaction.reset(token)


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
            raise BodyWaited(f"{name} waited for something else than its own statements")
        try:
            given = yield awaited
            step = body.send
        except BaseException as error:  # noqa: BLE001 - is for the body to see
            given = error
            step = body.throw


async def executed(connection: Connection, command: LiteralString) -> None:
    await told(lambda connection: connection.execute(command), connection)


async def undone(connection: Connection) -> None:
    """Roll back; a connection that is lost has done so by itself."""
    with contextlib.suppress(Lost):
        await executed(connection, "ROLLBACK")
