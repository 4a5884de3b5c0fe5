"""Contents in a directory of this machine, each a file under its hash, the owner's alone."""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from mjgate.files.blobs import FilesUnusable, Held
from mjgate.files.draft import Desk, Draft, Handle

T = TypeVar("T")

THREADS: Final = 8
CHUNK: Final = 1 << 20
"""Bytes that are read at once."""

_HASH_DIGITS: Final = 64
_DRAFTS: Final = "drafts"


class Files:
    """A directory of contents. Writing is atomic: renamed into place once it is on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="files")
        self._desk = Desk(root / _DRAFTS, self._threads)

    async def put(self, data: bytes) -> str:
        """Keep `data`; its hash, once it is safely on disk."""
        content_hash = await self._off_loop(lambda: hashlib.sha256(data).hexdigest())
        if not await self._off_loop(self._renewed, content_hash):
            async with self.draft() as draft:
                await draft.write(data)
                await self.keep(draft)
        return content_hash

    def draft(self) -> AbstractAsyncContextManager[Draft]:
        """Bytes to be written piece by piece."""
        return self._desk.draft()

    async def keep(self, draft: Draft) -> Held:
        """Put what the draft holds in its place."""
        content_hash = await draft.seal()
        at = await self._off_loop(self._place, draft, content_hash)
        return Held(content_hash, draft.written, at)

    async def read(self, content_hash: str) -> bytes:
        """The content. FileNotFoundError when it was never kept or is purged."""
        return await self._off_loop(self._path(content_hash).read_bytes)

    async def stream(self, content_hash: str, first: int, length: int) -> AsyncIterator[bytes]:
        """A part of the content, in pieces; small ones take one turn of a thread."""
        path, left = self._path(content_hash), length
        file, piece = await self._off_loop(_open, path, first, min(left, CHUNK))
        try:
            while piece:
                first, left = first + len(piece), left - len(piece)
                yield piece
                piece = await self._read(file, first, min(left, CHUNK)) if left else b""
        finally:
            if not file.close_if_idle():
                self._threads.submit(file.close)

    async def _read(self, file: Handle, first: int, most: int) -> bytes:
        """What lies in the system's memory is read at once; what is on the disk, on a thread."""
        if file.at_hand(first, most):
            return file.read(first, most)
        return await self._off_loop(file.read, first, most)

    async def size(self, content_hash: str) -> int | None:
        """Its bytes; None when it is not there."""
        return await self._off_loop(_size, self._path(content_hash))

    async def delete(self, content_hash: str, *, unless_since: int) -> bool:
        """Remove the content unless it was put anew since, in whichever process."""
        return await self._off_loop(_delete, self._path(content_hash), unless_since)

    async def each(self) -> AsyncIterator[Held]:
        """Everything that is there, a page of a directory at a time."""
        shelves = await self._off_loop(lambda: sorted(self.root.glob("??")))
        for shelf in shelves:
            for held in await self._off_loop(_all_in, shelf):
                yield held

    async def tidy(self, *, before: int) -> int:
        """Remove drafts of processes that died."""
        return await self._off_loop(self._desk.tidy, before)

    async def free(self) -> int:
        """Bytes left on the disk."""
        return await self._off_loop(self._desk.free)

    async def check(self) -> None:
        """Write a few bytes and take them away again. FilesUnusable."""
        try:
            async with self.draft() as draft:
                await draft.write(b"mjgate")
                await draft.seal()
        except OSError as error:
            raise FilesUnusable(f"{self.root}: {error.strerror}") from error

    async def close(self) -> None:
        """End the threads, when they have done what they do."""
        await asyncio.to_thread(self._threads.shutdown)

    def _path(self, content_hash: str) -> Path:
        return self.root / content_hash[:2] / content_hash

    def _renewed(self, content_hash: str) -> bool:
        """Whether the content is there; it counts as put just now, and is not deleted meanwhile."""
        path = self._path(content_hash)
        try:
            with _held(path.parent, fcntl.LOCK_SH):
                os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def _place(self, draft: Draft, content_hash: str) -> int:
        path = self._path(content_hash)
        if not self._renewed(content_hash):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            draft.path.replace(path)
            draft.moved = True
            _sync(path.parent)
        return _moment(path)

    async def _off_loop(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _open(path: Path, first: int, most: int) -> tuple[Handle, bytes]:
    """The file, and what is read of it first: for small ones that is all."""
    file = Handle(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    try:
        return file, file.read(first, most)
    except BaseException:
        file.close()
        raise


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _moment(path: Path) -> int:
    return path.stat().st_mtime_ns // 1_000_000


def _all_in(shelf: Path) -> list[Held]:
    found: list[Held] = []
    for path in sorted(shelf.iterdir()):
        with suppress(FileNotFoundError):
            if len(path.name) == _HASH_DIGITS:
                found.append(Held(path.name, path.stat().st_size, _moment(path)))
    return found


def _delete(path: Path, unless_since: int) -> bool:
    try:
        with _held(path.parent, fcntl.LOCK_EX):
            if _moment(path) >= unless_since:
                return False
            path.unlink()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _held(directory: Path, how: int) -> Generator[None]:
    """Lock the directory against the other processes of this machine."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


def _sync(directory: Path) -> None:
    """Make the new name itself survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
