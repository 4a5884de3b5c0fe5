"""A line to a server that loses answers when told to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from tests.served import accepting

_CHUNK = 64 * 1024


@dataclass
class Line:
    """Where it begins, and how many answers to submits it will still lose; what it has carried."""

    target: int
    port: int = 0
    lose: int = 0
    submits: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def line_to(port: int) -> AsyncGenerator[Line]:
    """Carry what comes to a port of its own to `port`, for as long as the block lasts."""
    line = Line(port)
    async with accepting(partial(_carry, line)) as line.port:
        yield line


async def _carry(line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection; it may carry many questions, but a submit comes on one of its own."""
    there, back = await asyncio.open_connection("127.0.0.1", line.target)
    head = await reader.readuntil(b"\r\n\r\n")
    back.write(head)
    going = asyncio.create_task(_pump(reader, back))
    try:
        if b"/submit/" in head.partition(b"\r\n")[0]:
            line.submits += 1
            if line.lose:
                line.lose -= 1
                await there.readuntil(b"\r\n\r\n")  # it has answered, and nobody will know
                return
        await _pump(there, writer)
    finally:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        back.close()
        with suppress(ConnectionError):
            await back.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_CHUNK):
        writer.write(piece)
        await writer.drain()
