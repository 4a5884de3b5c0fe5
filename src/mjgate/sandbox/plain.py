"""Pictures that cost nothing, for tests and measurements of everything but pictures."""

import struct
import zlib
from typing import Final

CLIP: Final = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp41") + struct.pack(
    ">I4s", 8, b"mdat"
)
"""The smallest file that shows itself as MP4."""


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
