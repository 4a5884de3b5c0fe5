"""Bytes we keep, by their content: an image that was sent twice is stored once."""

import asyncio
import hashlib
import os
from pathlib import Path
from tempfile import NamedTemporaryFile


class Files:
    """A directory of contents, each under its SHA-256. Writing is atomic, reading is whole."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(self, data: bytes) -> str:
        """Keep `data`; its hash, once it is safely on disk."""
        return await asyncio.to_thread(self._put, data)

    async def read(self, content_hash: str) -> bytes:
        """The content. FileNotFoundError when it was never kept or is purged."""
        return await asyncio.to_thread(self._path(content_hash).read_bytes)

    def _path(self, content_hash: str) -> Path:
        return self.root / content_hash[:2] / content_hash

    def _put(self, data: bytes) -> str:
        content_hash = hashlib.sha256(data).hexdigest()
        path = self._path(content_hash)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(path)
            _sync(path.parent)
        return content_hash


def _sync(directory: Path) -> None:
    """Make the new name itself survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
