"""The file of an SQLite database: opening it, and saying what is wrong with it."""

import random
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, NamedTuple, final

from mjgate.store.engines.promises import (
    CommitUnknown,
    ConstraintBroken,
    DatabaseAway,
    DatabaseUnusable,
)

PREFIX: Final = "sqlite:///"
SCANNERS: Final = 2

_SENTENCES: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk fails",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; look at its directory and its permissions",
    sqlite3.SQLITE_PERM: "we may not open it",
    sqlite3.SQLITE_READONLY: "we may not write to it or to its directory",
    sqlite3.SQLITE_NOTADB: "is not an SQLite database",
    sqlite3.SQLITE_CORRUPT: "is damaged; bring back a backup",
}


def is_busy(error: sqlite3.Error) -> bool:
    """Somebody else has locked the file; it helps to wait."""
    return _code(error) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Connections(NamedTuple):
    """All that we keep open to one file."""

    writer: sqlite3.Connection
    reader: sqlite3.Connection
    scanners: list[sqlite3.Connection]


@final
class File:
    """Where a database lives."""

    def __init__(self, url: str, *, must_exist: bool, patience: float) -> None:
        name = url.removeprefix(PREFIX)
        if name in {"", ":memory:"}:
            raise DatabaseUnusable(f"{url} names no file; write sqlite:////absolute/path")
        self._path = Path(name).absolute()
        self._must_exist = must_exist
        self.where = str(self._path)
        self.patience = patience

    def open(self) -> Connections:
        """Open all connections, making the file if it may be made; this waits for disk and lock."""
        until = time.monotonic() + self.patience
        while True:
            try:
                with ExitStack() as undo:
                    connections = self._open(undo)
                    undo.pop_all()
                    return connections
            except sqlite3.Error as error:
                if not is_busy(error) or time.monotonic() >= until:
                    raise self.explained(error) from error
            time.sleep(random.uniform(0.002, 0.02))  # noqa: S311 - no secret

    def _open(self, undo: ExitStack) -> Connections:
        writer = self._connection(undo, "rw" if self._must_exist else "rwc", 0)
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA synchronous = FULL")
        writer.execute("PRAGMA journal_size_limit = 67108864")
        reader = self._connection(undo, "ro", 0)
        scanners = [self._connection(undo, "ro", self.patience) for _ in range(SCANNERS)]
        return Connections(writer, reader, scanners)

    def _connection(self, undo: ExitStack, mode: str, timeout: float) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode={mode}",
            uri=True,
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,  # one thread at a time, but not always the same
            cached_statements=1024,
        )
        undo.enter_context(closing(connection))
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA case_sensitive_like = ON")  # as on PostgreSQL
        connection.execute("PRAGMA cache_size = -16384")
        return connection

    def explained(
        self, error: sqlite3.Error, connection: sqlite3.Connection | None = None
    ) -> Exception:
        """The error in our words, or itself when the mistake is ours."""
        code = _code(error) & 0xFF
        if connection is not None and _breaks_a_promise(error):
            return ConstraintBroken(_constraint(error, connection))
        if is_busy(error):
            return DatabaseAway(f"{self.where} is locked")
        if isinstance(error, sqlite3.ProgrammingError) and "closed database" in str(error):
            return DatabaseAway(f"{self.where} is closed")
        if code in _SENTENCES:
            return DatabaseUnusable(f"{self.where}: {self._sentence(code)} ({error})")
        return error

    def explained_commit(self, error: sqlite3.Error) -> Exception:
        """The error of a commit: a disk that failed may yet have kept it."""
        if _code(error) & 0xFF == sqlite3.SQLITE_IOERR:
            return CommitUnknown(f"{self.where}: the disk failed while committing ({error})")
        return self.explained(error)

    def _sentence(self, code: int) -> str:
        if code == sqlite3.SQLITE_CANTOPEN and not self._path.parent.is_dir():
            return "its directory does not exist"
        if code == sqlite3.SQLITE_CANTOPEN and not self._path.exists():
            if self._must_exist:
                return "there is no such file"
            return "cannot be made; look at its directory and its permissions"
        return _SENTENCES[code]


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _breaks_a_promise(error: sqlite3.Error) -> bool:
    """A value of the wrong type breaks a constraint for SQLite; for us it is a mistake of ours."""
    code = _code(error)
    wrong_type = sqlite3.SQLITE_CONSTRAINT | 12 << 8  # SQLITE_CONSTRAINT_DATATYPE
    return code & 0xFF == sqlite3.SQLITE_CONSTRAINT and code != wrong_type


def _constraint(error: sqlite3.Error, connection: sqlite3.Connection) -> str:
    """The name of what was broken; of a broken uniqueness SQLite tells only the columns."""
    detail = str(error).partition(" constraint failed: ")[2] or str(error)
    if _code(error) not in {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}:
        return detail
    if detail.startswith("index "):  # of an index on expressions it tells the name after all
        return detail.removeprefix("index ").strip("'")
    table = detail.partition(".")[0]
    columns = [column.partition(".")[2] for column in detail.split(", ")]
    for index in _unique_indexes(connection, table):
        if _columns(connection, index) == columns:
            return index
    return f"{table}_pkey"  # as PostgreSQL calls it


def _unique_indexes(connection: sqlite3.Connection, table: str) -> list[str]:
    sql = """SELECT name FROM pragma_index_list(:table) WHERE "unique" AND origin = 'c'"""
    return [name for (name,) in connection.execute(sql, {"table": table}).fetchall()]


def _columns(connection: sqlite3.Connection, index: str) -> list[str]:
    sql = "SELECT name FROM pragma_index_info(:index) ORDER BY seqno"
    return [name for (name,) in connection.execute(sql, {"index": index}).fetchall()]
