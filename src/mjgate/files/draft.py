"""Bytes on their way in: a temporary file that is written once and may be read meanwhile."""

import asyncio
import errno
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkstemp
from threading import Lock
from typing import Final, TypeVar

T = TypeVar("T")

PIECE: Final = 1 << 18
"""Bytes that are written, or read, at once."""


class Handle:
    """
    An open file for threads.

    Whoever waits for a thread may leave; so it is closed only when no thread is at work with it,
    and at the latest when nobody knows it any more.
    """

    def __init__(self, number: int) -> None:
        self._lock = Lock()
        self._number = number

    def read(self, first: int, most: int) -> bytes:
        """Up to `most` bytes from `first` on."""
        with self._lock:
            return os.pread(self._open, most, first)

    def at_hand(self, first: int, most: int) -> bool:
        """Whether both ends of it can be read without waiting for the disk, or for a thread."""
        if sys.platform != "linux" or not self._lock.acquire(blocking=False):
            return False
        try:
            return all(
                os.preadv(self._open, [bytearray(1)], at, os.RWF_NOWAIT) == 1
                for at in (first, first + most - 1)
            )
        except OSError:  # it would have to wait, or this file system does not say
            return False
        finally:
            self._lock.release()

    def write(self, data: bytes) -> None:
        """Add all of it at the end."""
        rest = memoryview(data)
        with self._lock:
            while rest:
                rest = rest[os.write(self._open, rest) :]

    def sync(self) -> None:
        """Make what was written survive a power cut."""
        with self._lock:
            os.fsync(self._open)

    def again(self) -> "Handle":
        """The same file for somebody else, who closes it himself."""
        return Handle(os.dup(self._open))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._shut()

    def close_if_idle(self) -> bool:
        """The same, unless a thread is at work with it."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._shut()
        finally:
            self._lock.release()
        return True

    def __del__(self) -> None:
        self.close()

    def _shut(self) -> None:
        if self._number >= 0:
            os.close(self._number)
            self._number = -1

    @property
    def _open(self) -> int:
        if self._number < 0:
            raise OSError(errno.EBADF, "the file is closed")
        return self._number


class Draft:
    """
    Bytes that are not kept yet. One writes, any number read; `written` is what can be read.

    Disk and hashing happen on threads; OSError when the disk is full.
    """

    def __init__(self, path: Path, file: Handle, threads: Executor) -> None:
        self.path = path
        self.written = 0
        self.moved = False
        self._file = file
        self._threads = threads
        self._hash = hashlib.sha256()
        self._waiting = bytearray()

    async def write(self, data: bytes) -> bool:
        """Add some bytes; True when they, and all before, can be read now."""
        self._waiting += data
        if len(self._waiting) < PIECE and self.written:
            return False
        await self.flush()
        return True

    async def flush(self) -> None:
        """Make all that was added readable."""
        if self._waiting:
            data, self._waiting = bytes(self._waiting), bytearray()
            await self._off_loop(self._write, data)
            self.written += len(data)

    async def seal(self) -> str:
        """Make the bytes survive a power cut; their hash. Nothing is added afterwards."""
        await self.flush()
        await self._off_loop(self._file.sync)
        return self._hash.hexdigest()

    async def whole(self) -> bytes:
        """All that was added, in memory."""
        await self.flush()
        return await self._off_loop(self._file.read, 0, self.written)

    def reader(self) -> Callable[[int], Awaitable[bytes]]:
        """A way to read what is written, a piece from a place on; it may outlive the draft."""
        file = self._file.again()

        async def read(first: int) -> bytes:
            return await self._off_loop(file.read, first, min(PIECE, self.written - first))

        return read

    def close(self) -> None:
        """Let go of the file; it vanishes unless it was moved to its place."""
        self._file.close()
        if not self.moved:
            self.path.unlink(missing_ok=True)

    async def _off_loop(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._file.write(data)


class Desk:
    """The directory of drafts, the owner's alone."""

    def __init__(self, root: Path, threads: Executor) -> None:
        self._root = root
        self._threads = threads

    @asynccontextmanager
    async def draft(self) -> AsyncGenerator[Draft]:
        """A new draft for as long as the block lasts."""
        loop = asyncio.get_running_loop()
        handle, path = await loop.run_in_executor(self._threads, self._made)
        draft = Draft(path, Handle(handle), self._threads)
        try:
            yield draft
        finally:
            await asyncio.shield(loop.run_in_executor(self._threads, draft.close))

    def _made(self) -> tuple[int, Path]:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = mkstemp(dir=self._root)  # mode 0600
        return handle, Path(name)

    def tidy(self, before: int) -> int:
        """Remove what was left by processes that died; how many files."""
        removed = 0
        for path in self._root.glob("*"):
            if path.stat().st_mtime * 1_000 < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def free(self) -> int:
        """Bytes left on the disk that holds the drafts."""
        root = self._root
        while not root.exists():
            root = root.parent
        return shutil.disk_usage(root).free
