"""
PostgreSQL 14 and later: any number of nodes on one server.

A body runs in a task of its own, so that a caller who goes away does not cut it in the middle. It
is run again, whole, after a deadlock or when the connection was lost before its COMMIT.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, LiteralString, Self, TypeVar, final

from mjgate.domain.clock import Clock
from mjgate.store.changes import Changes
from mjgate.store.engines.postgres_body import PostgresTransaction, finished
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
    CommitUnknown,
    Engine,
    P,
    Patience,
    Reader,
    Row,
    T,
    Transaction,
    Value,
    name_of,
    outlived,
    refuse_nesting,
)
from mjgate.store.engines.words import PostgresStatements

A = TypeVar("A")


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


async def executed(connection: Connection, command: LiteralString) -> None:
    await told(lambda connection: connection.execute(command), connection)


async def undone(connection: Connection) -> None:
    """Roll back; a connection that is lost has done so by itself."""
    with contextlib.suppress(Lost):
        await executed(connection, "ROLLBACK")
