"""
A client that asks as fast as it is answered, over connections that stay open.

It speaks just enough HTTP for that: every answer names its length. Run as a process of its own, so
that the server under test has a core to itself.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

Requests = Callable[[int], bytes]
"""The nth request, as bytes."""

_HEAD_END = b"\r\n\r\n"


@dataclass
class Tally:
    """What came of it. Times in seconds."""

    asked: int = 0
    answered: int = 0
    failed: int = 0
    waits: list[float] = field(default_factory=list[float])
    first_failure: bytes = b""

    def percentile(self, share: float) -> float:
        """The wait that this share of the answers stayed below."""
        ordered = sorted(self.waits)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


class _Line(asyncio.Protocol):
    """One connection: asks again as soon as it is answered."""

    def __init__(self, requests: Requests, total: int, tally: Tally, good: bytes) -> None:
        self._requests = requests
        self._total = total
        self._tally = tally
        self._good = good
        self._buffer = b""
        self._since = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(_HEAD_END)
        if not found:
            return
        at = head.lower().index(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(rest) >= length:
            self._buffer = rest[length:]
            self._answered(head, rest[:length])

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self.done.done():
            self._tally.failed += 1
            self.done.set_result(None)

    def _answered(self, head: bytes, body: bytes) -> None:
        tally = self._tally
        tally.waits.append(time.perf_counter() - self._since)
        if head.startswith(b"HTTP/1.1 200") and self._good in body:
            tally.answered += 1
        else:
            tally.failed += 1
            tally.first_failure = tally.first_failure or head[:40] + body[:200]
        self._ask()

    def _ask(self) -> None:
        if self._tally.asked >= self._total:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._tally.asked += 1
        self._since = time.perf_counter()
        self._transport.write(self._requests(self._tally.asked))


async def ask(
    port: int, requests: Requests, total: int, *, connections: int, good: bytes = b""
) -> Tally:
    """Send `total` requests over so many connections; an answer counts if `good` is in it."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    lines: list[_Line] = []
    for _ in range(connections):
        _, line = await loop.create_connection(
            lambda: _Line(requests, total, tally, good), "127.0.0.1", port
        )
        lines.append(line)
    await asyncio.gather(*(line.done for line in lines))
    return tally
