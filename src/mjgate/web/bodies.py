"""Reading bodies: bounded in bytes and time, and JSON whatever the client calls it."""

import asyncio
import codecs
from collections import deque
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

RESERVE: Final = 16
"""What part of the room only small bodies get: one of so many."""

_DIGITS_MOST: Final = 15

Body = Mapping[str, object]


_Turn = tuple[int, "asyncio.Future[None]"]


class Room:
    """
    Bytes of bodies that are held in memory at once, over all requests.

    A body that says how long it is gets all of its room before its first byte is read, and waits
    for it up to `patience` seconds: where twenty large ones come at once, some come a little later.
    A part is kept for small ones, so that nobody stops them by promising large ones.
    """

    def __init__(self, most: int, patience: float = 0.0) -> None:
        self._left = most
        self._reserve = most // RESERVE
        self._patience = patience
        self._turns: deque[_Turn] = deque()

    @contextmanager
    def share(self) -> Generator["Share"]:
        """A part of the room, given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            self._give(share.taken)

    def take(self, size: int, *, of: int) -> None:
        """Make room for more bytes of a body that has `of` bytes with them. Overloaded."""
        if size > self._free(of):
            raise _full()
        self._left -= size

    async def wait(self, size: int) -> None:
        """Make room for a whole body when it is its turn; small ones need none. Overloaded."""
        if size <= self._free(size) and (size <= SMALL or not self._turns):
            self._left -= size
            return
        turn = size, asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            async with asyncio.timeout(self._patience):
                await turn[1]
        except TimeoutError as error:
            self._leave(turn)
            raise _full() from error
        except asyncio.CancelledError:
            self._leave(turn)
            raise

    def _free(self, size: int) -> int:
        """The bytes that a body of this size may have of what is left."""
        return self._left if size <= SMALL else self._left - self._reserve

    def _leave(self, turn: _Turn) -> None:
        """Who waited is gone; what he was given a moment ago is free again."""
        if turn in self._turns:
            self._turns.remove(turn)
        self._give(0 if turn[1].cancelled() else turn[0])

    def _give(self, size: int) -> None:
        self._left += size
        while self._turns and self._turns[0][0] <= self._free(self._turns[0][0]):
            wanted, told = self._turns.popleft()
            if not told.cancelled():
                self._left -= wanted
                told.set_result(None)


class Share:
    """What one request has taken of the room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.taken = 0

    def take(self, size: int) -> None:
        """Make room for more bytes of the same request. Overloaded."""
        self._room.take(size, of=self.taken + size)
        self.taken += size

    async def wait(self, size: int) -> None:
        """Make room for all of a request before it comes. Overloaded."""
        await self._room.wait(size)
        self.taken += size


async def read(request: Request, most: int, share: Share) -> bytes:
    """The raw body. TooLarge, MediaType, Overloaded, BadJson for one that does not come."""
    length = _check_headers(request, most)
    await share.wait(length)
    body = bytearray()
    try:
        async with asyncio.timeout(DEADLINE):
            async for chunk in request.stream():
                if len(body) + len(chunk) > most:
                    raise _too_large(most)
                share.take(max(0, len(body) + len(chunk) - share.taken))
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


def _check_headers(request: Request, most: int) -> int:
    """Refuse what the headers tell already, before the first byte of the body; how long it is."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        msg = "The body must be sent as it is, without Content-Encoding."
        raise MediaType(msg)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not kind.endswith("json"):
        msg = "The body must be JSON: send the header 'Content-Type: application/json'."
        raise MediaType(msg)
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        return 0
    digits = length.lstrip("0") or "0"
    if len(digits) > _DIGITS_MOST or int(digits) > most:
        raise _too_large(most)
    return int(digits)


def _full() -> Overloaded:
    msg = "Too many large requests at once; nothing was charged, try again in a moment."
    return Overloaded(msg, retry_after=1)


def _too_large(most: int) -> TooLarge:
    msg = f"The body is too large; at most {most} bytes are taken."
    return TooLarge(msg, properties={"limit": most})
