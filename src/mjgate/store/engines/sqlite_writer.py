"""
Writing to SQLite: one connection, and many bodies under one commit.

Bodies gather while a commit waits for the disk on its thread, and share the next one. Each has a
savepoint, so that one may fail and its neighbours stand; every caller goes on after the commit.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Final, Generic, LiteralString, cast, final

from mjgate.domain.task import Task
from mjgate.store.engines.promises import (
    BodyWaited,
    DatabaseAway,
    DatabaseUnusable,
    Patience,
    Row,
    T,
    Transaction,
    Value,
    in_transaction,
)
from mjgate.store.engines.sqlite_file import File, is_busy
from mjgate.store.engines.words import SqliteStatements

MOST_BODIES: Final = 256
LONGEST_TURN: Final = 0.005
"""Seconds for which a group may keep the event loop, give or take a body."""


@final
class SqliteTransaction(Transaction):
    """The statements of one body; none of them ever waits."""

    __slots__ = ("_connection", "_file", "_statements", "error")

    def __init__(
        self,
        connection: sqlite3.Connection,
        statements: SqliteStatements,
        file: File,
    ) -> None:
        super().__init__()
        self._connection: sqlite3.Connection | None = connection
        self._statements = statements
        self._file = file
        self.error: Exception | None = None

    async def row(self, sql: LiteralString, /, **values: Value) -> Row | None:
        return self._execute(sql, values).fetchone()

    async def rows(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        return self._execute(sql, values).fetchall()

    async def scan(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        return self._execute(sql, values).fetchall()

    async def run(self, sql: LiteralString, /, **values: Value) -> int:
        return max(self._execute(sql, values).rowcount, 0)

    async def add(self, sql: LiteralString, /, **values: Value) -> None:
        self._execute(sql, values)

    async def many(self, sql: LiteralString, items: Sequence[Mapping[str, Value]], /) -> None:
        if not items:
            return
        lines = [self._statements.bind(sql, item)[1] for item in items]
        connection = self._own()
        try:
            connection.executemany(self._statements[sql][0], lines)
        except sqlite3.Error as error:
            raise self._failed(error, connection) from error

    async def script(self, text: str, /) -> None:
        statement = ""
        for piece in text.split(";"):
            statement += piece + ";"
            if sqlite3.complete_statement(statement):  # a trigger goes on until its END
                self._execute(statement, {})
                statement = ""
        if statement:
            self._execute(statement, {})  # SQLite says what is not complete about it

    async def lock_all(self) -> None:
        """Nothing to do: whoever may write is alone from the start."""

    def end(self) -> None:
        """Refuse further statements, of a task that the body left behind for instance."""
        self._connection = None

    def _execute(self, sql: str, values: Mapping[str, Value]) -> sqlite3.Cursor:
        connection = self._own()
        try:
            return connection.execute(*self._statements.bind(sql, values))
        except sqlite3.Error as error:
            raise self._failed(error, connection) from error

    def _own(self) -> sqlite3.Connection:
        if self._connection is None:
            raise self.error or BodyWaited("this transaction is over")
        return self._connection

    def _failed(self, error: sqlite3.Error, connection: sqlite3.Connection) -> Exception:
        """The error in our words; nothing more is said in this transaction."""
        self.error = self._file.explained(error, connection)
        self.end()
        return self.error


@final
class Work(Generic[T]):
    """A body that waits for its turn, and for whom."""

    __slots__ = ("_body", "_context", "_name", "_outcome", "error", "future", "moved", "touched")

    def __init__(self, name: str, body: Callable[[Transaction], Coroutine[Any, Any, T]]) -> None:
        self._name = name
        self._body = body
        self._context = copy_context()
        self._outcome: T | None = None
        self.touched: list[int] = []
        self.moved: list[Task] = []
        self.error: BaseException | None = None
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def runs_well(self, tx: SqliteTransaction) -> bool:
        """Run the body to its end as its caller would; False if it has to be undone."""
        try:
            self._outcome = self._context.run(self._finish, tx)
            self.error = tx.error
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the caller gets it
            self.error = error
        self.touched, self.moved = tx.touched, tx.moved
        tx.end()
        return self.error is None

    def _finish(self, tx: SqliteTransaction) -> T:
        token = in_transaction.set(True)
        body = self._body(tx)
        try:
            body.send(None)
        except StopIteration as end:
            return cast("T", end.value)
        else:
            body.close()
            raise BodyWaited(f"{self._name} waited for something else than its own statements")
        finally:
            in_transaction.reset(token)

    def tell(self, changed: Callable[[Sequence[int]], object]) -> None:
        """Let the caller go on, for the group is committed; the feed hears of it before."""
        if self.error is not None:
            self.fail(self.error)
            return
        if self.touched:
            self.future.get_loop().call_soon(changed, self.touched)
        if not self.future.done():
            self.future.set_result(cast("T", self._outcome))

    def fail(self, error: BaseException) -> None:
        """Let the caller hear why nothing was changed."""
        if not self.future.done():
            self.future.set_exception(error)


@final
class Writer:
    """The one connection that writes, and the bodies that wait for it."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        statements: SqliteStatements,
        file: File,
        changed: Callable[[Sequence[int]], object],
    ) -> None:
        self._connection = connection
        self._statements = statements
        self._file = file
        self._changed = changed
        self.count: Callable[[Sequence[Task]], object] = len
        self.before_commit: Callable[[sqlite3.Connection, Sequence[int]], object] | None = None
        self._thread = ThreadPoolExecutor(1, "mjgate-commit")
        self._queue: deque[Work[Any]] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._task = asyncio.create_task(self._serve(), name="mjgate-writer")

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

    async def _serve(self) -> None:
        while self._queue or not self._closed:
            if self._queue:
                await self._turn()
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _turn(self) -> None:
        try:
            await self._begin()
        except Exception as error:  # noqa: BLE001 - goes to all who wait; the writer lives on
            waiting = list(self._queue)
            self._queue.clear()
            self._undo(waiting, self._explained(error))
            return
        group: list[Work[Any]] = []
        try:
            self._run_some(group)
            self._note(group)
            await asyncio.get_running_loop().run_in_executor(self._thread, self._commit)
        except Exception as error:  # noqa: BLE001 - goes to all of the group; the writer lives on
            self._undo(group, self._explained(error))
        else:
            for work in group:
                if work.moved and work.error is None:
                    self.count(work.moved)
                work.tell(self._changed)

    def _note(self, group: Sequence[Work[Any]]) -> None:
        """Let other processes find which tasks the group is about to change."""
        touched = [task_id for work in group if work.error is None for task_id in work.touched]
        if touched and self.before_commit is not None:
            self.before_commit(self._connection, touched)

    async def _begin(self) -> None:
        patience = Patience(self._file.patience, self._file.where)
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
        until = time.perf_counter() + LONGEST_TURN
        while self._queue and len(group) < MOST_BODIES and time.perf_counter() < until:
            work = self._queue.popleft()
            if not work.future.cancelled():
                group.append(work)
                self._run(work)

    def _run(self, work: Work[Any]) -> None:
        self._connection.execute("SAVEPOINT body")
        tx = SqliteTransaction(self._connection, self._statements, self._file)
        if not work.runs_well(tx):
            if not self._connection.in_transaction:  # so SQLite answers to a full disk
                raise DatabaseUnusable(str(work.error)) from work.error
            self._connection.execute("ROLLBACK TO body")
        self._connection.execute("RELEASE body")

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._file.explained_commit(error) from error

    def _explained(self, error: Exception) -> Exception:
        return self._file.explained(error) if isinstance(error, sqlite3.Error) else error

    def _undo(self, group: Sequence[Work[Any]], error: Exception) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        for work in group:
            work.fail(error)
