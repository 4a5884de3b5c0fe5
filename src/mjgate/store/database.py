"""The ground of the store: `reader` looks, `write` changes, alike on SQLite and PostgreSQL."""

from types import TracebackType
from typing import Self, final

from mjgate.domain.clock import Clock, SharedClock, SystemClock
from mjgate.store.engines.postgres import PostgresEngine
from mjgate.store.engines.postgres_server import Server
from mjgate.store.engines.promises import (
    PATIENCE,
    Body,
    BodyWaited,
    CommitUnknown,
    ConstraintBroken,
    DatabaseAway,
    DatabaseUnusable,
    Engine,
    P,
    Reader,
    Row,
    StoreError,
    T,
    Transaction,
    Value,
    in_transaction,
)
from mjgate.store.engines.sqlite import SqliteEngine
from mjgate.store.engines.sqlite_file import PREFIX, File

__all__ = [
    "BodyWaited",
    "CommitUnknown",
    "ConstraintBroken",
    "Database",
    "DatabaseAway",
    "DatabaseUnusable",
    "Reader",
    "Row",
    "StoreError",
    "Transaction",
    "Value",
    "in_transaction",
]


@final
class Database:
    """An open database: `reader` to look, `write` to change."""

    def __init__(self, engine: Engine, machine: Clock, offset: int) -> None:
        self._engine = engine
        self._machine = machine
        self.clock = SharedClock(machine, offset)
        self.reader: Reader = engine.reader
        self.changes = engine.changes

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        must_exist: bool = False,
        connections: int = 10,
        patience: float = PATIENCE,
        machine: Clock | None = None,
    ) -> Self:
        """
        Open `sqlite:////absolute/path` or `postgresql://user:password@host/name`.

        With `must_exist` a missing SQLite file is an error instead of a new database.
        `connections` is the most that we keep to PostgreSQL; `patience` is how many seconds we
        wait for a database that is locked or away; `machine` is the clock of this machine.
        """
        machine = machine or SystemClock()
        engine: Engine
        if url.startswith(PREFIX):
            file = File(url, must_exist=must_exist, patience=patience)
            engine = await SqliteEngine.open(file)
        elif url.startswith(("postgresql://", "postgres://")):
            server = Server(url, connections=connections, patience=patience)
            engine = await PostgresEngine.open(server)
        else:
            raise DatabaseUnusable(
                "the database address must begin with sqlite:/// or postgresql://"
            )
        return cls(engine, machine, await engine.measure_offset(machine))

    @property
    def offset(self) -> int:
        """By how many milliseconds the database's clock is ahead of this machine's."""
        return self.clock.offset

    @property
    def engine(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.name

    @property
    def where(self) -> str:
        """The address for people: a path, or a server without user and password."""
        return self._engine.where

    async def write(self, body: Body[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """
        Run `body(tx, *args)` in a transaction and answer what it answers, once it is committed.

        All of it happens or nothing. It may be run again from its start, so it changes nothing
        but the database, and it waits for nothing but its own statements.
        """
        return await self._engine.write(body, *args, **kwargs)

    async def write_surely(self, body: Body[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """
        The same for a body that changes nothing where it has happened already.

        When the connection is lost while committing, it runs once more, so that it has happened.
        """
        try:
            return await self._engine.write(body, *args, **kwargs)
        except CommitUnknown:
            return await self._engine.write(body, *args, **kwargs)

    async def share(self) -> None:
        """
        Tell other processes which tasks change here, and hear which change there.

        From then on `changes` carries both. The schema must be up to date.
        """
        await self._engine.share()

    async def measure_offset(self) -> int:
        """Ask again by how much the database's clock is ahead, and set ours right by it."""
        self.clock.offset = await self._engine.measure_offset(self._machine)
        return self.clock.offset

    async def close(self) -> None:
        """Finish what was begun, then let go of the database."""
        await self._engine.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
