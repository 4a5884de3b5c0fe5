"""
SQLite: one file, no server.

Point statements run on the event loop, where they take microseconds; commits and scans wait for
the disk on threads. Bodies gather while a commit is under way and share the next one, each within
a savepoint of its own, and their callers go on when that commit is done.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from typing import Any, Generic, LiteralString, Self, cast, final

from mjgate.store.changes import Changes
from mjgate.store.engine import (
    Body,
    BodyWaited,
    DatabaseAway,
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
from mjgate.store.sqlite_file import File, is_busy
from mjgate.store.words import SqliteStatements

MOST_BODIES = 256
LONGEST_GROUP = 0.005
"""Seconds that one group may keep the event loop."""


@final
class SqliteReader(Reader):
    """Point reads on the event loop, each seeing the latest commit; scans on threads."""

    __slots__ = ("_connection", "_file", "_scans", "_statements")

    def __init__(self, file: File, statements: SqliteStatements, scans: "Scans") -> None:
        self._connection = file.open_reader()
        self._file = file
        self._statements = statements
        self._scans = scans

    async def row(self, sql: LiteralString, /, **values: Value) -> Row | None:
        patience: Patience | None = None
        while True:
            try:
                return self._look(sql, values).fetchone()
            except sqlite3.Error as error:
                patience = await self._rest(error, patience)

    async def rows(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        patience: Patience | None = None
        while True:
            try:
                return self._look(sql, values).fetchall()
            except sqlite3.Error as error:
                patience = await self._rest(error, patience)

    async def scan(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        refuse_nesting("A scan")
        return await self._scans.rows(*self._statements.bind(sql, values))

    def _look(self, sql: str, values: Mapping[str, Value]) -> sqlite3.Cursor:
        if in_transaction.get():
            refuse_nesting("A reader")
        return self._connection.execute(*self._statements.bind(sql, values))

    async def _rest(self, error: sqlite3.Error, patience: Patience | None) -> Patience:
        if not is_busy(error):
            raise self._file.explained(error) from error
        patience = patience or Patience(self._file.where)
        await patience.rest(error)
        return patience

    def close(self) -> None:
        """Close the connection of the point reads."""
        self._connection.close()


@final
class Scans:
    """Long reads, each on a thread with a connection of its own."""

    def __init__(self, file: File, threads: int = 2) -> None:
        self._file = file
        self._threads = ThreadPoolExecutor(threads, "mjgate-scan")
        self._connections = [file.open_scanner() for _ in range(threads)]
        self._idle: asyncio.Queue[sqlite3.Connection] = asyncio.Queue()
        for connection in self._connections:
            self._idle.put_nowait(connection)

    async def rows(self, text: str, values: Mapping[str, Value]) -> Sequence[Row]:
        """The rows, read on a thread that is stopped when the caller is cancelled."""
        connection = await self._idle.get()
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: connection.execute(text, values).fetchall()
        )
        work.add_done_callback(lambda _: self._idle.put_nowait(connection))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            connection.interrupt()
            raise
        except sqlite3.Error as error:
            raise self._file.explained(error) from error

    def close(self) -> None:
        """Stop what still runs and close the connections."""
        for connection in self._connections:
            connection.interrupt()
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()


@final
class SqliteTransaction(Transaction):
    """The statements of one body."""

    __slots__ = ("_connection", "_file", "_statements", "error", "hooks")

    def __init__(
        self,
        connection: sqlite3.Connection,
        statements: SqliteStatements,
        file: File,
        changes: Changes,
    ) -> None:
        self._changes = changes
        self._connection: sqlite3.Connection | None = connection
        self._statements = statements
        self._file = file
        self.hooks: list[Callable[[], object]] = []
        self.error: Exception | None = None

    async def row(self, sql: LiteralString, /, **values: Value) -> Row | None:
        return self._execute(sql, values).fetchone()

    async def rows(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        return self._execute(sql, values).fetchall()

    async def scan(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        return self._execute(sql, values).fetchall()

    async def run(self, sql: LiteralString, /, **values: Value) -> int:
        return max(self._execute(sql, values).rowcount, 0)

    async def many(self, sql: LiteralString, items: Sequence[Mapping[str, Value]], /) -> None:
        for item in items:
            self._execute(sql, item)

    async def lock_all(self) -> None:
        """Nothing: a transaction that may write is alone from its start."""

    async def script(self, text: str, /) -> None:
        statement = ""
        for piece in text.split(";"):
            statement += piece + ";"
            if sqlite3.complete_statement(statement):  # a trigger goes on until its END
                self._execute(statement, {})
                statement = ""

    def after_commit(self, call: Callable[[], object], /) -> None:
        self.hooks.append(call)

    def end(self) -> None:
        """Refuse further statements, of a task that a body left behind for instance."""
        self._connection = None

    def _execute(self, sql: str, values: Mapping[str, Value]) -> sqlite3.Cursor:
        if self._connection is None:
            raise self.error or BodyWaited("This transaction is over.")
        try:
            return self._connection.execute(*self._statements.bind(sql, values))
        except sqlite3.Error as error:
            self.error = self._file.explained(error, self._connection)
            self.end()
            raise self.error from error


@final
class Work(Generic[T]):
    """A body that waits for its turn, and for whom."""

    __slots__ = ("_answer", "_body", "_context", "_error", "_hooks", "_name", "future")

    def __init__(self, name: str, body: Callable[[Transaction], Awaitable[T]]) -> None:
        self._name = name
        self._body = body
        self._context: Context = copy_context()
        self._answer: T | None = None
        self._error: BaseException | None = None
        self._hooks: list[Callable[[], object]] = []
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def done_within(self, tx: SqliteTransaction) -> bool:
        """Run the body to its end, in the context of its caller; False if it must be undone."""
        try:
            self._answer = self._context.run(self._finish, self._body(tx))
            self._error = tx.error
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - is its caller's
            self._error = error
        tx.end()
        self._hooks = tx.hooks
        return self._error is None

    def _finish(self, awaitable: Awaitable[T]) -> T:
        coroutine = cast("Coroutine[Any, Any, T]", awaitable)
        token = in_transaction.set(True)
        try:
            coroutine.send(None)
        except StopIteration as end:
            return cast("T", end.value)
        else:
            coroutine.close()
            message = f"{self._name} waited for something else than its own statements"
            raise BodyWaited(message)
        finally:
            in_transaction.reset(token)

    def answer(self) -> None:
        """Tell the caller, for all is committed now."""
        if self._error is not None:
            self.fail(self._error)
            return
        for call in self._hooks:
            asyncio.get_running_loop().call_soon(call, context=self._context)
        if not self.future.done():
            self.future.set_result(cast("T", self._answer))

    def fail(self, error: BaseException) -> None:
        """Tell the caller that nothing was changed."""
        if not self.future.done():
            self.future.set_exception(error)


@final
class Writer:
    """The one connection that writes, and the bodies that wait for it."""

    def __init__(self, file: File, statements: SqliteStatements, changes: Changes) -> None:
        self._file = file
        self._statements = statements
        self._changes = changes
        self._connection = file.open_writer()
        self._thread = ThreadPoolExecutor(1, "mjgate-commit")
        self._queue: deque[Work[Any]] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._task = asyncio.create_task(self._work(), name="mjgate-writer")

    def add(self, work: Work[Any]) -> None:
        """Let `work` be part of the next group."""
        if self._closed:
            raise DatabaseAway(f"{self._file.where} is closed")
        self._queue.append(work)
        self._wake.set()

    async def close(self) -> None:
        """Commit what waits, then stop."""
        self._closed = True
        self._wake.set()
        await self._task
        self._thread.shutdown()
        self._connection.close()

    async def _work(self) -> None:
        while self._queue or not self._closed:
            if self._queue:
                await self._commit_a_group()
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _commit_a_group(self) -> None:
        group: list[Work[Any]] = []
        try:
            await self._begin()
            self._run_some(group)
            await asyncio.get_running_loop().run_in_executor(self._thread, self._commit)
        except Exception as error:  # noqa: BLE001 - goes to every caller of the group
            self._undo(group or self._queue, error)
        else:
            for work in group:
                work.answer()

    async def _begin(self) -> None:
        patience = Patience(self._file.where)
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if not is_busy(error):
                    raise
                await patience.rest(error)
            else:
                return

    def _run_some(self, group: list[Work[Any]]) -> None:
        until = time.perf_counter() + LONGEST_GROUP
        while self._queue and len(group) < MOST_BODIES and time.perf_counter() < until:
            work = self._queue.popleft()
            if not work.future.cancelled():
                group.append(work)
                self._run(work)

    def _run(self, work: Work[Any]) -> None:
        self._connection.execute("SAVEPOINT body")
        tx = SqliteTransaction(self._connection, self._statements, self._file, self._changes)
        if not work.done_within(tx):
            self._connection.execute("ROLLBACK TO body")
        self._connection.execute("RELEASE body")

    def _commit(self) -> None:
        self._connection.execute("COMMIT")

    def _undo(self, group: "list[Work[Any]] | deque[Work[Any]]", error: Exception) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            error = self._file.explained(error)
        for work in group:
            work.fail(error)
        group.clear()


@final
class SqliteEngine(Engine):
    """One file, open."""

    name = "sqlite"

    def __init__(self, file: File) -> None:
        statements = SqliteStatements()
        self.where = file.where
        self.changes = Changes()
        self._writer = Writer(file, statements, self.changes)
        self._scans = Scans(file)
        self._reader = SqliteReader(file, statements, self._scans)
        self.reader = self._reader

    @classmethod
    async def open(cls, file: File) -> Self:
        """Open the file, or say what is wrong with it."""
        return cls(file)

    async def write(self, body: Body[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        refuse_nesting(name_of(body))
        work = Work(name_of(body), lambda tx: body(tx, *args, **kwargs))
        self._writer.add(work)
        return await work.future

    async def measure_offset(self) -> int:
        return 0

    async def close(self) -> None:
        await self._writer.close()
        self._scans.close()
        self._reader.close()
