"""
What both engines promise, and what can go wrong.

StoreError
├── ConstraintBroken    a promise of the schema would have been broken; nothing was changed
├── CommitUnknown       the connection was lost while committing: look whether it happened
├── DatabaseAway        it cannot be reached or stays locked; nothing was changed, try later
├── DatabaseUnusable    the address, the file, the disk or the schema: a person has to act
└── BodyWaited          a transaction waited for somebody else; nothing was changed
"""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any, Concatenate, Final, LiteralString, ParamSpec, Protocol, TypeVar, overload

from mjgate.store.changes import Changes

T = TypeVar("T")
P = ParamSpec("P")

Value = int | str | bytes | None | Sequence[int] | Sequence[str]
"""Times are milliseconds, truths are 0 and 1, JSON is text; lists are only for `IN each(:name)`."""

in_transaction: Final[ContextVar[bool]] = ContextVar("in_transaction", default=False)
"""Set while a body runs, so that whoever may wait long can refuse to be called from one."""

LONGEST_WAIT = 10.0
"""Seconds to wait for a locked or lost database before the caller hears of it."""


class StoreError(Exception):
    """The database did not do what was asked."""


class ConstraintBroken(StoreError):
    """A promise of the schema would have been broken."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class CommitUnknown(StoreError):
    """The connection was lost while committing: it happened, or it did not."""


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
        """All rows of a query that may take long; it stops working when its caller is cancelled."""


class Transaction(Reader):
    """All of it happens, or none. A statement that fails ends it, even if the body goes on."""

    __slots__ = ("_changes",)

    _changes: Changes

    @abstractmethod
    async def run(self, sql: LiteralString, /, **values: Value) -> int:
        """Change rows; say how many."""

    @abstractmethod
    async def many(self, sql: LiteralString, items: Sequence[Mapping[str, Value]], /) -> None:
        """Run the statement once for each item."""

    @abstractmethod
    async def lock_all(self) -> None:
        """Keep out every other transaction that asks for the same, until this one ends."""

    @abstractmethod
    async def script(self, text: str, /) -> None:
        """Run the statements of a migration, which are a file's and not a caller's."""

    @abstractmethod
    def after_commit(self, call: Callable[[], object], /) -> None:
        """Have `call` made once all is committed, before the caller goes on; never otherwise."""

    def touch(self, task_id: int) -> None:
        """Tell the feed of changes about the task, once all is committed."""
        self.after_commit(partial(self._changes.publish, task_id))


Body = Callable[Concatenate[Transaction, P], Awaitable[T]]


class Engine(ABC):
    """A database of one kind, open."""

    name: str
    where: str
    reader: Reader
    changes: Changes

    @abstractmethod
    async def write(self, body: Body[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `body` in a transaction and answer what it answers, once that is committed."""

    @abstractmethod
    async def measure_offset(self) -> int:
        """Milliseconds by which the clock of the database is ahead of ours."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun, then let go of the database."""


class Patience:
    """Pauses between attempts: short and uneven at first, and not for ever."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._until = time.monotonic() + LONGEST_WAIT
        self._pause = 0.002

    async def rest(self, trouble: Exception) -> None:
        """Wait a moment before the next attempt, or raise DatabaseAway when it has been enough."""
        if time.monotonic() >= self._until:
            sentence = f"{self._where} could not be used for {LONGEST_WAIT:.0f} s: {trouble}"
            raise DatabaseAway(sentence) from trouble
        await asyncio.sleep(self._pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        self._pause = min(self._pause * 1.5, 0.1)


def name_of(body: Callable[..., object]) -> str:
    """What to call a body in an error."""
    return getattr(body, "__qualname__", repr(body))


def refuse_nesting(what: str) -> None:
    """Raise BodyWaited inside a body, which has to use its own transaction."""
    if in_transaction.get():
        message = f"{what} was called inside a transaction; use the transaction itself"
        raise BodyWaited(message)
