"""What a place for bytes promises: content under its SHA-256, whole or not there at all."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from mjgate.files.draft import Draft


@dataclass(frozen=True, slots=True)
class Held:
    """A content that is there, and when it was last put there, in epoch milliseconds."""

    hash: str
    bytes: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a bucket is and what opens it; without a key, what the machine itself provides."""

    url: str  # s3://bucket/prefix
    endpoint: str = ""  # that of AWS unless said otherwise
    region: str = "us-east-1"
    key: str = ""
    secret: str = field(default="", repr=False)


class FilesUnusable(Exception):
    """The place for pictures cannot be used; the text says why."""


class Blobs(Protocol):
    """A place for bytes. What is missing raises FileNotFoundError, trouble of the place OSError."""

    async def put(self, data: bytes) -> str:
        """Keep `data`; its hash, once it is safely there."""
        ...

    def draft(self) -> AbstractAsyncContextManager[Draft]:
        """Bytes to be written piece by piece; gone after the block unless kept."""
        ...

    async def keep(self, draft: Draft) -> Held:
        """Put what the draft holds in its place, atomically and for good."""
        ...

    async def read(self, content_hash: str) -> bytes:
        """The whole content."""
        ...

    def stream(self, content_hash: str, first: int, length: int) -> AsyncIterator[bytes]:
        """`length` bytes of the content from `first` on, in pieces."""
        ...

    async def size(self, content_hash: str) -> int | None:
        """How many bytes the content has; None when it is not there."""
        ...

    async def delete(self, content_hash: str, *, unless_since: int) -> bool:
        """Remove the content; False if it was put anew since that moment, or is not there."""
        ...

    def each(self) -> AsyncIterator[Held]:
        """Everything that is there."""
        ...

    async def tidy(self, *, before: int) -> int:
        """Remove drafts that nobody has written to since that moment; how many."""
        ...

    async def free(self) -> int:
        """Bytes that this machine has left for drafts, and for a directory of contents."""
        ...

    async def check(self) -> None:
        """Write, read and remove a few bytes. FilesUnusable."""
        ...

    async def close(self) -> None:
        """Let go of what is held open."""
        ...
