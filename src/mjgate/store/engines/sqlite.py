"""
SQLite: one file, no server.

Point statements run on the event loop, where they take microseconds; commits and scans wait for
the disk on threads.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, LiteralString, Self, final

from mjgate.domain.clock import Clock
from mjgate.store.changes import Changes
from mjgate.store.engines.promises import (
    Body,
    Engine,
    P,
    Patience,
    Reader,
    Row,
    T,
    Value,
    name_of,
    outlived,
    refuse_nesting,
)
from mjgate.store.engines.sqlite_feed import SqliteFeed
from mjgate.store.engines.sqlite_file import Connections, File, is_busy
from mjgate.store.engines.sqlite_writer import Work, Writer
from mjgate.store.engines.words import SqliteStatements

STEPS: Final = 50_000
"""How many steps SQLite takes, in about a millisecond, before it asks whether to go on."""


@final
class Scans:
    """Long reads, each on a thread with a connection of its own."""

    def __init__(self, connections: Sequence[sqlite3.Connection], file: File) -> None:
        self._connections: Sequence[sqlite3.Connection] = connections
        self._file = file
        self._threads = ThreadPoolExecutor(len(connections), "mjgate-scan")
        self._idle: asyncio.Queue[sqlite3.Connection] = asyncio.Queue()
        for connection in connections:
            self._idle.put_nowait(connection)

    async def rows(self, text: str, values: Mapping[str, Value]) -> Sequence[Row]:
        """The rows; a caller who is cancelled stops the thread as well."""
        connection = await self._idle.get()
        left = threading.Event()

        def read() -> Sequence[Row]:
            connection.set_progress_handler(left.is_set, STEPS)
            return connection.execute(text, values).fetchall()

        reading = asyncio.get_running_loop().run_in_executor(self._threads, read)
        reading.add_done_callback(lambda _: self._idle.put_nowait(connection))
        try:
            return await outlived(reading)
        except asyncio.CancelledError:
            left.set()
            raise
        except sqlite3.Error as error:
            raise self._file.explained(error) from error

    def close(self) -> None:
        """Stop what still runs."""
        connections, self._connections = self._connections, ()
        for connection in connections:
            connection.interrupt()
        self._threads.shutdown()
        for connection in connections:
            connection.close()


@final
class SqliteReader(Reader):
    """Each point read sees what was committed last, by whatever process."""

    __slots__ = ("_connection", "_file", "_scans", "_statements")

    def __init__(
        self,
        connection: sqlite3.Connection,
        statements: SqliteStatements,
        scans: Scans,
        file: File,
    ) -> None:
        self._connection = connection
        self._statements = statements
        self._scans = scans
        self._file = file

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
        refuse_nesting("A reader")
        return await self._scans.rows(*self._statements.bind(sql, values))

    def _look(self, sql: str, values: Mapping[str, Value]) -> sqlite3.Cursor:
        refuse_nesting("A reader")
        return self._connection.execute(*self._statements.bind(sql, values))

    async def _rest(self, error: sqlite3.Error, patience: Patience | None) -> Patience:
        if not is_busy(error):
            raise self._file.explained(error) from error
        patience = patience or Patience(self._file.patience, self._file.where)
        await patience.rest(error)
        return patience


@final
class SqliteEngine(Engine):
    """One file, open."""

    name = "sqlite"

    def __init__(self, connections: Connections, file: File) -> None:
        statements = SqliteStatements()
        self.where = file.where
        self._connections = connections
        self.changes = Changes()
        self._writer = Writer(connections.writer, statements, file, self.changes.publish)
        self._writer.count = self.changes.count
        self._feed: SqliteFeed | None = None
        self._scans = Scans(connections.scanners, file)
        self.reader = SqliteReader(connections.reader, statements, self._scans, file)

    @classmethod
    async def open(cls, file: File) -> Self:
        """Open the file, or say what is wrong with it."""
        return cls(await asyncio.to_thread(file.open), file)

    async def write(self, body: Body[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        name = name_of(body)
        refuse_nesting(name)
        work = Work(name, lambda tx: body(tx, *args, **kwargs))
        self._writer.add(work)
        return await work.future

    async def measure_offset(self, machine: Clock) -> int:
        """None: whoever has the file open has the same clock."""
        del machine
        return 0

    async def share(self) -> None:
        if self._feed is None:
            self._feed = SqliteFeed(self._connections.reader, self.changes)
            self._writer.before_commit = self._feed.note

    async def close(self) -> None:
        await self._writer.close()
        if self._feed is not None:
            await self._feed.close()
        self._scans.close()
        self._connections.reader.close()
        self._connections.writer.close()  # the last one tidies up, for which it has to write
