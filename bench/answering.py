"""Small upstreams for measurements: a whole request in, an answer out, as fast as Python goes."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import cast

import uvloop


class Answering(asyncio.Protocol, ABC):
    """One connection, which may carry many requests."""

    def __init__(self) -> None:
        self._buffer = b""

    @abstractmethod
    def answer(self, head: bytes, body: bytes) -> bytes | None:
        """The JSON that a request is answered with; None for never."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self._buffer = b""
        body = self.answer(head, rest)
        if body is not None:
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n%b" % (len(body), body)
            )


def serve(pipe: Connection, connection: Callable[[], Answering]) -> None:
    """Serve on a free port, which is told, until the process is ended."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(connection, "127.0.0.1", 0, backlog=4096)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())
