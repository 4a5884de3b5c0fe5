"""Reading bodies: bounded in bytes and time, and JSON whatever the client calls it."""

import asyncio
import codecs
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final, cast

import msgspec
from starlette.requests import ClientDisconnect, Request

from mjgate.domain.errors import BadJson, MediaType, Overloaded, TooLarge

SMALL: Final = 256 * 1024
"""The limit for everything but submits."""

DEADLINE: Final = 60.0
"""Seconds that a client may take to send a body."""

_DIGITS_MOST: Final = 15

Body = Mapping[str, object]


class Room:
    """Bytes of bodies that are held in memory at once, over all requests."""

    def __init__(self, most: int) -> None:
        self._left = most

    @contextmanager
    def share(self) -> Generator["Share"]:
        """A part of the room, given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            self._left += share.taken

    def take(self, size: int) -> None:
        """Make room for more bytes. Overloaded when there is none."""
        if size > self._left:
            msg = "Too many large requests at once; nothing was charged, try again in a moment."
            raise Overloaded(msg, retry_after=1)
        self._left -= size


class Share:
    """What one request has taken of the room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.taken = 0

    def take(self, size: int) -> None:
        """Make room for more bytes of the same request. Overloaded."""
        self._room.take(size)
        self.taken += size


async def read(request: Request, most: int, share: Share) -> bytes:
    """The raw body. TooLarge, MediaType, Overloaded, BadJson for one that does not come."""
    _check_headers(request, most)
    body = bytearray()
    try:
        async with asyncio.timeout(DEADLINE):
            async for chunk in request.stream():
                if len(body) + len(chunk) > most:
                    raise _too_large(most)
                share.take(len(chunk))
                body += chunk
    except (TimeoutError, ClientDisconnect) as error:
        msg = f"The body did not arrive within {DEADLINE:.0f} s."
        raise BadJson(msg) from error
    return bytes(body)


def decode(body: bytes) -> Body:
    """The JSON object in `body`; `null` and nothing at all are an empty one. BadJson."""
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        value: object = msgspec.json.decode(body) if body.strip() else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"The body is not JSON: {str(error)[:200]}."
        raise BadJson(msg) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadJson
    return cast("Body", value)


def _check_headers(request: Request, most: int) -> None:
    """Refuse what the headers tell already, before the first byte of the body."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        msg = "The body must be sent as it is, without Content-Encoding."
        raise MediaType(msg)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not kind.endswith("json"):
        msg = "The body must be JSON: send the header 'Content-Type: application/json'."
        raise MediaType(msg)
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit():
        digits = length.lstrip("0")
        if len(digits) > _DIGITS_MOST or int(digits or "0") > most:
            raise _too_large(most)


def _too_large(most: int) -> TooLarge:
    msg = f"The body is too large; at most {most} bytes are taken."
    return TooLarge(msg, properties={"limit": most})
