"""
A body on PostgreSQL: its statements, and what it may wait for.

What is only added goes along with the statement that comes next, for each command is a journey to
the server and back.
"""

import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, LiteralString, TypeVar, cast, final

from mjgate.store.engines.postgres_server import Again, Connection, told
from mjgate.store.engines.promises import (
    BodyWaited,
    Row,
    T,
    Transaction,
    Value,
    in_transaction,
)
from mjgate.store.engines.words import PostgresStatements

A = TypeVar("A")

LOCK_ALL: Final = 0x6D6A67617465  # "mjgate"


@final
class PostgresTransaction(Transaction):
    """The statements of one attempt at a body."""

    __slots__ = ("_added", "_connection", "_statements", "asking", "error")

    def __init__(self, connection: Connection, statements: PostgresStatements) -> None:
        super().__init__()
        self._connection: Connection | None = connection
        self._statements = statements
        self._added: list[tuple[LiteralString, Mapping[str, Value]]] = []
        self.asking = False
        self.error: BaseException | None = None

    async def row(self, sql: LiteralString, /, **values: Value) -> Row | None:
        await self.send()
        text, arguments = self._statements.bind(sql, values)
        return await self._ask(lambda connection: connection.fetchrow(text, *arguments))

    async def rows(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        await self.send()
        text, arguments = self._statements.bind(sql, values)
        return await self._ask(lambda connection: connection.fetch(text, *arguments))

    async def scan(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        return await self.rows(sql, **values)

    async def run(self, sql: LiteralString, /, **values: Value) -> int:
        text, arguments = await self._with_added(sql, values)
        tag = await self._ask(lambda connection: connection.execute(text, *arguments))
        count = tag.rpartition(" ")[2]  # of "INSERT 0 1", "UPDATE 3", "CREATE TABLE"
        return int(count) if count.isdecimal() else 0

    async def add(self, sql: LiteralString, /, **values: Value) -> None:
        if self._added and self._joined(sql) is None:
            await self.send()
        self._added.append((sql, values))

    async def send(self) -> None:
        """Send what was added; the last takes the others along."""
        if self._added:
            sql, values = self._added.pop()
            await self.run(sql, **values)

    async def many(self, sql: LiteralString, items: Sequence[Mapping[str, Value]], /) -> None:
        text = self._statements[sql][0]
        lines = [self._statements.bind(sql, item)[1] for item in items]
        await self.send()
        await self._ask(lambda connection: connection.executemany(text, lines))

    async def script(self, text: str, /) -> None:
        await self.send()
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

    def _joined(self, sql: str) -> str | None:
        return self._statements.joined((*(each for each, _ in self._added), sql))

    async def _with_added(
        self, sql: LiteralString, values: Mapping[str, Value]
    ) -> tuple[str, Sequence[Value]]:
        """The statement with all that was added before it, sent by itself where it has to be."""
        own = self._statements.bind(sql, values)
        if not self._added:
            return own
        joined = self._joined(sql)
        if joined is None:
            await self.send()
            return own
        added, self._added = self._added, []
        before = chain.from_iterable(self._statements.bind(*each)[1] for each in added)
        return joined, [*before, *own[1]]

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


async def finished(body: Coroutine[Any, Any, T], tx: PostgresTransaction, name: str) -> T:
    """What the body answers, unless one of its statements failed."""
    token = in_transaction.set(True)
    try:
        outcome = await only_asking(body, tx, name)
        await tx.send()
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
