"""The file of an SQLite database: opening it, and saying what is wrong with it."""

import sqlite3
from pathlib import Path
from typing import Final, final

from mjgate.store.engine import (
    LONGEST_WAIT,
    CommitUnknown,
    ConstraintBroken,
    DatabaseAway,
    DatabaseUnusable,
)

PREFIX: Final = "sqlite:///"

_SENTENCES: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not do as it is told",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; look at its directory and permissions",
    sqlite3.SQLITE_PERM: "we may not open the file",
    sqlite3.SQLITE_READONLY: "we may not write to the file or its directory",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; bring back a backup",
}


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def is_busy(error: sqlite3.Error) -> bool:
    """Somebody else has locked the file; it helps to wait."""
    return _code(error) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


@final
class File:
    """Where a database lives, and how its connections are set up."""

    def __init__(self, url: str, *, must_exist: bool) -> None:
        name = url.removeprefix(PREFIX)
        if not name or name == ":memory:":
            message = f"{url!r} names no file; write sqlite:////absolute/path"
            raise DatabaseUnusable(message)
        self._path = Path(name).absolute()
        self.where = str(self._path)
        self._must_exist = must_exist

    def open_writer(self) -> sqlite3.Connection:
        """The connection that makes the file, if it may, and writes to it."""
        connection = self._open("rw" if self._must_exist else "rwc")
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_size_limit = 67108864")
        except sqlite3.Error as error:
            connection.close()
            raise self.explained(error) from error
        if mode != "wal":
            connection.close()
            message = f"{self.where}: the file system cannot hold an SQLite database with a WAL"
            raise DatabaseUnusable(message)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def open_reader(self) -> sqlite3.Connection:
        """A connection for the event loop, which must never block."""
        connection = self._open("ro")
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def open_scanner(self) -> sqlite3.Connection:
        """A connection for a thread, which may."""
        return self._open("ro")

    def _open(self, mode: str) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                f"{self._path.as_uri()}?mode={mode}",
                uri=True,
                timeout=LONGEST_WAIT,
                isolation_level=None,
                check_same_thread=False,  # one thread at a time, but not always the same
                cached_statements=1024,
            )
        except sqlite3.Error as error:
            raise self.explained(error) from error
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -16384")
        return connection

    def explained(
        self, error: sqlite3.Error, connection: sqlite3.Connection | None = None
    ) -> Exception:
        """The error in our words, or itself when it is a mistake of ours."""
        code = _code(error) & 0xFF
        if code == sqlite3.SQLITE_CONSTRAINT and connection is not None:
            return ConstraintBroken(_constraint(error, connection))
        if code == sqlite3.SQLITE_CANTOPEN and not self._path.exists():
            return DatabaseUnusable(self._nothing_there())
        if is_busy(error):
            return DatabaseAway(f"{self.where} is locked")
        if code in _SENTENCES:
            return DatabaseUnusable(f"{self.where}: {_SENTENCES[code]} ({error})")
        return error

    def unsure(self, error: sqlite3.Error) -> Exception:
        """The error of a commit: a disk that failed may still have kept it."""
        if _code(error) & 0xFF == sqlite3.SQLITE_IOERR:
            return CommitUnknown(f"{self.where}: the disk failed while committing ({error})")
        return self.explained(error)

    def _nothing_there(self) -> str:
        if not self._path.parent.is_dir():
            return f"{self.where}: its directory does not exist"
        return f"{self.where}: there is no such file"


def _constraint(error: sqlite3.Error, connection: sqlite3.Connection) -> str:
    """The name of what was broken, as PostgreSQL would tell it; SQLite names columns instead."""
    detail = str(error).partition(" constraint failed: ")[2] or str(error)
    if _code(error) not in {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}:
        return detail
    if detail.startswith("index '"):  # an index of expressions is named after all
        return detail.removeprefix("index '").removesuffix("'")
    table = detail.partition(".")[0]
    columns = [column.partition(".")[2] for column in detail.split(", ")]
    indexes = connection.execute(
        "SELECT name FROM pragma_index_list(:table) WHERE \"unique\" AND origin = 'c'",
        {"table": table},
    )
    for (index,) in indexes.fetchall():
        found = connection.execute(
            "SELECT name FROM pragma_index_info(:index) ORDER BY seqno", {"index": index}
        )
        if [name for (name,) in found.fetchall()] == columns:
            return index
    return f"{table}_pkey"
