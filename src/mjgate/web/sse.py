"""
Server-sent events: the one place that writes them, and the answer that sends them.

Source of the format: the HTML standard, section "Server-sent events".
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from starlette.types import Receive, Scope, Send

EVENTS: Final = "text/event-stream"
HEARTBEAT: Final = b": still here\n\n"
HELLO: Final = b"retry: 2000\n\n"
"""A client that lost the connection comes back after so many milliseconds."""

_HEADERS: Final = [
    (b"content-type", f"{EVENTS}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # or nginx would keep it until there is more
]


def event(number: int, data: bytes, *, name: str = "") -> bytes:
    """One event; `data` is JSON on one line, `number` is what `Last-Event-ID` brings back."""
    kind = f"event: {name}\n" if name else ""
    return f"id: {number}\n{kind}data: ".encode() + data + b"\n\n"


def last_seen(text: str | None) -> int | None:
    """The number in a `Last-Event-ID` header; None where there is none that we gave out."""
    if text and text.isascii() and text.isdigit() and len(text) <= 18:  # noqa: PLR2004  < 2**63
        return int(text)
    return None


class Stream:
    """Sends what `parts` makes, each part when the one before is gone; ends with the client."""

    def __init__(self, parts: AsyncGenerator[bytes]) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del scope
        sending = asyncio.create_task(self._send(send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
        if not sending.cancelled() and (error := sending.exception()) is not None:
            raise error

    async def _send(self, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
            await send({"type": "http.response.body", "body": HELLO, "more_body": True})
            async for part in self._parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await self._parts.aclose()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
