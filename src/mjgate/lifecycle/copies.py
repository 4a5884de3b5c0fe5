"""
Pictures and clips under way from a channel: each is fetched once, and any number may watch.

What arrives goes into a draft on disk, from which those who asked are served while it grows: a
slow reader holds up neither the copy nor the other readers, and nothing is held in memory.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from mjgate.domain.errors import GatewayError
from mjgate.domain.image import sniff
from mjgate.files import Draft
from mjgate.imaging import BadPicture

log = logging.getLogger(__name__)

AT_ONCE: Final = 16
AT_ONCE_OF_A_HOST: Final = 6
HEAD: Final = 12
"""Bytes that show what a file is."""

_MP4_MARK: Final = b"ftyp"

Chunks = AsyncIterator[bytes]
Opened = tuple[Chunks, int | None]
"""The bytes of an answer as they come, and how many there will be if that was said."""


class NotMedia(GatewayError):
    """What came is neither a picture nor a clip."""


class Copy:
    """One copy under way. `head` is set when its type is known, `done` when it is over."""

    def __init__(self) -> None:
        self.type = ""
        self.length: int | None = None
        self.head = asyncio.Event()
        self.done = asyncio.Event()
        self.error: Exception | None = None
        self._draft: Draft | None = None
        self._read: Callable[[int], Awaitable[bytes]] | None = None
        self._more = asyncio.Event()

    async def known(self) -> None:
        """Wait until its type is known; raises what went wrong before."""
        await self.head.wait()
        if self.error is not None and not self.type:
            raise self.error

    async def finished(self) -> None:
        """Wait until it is over; raises what went wrong."""
        await self.done.wait()
        if self.error is not None:
            raise self.error

    async def content(self) -> AsyncGenerator[bytes]:
        """Every byte of it, as it arrives."""
        draft, read = self._draft, self._read
        if draft is None or read is None:
            raise self.error or NotMedia
        at = 0
        while True:
            more, over = self._more, self.done.is_set()
            while at < draft.written:
                piece = await read(at)
                at += len(piece)
                yield piece
            if over:
                break
            await more.wait()
        if self.error is not None:
            raise self.error

    async def fill(self, draft: Draft, opened: Opened) -> None:
        """Let the bytes come. NotMedia as soon as they show themselves to be none."""
        chunks, self.length = opened
        head = b""
        async for chunk in chunks:
            if not self.type:
                head += chunk
                if len(head) < HEAD:
                    continue
                self.type, chunk = _type_of(head), head  # noqa: PLW2901  all that came so far
                self._draft, self._read = draft, draft.reader()
            if await draft.write(chunk):
                self._stir()
        if not self.type:
            raise NotMedia
        await draft.flush()
        self._stir()

    def end(self, error: Exception | None = None) -> None:
        """It is over; whoever waits is told."""
        self.error = error
        self.done.set()
        self._stir()

    def _stir(self) -> None:
        """Wake those who wait for more."""
        self.head.set()
        more, self._more = self._more, asyncio.Event()
        more.set()


def _type_of(head: bytes) -> str:
    found = sniff(head) or ("video/mp4" if head[4:8] == _MP4_MARK else None)
    if found is None:
        raise NotMedia
    return found


Key = tuple[object, ...]
Work = Callable[[Copy], Awaitable[None]]


class Copies:
    """Every copy under way in this process, and how many there may be at once."""

    def __init__(self) -> None:
        self._running: dict[Key, tuple[Copy, asyncio.Task[None]]] = {}
        self._all = asyncio.Semaphore(AT_ONCE)
        self._of_host: dict[str, tuple[asyncio.Semaphore, int]] = {}

    def of(self, key: Key, work: Work) -> Copy:
        """The copy under way, or one that begins now; it goes on without those who asked."""
        found = self._running.get(key)
        if found is None:
            copy = Copy()
            task = asyncio.create_task(self._run(copy, work))
            found = self._running[key] = copy, task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return found[0]

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncGenerator[None]:
        """A place among those that may fetch at once, from this host and at all."""
        host = urlsplit(url).netloc
        places, users = self._of_host.get(host, (asyncio.Semaphore(AT_ONCE_OF_A_HOST), 0))
        self._of_host[host] = places, users + 1
        try:
            async with places, self._all:
                yield
        finally:
            places, users = self._of_host.pop(host)
            if users > 1:
                self._of_host[host] = places, users - 1

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.gather(*(task for _, task in self._running.values()))

    async def close(self) -> None:
        """Give up what is under way: it is resumed by whoever claims it next."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, copy: Copy, work: Work) -> None:
        try:
            await work(copy)
        except (GatewayError, BadPicture, OSError) as error:
            copy.end(error)
        except Exception as error:
            log.exception("a copy went wrong")
            copy.end(error)
        finally:
            if not copy.done.is_set():
                copy.end(NotMedia("The copy was given up."))
