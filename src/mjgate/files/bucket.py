"""Contents in a bucket of any store that speaks S3. Drafts are made on this machine."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from mjgate.files.blobs import FilesUnusable, Held, Place
from mjgate.files.draft import Desk, Draft

if TYPE_CHECKING:  # the library has these for checkers only
    from obstore import ObjectMeta
    from obstore.store import S3Config

CHUNK: Final = 1 << 20
_PART: Final = 8 << 20
_THREADS: Final = 4
_PROBE: Final = "mjgate-check"
_PAGE: Final = 1_000
_HASH_DIGITS: Final = 64

T = TypeVar("T")


class Bucket:
    """
    A bucket of contents, under `prefix`.

    Atomic because an object of S3 is there whole or not at all. Its errors become OSError.
    """

    def __init__(self, place: Place, desk: Path) -> None:
        name, _, prefix = place.url.removeprefix("s3://").partition("/")
        self._where = place.url
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="files")
        self._desk = Desk(desk, self._threads)
        keys: S3Config = {"region": place.region}
        if place.endpoint:
            keys["endpoint"] = place.endpoint
        if place.key:
            keys |= {"access_key_id": place.key, "secret_access_key": place.secret}
        self._store = S3Store(
            name,
            prefix=prefix.strip("/") or None,
            config=keys,
            client_options={
                "allow_http": place.endpoint.startswith("http://"),
                "connect_timeout": "10s",
                "timeout": "120s",
            },
        )

    async def put(self, data: bytes) -> str:
        """Keep `data`; what is there already is put again, so that it counts as new."""
        content_hash = await self._off_loop(lambda: hashlib.sha256(data).hexdigest())
        with _told():
            await obstore.put_async(self._store, _name(content_hash), data, chunk_size=_PART)
        return content_hash

    def draft(self) -> AbstractAsyncContextManager[Draft]:
        """Bytes to be written piece by piece, on this machine."""
        return self._desk.draft()

    async def keep(self, draft: Draft) -> Held:
        """Send what the draft holds."""
        content_hash = await draft.seal()
        with _told():
            name = _name(content_hash)
            await obstore.put_async(self._store, name, draft.path, chunk_size=_PART)
            meta = await obstore.head_async(self._store, name)
        return _held(meta)

    async def read(self, content_hash: str) -> bytes:
        """The whole content."""
        with _told():
            found = await obstore.get_async(self._store, _name(content_hash))
            return bytes(await found.bytes_async())

    async def stream(self, content_hash: str, first: int, length: int) -> AsyncIterator[bytes]:
        """A part of the content, in pieces as they come."""
        if length <= 0:
            return
        with _told():
            found = await obstore.get_async(
                self._store, _name(content_hash), options={"range": (first, first + length)}
            )
            async for piece in found.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

    async def size(self, content_hash: str) -> int | None:
        """Its bytes; None when it is not there."""
        try:
            with _told():
                return (await obstore.head_async(self._store, _name(content_hash)))["size"]
        except FileNotFoundError:
            return None

    async def delete(self, content_hash: str, *, unless_since: int) -> bool:
        """Remove the content unless it was put anew since; looked at right before."""
        try:
            with _told():
                held = _held(await obstore.head_async(self._store, _name(content_hash)))
                if held.at >= unless_since:
                    return False
                await obstore.delete_async(self._store, _name(content_hash))
        except FileNotFoundError:
            return False
        return True

    async def each(self) -> AsyncIterator[Held]:
        """Everything that is there, a page of the listing at a time."""
        with _told():
            pages = obstore.list(self._store, chunk_size=_PAGE)  # pyright: ignore[reportUnknownMemberType]  other overloads name a type of a library we have not
            async for page in pages:
                for meta in page:
                    held = _held(meta)
                    if len(held.hash) == _HASH_DIGITS:
                        yield held

    async def tidy(self, *, before: int) -> int:
        """Remove drafts of processes that died."""
        return await self._off_loop(self._desk.tidy, before)

    async def free(self) -> int:
        """Bytes left for drafts."""
        return await self._off_loop(self._desk.free)

    async def check(self) -> None:
        """Write an object and take it away again. FilesUnusable."""
        try:
            with _told():
                await obstore.put_async(self._store, _PROBE, b"mjgate")
                await obstore.delete_async(self._store, _PROBE)
        except OSError as error:
            raise FilesUnusable(f"{self._where}: {error}") from error

    async def close(self) -> None:
        """End the threads."""
        await asyncio.to_thread(self._threads.shutdown)

    async def _off_loop(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


@contextmanager
def _told() -> Generator[None]:
    """Turn what the library raises into OSError; what is missing is FileNotFoundError already."""
    try:
        yield
    except BaseError as error:
        raise OSError(str(error).partition("\n")[0]) from error


def _name(content_hash: str) -> str:
    return f"{content_hash[:2]}/{content_hash}"


def _held(meta: "ObjectMeta") -> Held:
    name = meta["path"].rpartition("/")[2]
    return Held(name, meta["size"], int(meta["last_modified"].timestamp() * 1_000))
