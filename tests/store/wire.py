"""A wire between us and PostgreSQL that can be cut at a chosen word."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path


class Cut(Enum):
    """When to cut the wire on which the word was seen."""

    BEFORE_IT_ARRIVES = auto()
    BEFORE_THE_ANSWER = auto()
    LATE = auto()
    """The connection is lost at once, but the word arrives when it is let through."""


@dataclass
class Wire:
    """
    Carries bytes both ways; `cut_at` makes it cut the next connection that says `word`.

    `was_cut` tells that it has happened; `let_through` lets what is LATE arrive.
    """

    server: Path
    port: int = 0
    was_cut: asyncio.Event = field(default_factory=asyncio.Event)
    let_through: asyncio.Event = field(default_factory=asyncio.Event)
    _word: bytes | None = None
    _passes: int = 0
    _cut: Cut = Cut.BEFORE_IT_ARRIVES
    _answers_to_drop: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    def cut_at(self, word: str, cut: Cut, *, passes: int = 0) -> None:
        """The word may be said `passes` times before it is cut."""
        self._word = word.encode()
        self._cut = cut
        self._passes = passes

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end hangs up or it is cut."""
        try:
            from_server, to_server = await asyncio.open_unix_connection(self.server)
        except OSError:
            writer.close()
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._asking(reader, to_server, writer))
                both.create_task(self._answering(from_server, writer))
        except* ConnectionError:
            pass
        finally:
            for end in (writer, to_server):
                end.close()
                with contextlib.suppress(ConnectionError):
                    await end.wait_closed()

    async def _asking(
        self,
        reader: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
    ) -> None:
        while data := await reader.read(1 << 16):
            if self._is_said(data):
                if self._cut is Cut.BEFORE_IT_ARRIVES:
                    raise ConnectionAbortedError
                if self._cut is Cut.LATE:
                    writer.transport.abort()
                    await self.let_through.wait()
                    to_server.write(data)
                    raise ConnectionAbortedError
                self._answers_to_drop.add(writer)
            to_server.write(data)
        raise ConnectionAbortedError

    def _is_said(self, data: bytes) -> bool:
        if self._word is None or self._word not in data:
            return False
        self._passes -= 1
        if self._passes >= 0:
            return False
        self._word = None
        self.was_cut.set()
        return True

    async def _answering(
        self, from_server: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await from_server.read(1 << 16):
            if writer in self._answers_to_drop:
                self._answers_to_drop.discard(writer)
                raise ConnectionAbortedError
            writer.write(data)
        raise ConnectionAbortedError


@contextlib.asynccontextmanager
async def wire_to(server: Path) -> AsyncGenerator[Wire]:
    """A wire to the server whose socket is in the folder `server`, on a port of this machine."""
    wire = Wire(server / ".s.PGSQL.5432")
    listener = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    async with listener:
        wire.port = listener.sockets[0].getsockname()[1]
        yield wire
