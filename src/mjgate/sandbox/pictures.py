"""The pictures of jobs: drawn when somebody looks, kept while there is room, drawn again if not."""

import struct
import zlib
from collections import OrderedDict
from hashlib import blake2b
from typing import Final

from mjgate.domain.image import sniff
from mjgate.sandbox import views
from mjgate.sandbox.jobs import Job

ROOM: Final = 256 * 1024 * 1024
"""Bytes of pictures kept in memory; as much again for inputs."""


class Shelf:
    """Bytes by name, the least wanted thrown out where there is no more room."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.used = 0
        self.items: OrderedDict[str, bytes] = OrderedDict()

    def get(self, name: str) -> bytes | None:
        data = self.items.get(name)
        if data is not None:
            self.items.move_to_end(name)
        return data

    def put(self, name: str, data: bytes) -> None:
        if name in self.items:
            return
        self.items[name] = data
        self.used += len(data)
        while self.used > self.room and len(self.items) > 1:
            _, thrown = self.items.popitem(last=False)
            self.used -= len(thrown)


class Pictures:
    """Every picture and clip that the sandbox serves."""

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain
        self.inputs = Shelf()
        self.drawn = Shelf()

    def keep(self, data: bytes) -> str:
        """Keep an input; its name stands for its bytes."""
        name = blake2b(data, digest_size=16).hexdigest()
        self.inputs.put(name, data)
        return name

    async def describe(self, job: Job) -> tuple[str, ...]:
        """Four prompts that could have drawn the job's input."""
        return tuple(f"a picture, take {n} of {job.id}" for n in range(1, 5))

    async def of(self, job: Job, name: str) -> tuple[bytes, str] | None:
        """A file of the job by its name, with its media type; None if it has no such file."""
        stem, _, number = name.partition("-")
        if stem == "input":
            at = int(number) - 1 if number.isdigit() else -1
            data = self.inputs.get(job.images[at]) if 0 <= at < len(job.images) else None
            return (data, sniff(data) or "image/png") if data else None
        return flat(job.seed, views.size(job)), "image/png"


def flat(seed: int, size: tuple[int, int]) -> bytes:
    """A PNG of four quarters in four colours of the seed, a sixteenth of `size`."""
    width, height = max(2, size[0] // 16), max(2, size[1] // 16)
    colours = [struct.pack(">I", (seed * (n + 1) * 2654435761) % 2**32)[:3] for n in range(4)]
    left = width // 2
    rows = [b"\0" + colours[top] * left + colours[top + 1] * (width - left) for top in (0, 2)]
    pixels = rows[0] * (height // 2) + rows[1] * (height - height // 2)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
