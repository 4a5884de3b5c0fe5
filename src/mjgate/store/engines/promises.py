"""
What both engines promise, and what can go wrong.

StoreError
├── ConstraintBroken    a promise of the schema would have been broken; nothing was changed
├── CommitUnknown       lost while committing: it happened or it did not, so look
├── DatabaseAway        it cannot be reached or stays locked; nothing was changed, try later
├── DatabaseUnusable    the address, the file, the disk or the schema: a person has to act
└── BodyWaited          a transaction waited for something else; nothing was changed
"""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import (
    Any,
    Concatenate,
    Final,
    LiteralString,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    overload,
)

from mjgate.domain.clock import Clock
from mjgate.domain.task import Task
from mjgate.store.changes import Changes

T = TypeVar("T")
P = ParamSpec("P")

Value: TypeAlias = int | str | bytes | Sequence[int] | Sequence[str] | None
"""Times are milliseconds, truths are 0 and 1, JSON is text; sequences are for `IN each(:name)`."""

in_transaction: Final[ContextVar[bool]] = ContextVar("in_transaction", default=False)
"""Set while a body runs, so that whoever may take long can refuse to be called from one."""

PATIENCE: Final = 10.0
"""Seconds to wait for a locked or lost database before the caller hears of it."""


class StoreError(Exception):
    """The database did not do what was asked."""


class ConstraintBroken(StoreError):
    """A promise of the schema would have been broken; `name` says which, alike on both engines."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class CommitUnknown(StoreError):
    """The database was lost while committing: it happened, or it did not."""


class DatabaseAway(StoreError):
    """The database cannot be reached, or somebody keeps it locked."""


class DatabaseUnusable(StoreError):
    """The database cannot be used as it is; the text says what to look at."""


class BodyWaited(StoreError):
    """A transaction may wait for nothing but its own statements."""


class Row(Protocol):
    """A row, by position or by column name; iterates over its values."""

    @overload
    def __getitem__(self, key: int, /) -> Any: ...  # noqa: ANN401 - whatever the column holds
    @overload
    def __getitem__(self, key: str, /) -> Any: ...  # noqa: ANN401 - the same
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...


class Reader(ABC):
    """May look, may not touch."""

    __slots__ = ()

    @abstractmethod
    async def row(self, sql: LiteralString, /, **values: Value) -> Row | None:
        """The first row, if there is one."""

    @abstractmethod
    async def rows(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        """All rows of a query that touches few."""

    @abstractmethod
    async def scan(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        """All rows of a query that may take long; cancel it and it stops (`asyncio.timeout`)."""


class Transaction(Reader):
    """All of it happens, or none. A statement that fails ends it, whatever the body does next."""

    __slots__ = ("moved", "touched")

    def __init__(self) -> None:
        self.touched: list[int] = []
        self.moved: list[Task] = []

    @abstractmethod
    async def run(self, sql: LiteralString, /, **values: Value) -> int:
        """Change rows; say how many."""

    @abstractmethod
    async def add(self, sql: LiteralString, /, **values: Value) -> None:
        """
        Insert, with no need to know what comes of it but that it happens or nothing does.

        The engine may send it along with a later statement of the body; whichever looks at the
        table finds it. A promise that it breaks is heard of then, and if others are broken with it,
        any of them is named: what is to be told apart by its name is not added but `run`.
        """

    @abstractmethod
    async def many(self, sql: LiteralString, items: Sequence[Mapping[str, Value]], /) -> None:
        """Run the statement once for each item."""

    def touch(self, task_id: int, /) -> None:
        """Tell the feed of changes about the task once all is committed."""
        self.touched.append(task_id)

    def count(self, task: Task, /) -> None:
        """Have it counted, once all is committed, that the task began or ended so."""
        self.moved.append(task)

    @abstractmethod
    async def script(self, text: str, /) -> None:
        """Run the statements of a migration: its text is a file's, never made of values."""

    @abstractmethod
    async def lock_all(self) -> None:
        """Keep out all other transactions that ask for the same, until this one ends."""


Body: TypeAlias = Callable[Concatenate[Transaction, P], Coroutine[Any, Any, T]]


class Engine(ABC):
    """An open database of one kind."""

    name: str
    where: str
    reader: Reader
    changes: Changes

    @abstractmethod
    async def write(self, body: Body[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `body` in a transaction and answer what it answers, once that is committed."""

    @abstractmethod
    async def measure_offset(self, machine: Clock) -> int:
        """Milliseconds by which the clock of the database is ahead of this machine's."""

    @abstractmethod
    async def share(self) -> None:
        """Tell other processes what changes here, and hear what changes there."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun, then let go of the database."""


class Patience:
    """Pauses between attempts: short and uneven at first, and not for ever."""

    __slots__ = ("_pause", "_seconds", "_until", "_where")

    def __init__(self, seconds: float, where: str) -> None:
        self._seconds = seconds
        self._where = where
        self._until = time.monotonic() + seconds
        self._pause = 0.002

    async def rest(self, trouble: Exception) -> None:
        """Wait a moment before the next attempt, or raise DatabaseAway when it has been enough."""
        if time.monotonic() >= self._until:
            raise DatabaseAway(
                f"{self._where} could not be used for {self._seconds:.0f} s: {trouble}"
            ) from trouble
        await asyncio.sleep(self._pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        self._pause = min(self._pause * 1.5, 0.02)


def name_of(body: Callable[..., object]) -> str:
    """What to call a body in an error."""
    return getattr(body, "__qualname__", repr(body))


def refuse_nesting(what: str) -> None:
    """Raise BodyWaited inside a body, which has a transaction of its own to use."""
    if in_transaction.get():
        raise BodyWaited(f"{what} was called inside a transaction; use that transaction instead")


async def outlived(work: asyncio.Future[T]) -> T:
    """What comes of `work`, which goes on by itself when its caller leaves."""
    work.add_done_callback(_hear)
    await asyncio.wait((work,))
    return work.result()


def _hear(work: asyncio.Future[Any]) -> None:
    """Have asyncio know that an error of work without a caller is nobody's concern."""
    if not work.cancelled():
        work.exception()
