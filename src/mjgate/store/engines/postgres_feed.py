"""
The feed between processes on PostgreSQL: NOTIFY what changed here, LISTEN for what changed there.

Both go over one connection of their own, never over one that has a transaction open: a NOTIFY
takes a lock of the whole server when it commits. What changes within 50 ms goes out as one.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, final

import asyncpg

from mjgate.store.changes import Changes
from mjgate.store.engines.postgres_server import Server, told
from mjgate.store.engines.promises import StoreError

if TYPE_CHECKING:
    Alone: TypeAlias = asyncpg.Connection[asyncpg.Record]

log = logging.getLogger(__name__)

CHANNEL: Final = "mjgate_changes"
BATCH: Final = 0.05
"""Seconds between two messages of one process."""

MOST_IDS: Final = 400
"""Ids that fit into one message, whose limit is 8,000 bytes."""

MOST_PENDING: Final = 20_000
ALL: Final = "*"
"""What is said instead of more ids than that: look at everything."""

ASK: Final = 10.0
"""Seconds of silence after which we ask whether the connection still stands."""

SOONEST, LATEST = 0.1, 1.0  # seconds before the next attempt to connect

_TELL: Final = "SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message"


@final
class PostgresFeed:
    """One connection that tells and hears, made anew whenever it is lost."""

    def __init__(self, server: Server, changes: Changes) -> None:
        self._server = server
        self._changes = changes
        self._pending: dict[int, None] = {}
        self._overflown = False
        self._wake = asyncio.Event()
        self._closing = False
        self._listening = asyncio.Event()
        self._task = asyncio.create_task(self._serve(), name="mjgate-feed")

    async def listening(self, within: float) -> None:
        """Wait until others are heard, but not longer than so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._listening.wait()

    def note(self, task_ids: Sequence[int]) -> None:
        """Tell the others of these tasks soon."""
        self._pending.update(dict.fromkeys(task_ids))
        if len(self._pending) > MOST_PENDING:
            self._pending.clear()
            self._overflown = True
        self._wake.set()

    async def close(self) -> None:
        """Tell what is still to be told if the connection stands, then let go of it."""
        self._closing = True
        self._wake.set()
        if self._listening.is_set():
            await asyncio.wait({self._task}, timeout=LATEST)
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _serve(self) -> None:
        pause = SOONEST
        while not self._closing:
            try:
                async with self._connection() as connection:
                    pause = SOONEST
                    await self._exchange(connection)
            except StoreError as trouble:
                log.warning("other processes are not heard", extra={"why": str(trouble)})
            except Exception:
                log.exception("other processes are not heard")
            if not self._closing:
                self._changes.lose()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LATEST)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator["Alone"]:
        """A connection that listens; what was missed before it did is looked up by everybody."""
        connection = await self._server.connect_alone("mjgate feed")
        own = connection.get_server_pid()
        try:
            connection.add_termination_listener(lambda _: self._wake.set())
            await told(
                lambda alone: alone.add_listener(CHANNEL, partial(self._heard, own)), connection
            )
            self._changes.lose()
            self._listening.set()
            self._changes.hears = True
            yield connection
        finally:
            self._listening.clear()
            self._changes.hears = False
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                await connection.close(timeout=1)

    async def _exchange(self, connection: "Alone") -> None:
        """Send what is pending, at most once in 50 ms, until the connection is lost."""
        while not connection.is_closed():
            await self._rest(connection)
            if self._pending or self._overflown:
                await self._send(connection)
                await asyncio.sleep(BATCH)
            elif self._closing:
                return

    async def _rest(self, connection: "Alone") -> None:
        """Wait until there is something to send; ask now and then whether somebody is there."""
        while not (self._pending or self._overflown or self._closing or connection.is_closed()):
            self._wake.clear()
            try:
                async with asyncio.timeout(ASK):
                    await self._wake.wait()
            except TimeoutError:
                await told(lambda alone: alone.execute("SELECT 1", timeout=ASK), connection)

    async def _send(self, connection: "Alone") -> None:
        sent, all_of_them = list(self._pending), self._overflown
        messages = [ALL] if all_of_them else messages_of(sent)
        self._pending, self._overflown = {}, False
        try:
            await told(
                lambda alone: alone.execute(_TELL, CHANNEL, messages, timeout=ASK), connection
            )
        except StoreError:
            self._overflown = self._overflown or all_of_them
            self.note(sent)
            raise

    def _heard(self, own: int, _: object, pid: int, __: str, message: object) -> None:
        if pid == own:
            return
        if message == ALL:
            self._changes.lose()
        else:
            self._changes.publish(ids_of(str(message)))


def messages_of(task_ids: Sequence[int]) -> list[str]:
    """The ids as messages that PostgreSQL carries."""
    parts = (task_ids[at : at + MOST_IDS] for at in range(0, len(task_ids), MOST_IDS))
    return [" ".join(map(str, part)) for part in parts]


def ids_of(message: str) -> list[int]:
    """The ids of a message; what is no id was not said by us."""
    return [int(word) for word in message.split() if word.isascii() and word.isdigit()]
