"""PNG, chunk by chunk: its size, and the file without what it tells of its maker."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from mjgate.imaging import tiff
from mjgate.imaging.errors import NotAPicture
from mjgate.imaging.sizes import Size

_HEAD: Final = 8
_SHOWN: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD hIST pHYs "
    b"cICP mDCV cLLI acTL fcTL fdAT".split()
)
"""Chunks that a picture is drawn from."""


def measure(data: bytes) -> Size:
    """What the head says. NotAPicture."""
    frames = 1
    size = (0, 0)
    for kind, content in _chunks(data):
        if kind == b"IHDR":
            size = _pair(content)
        if kind == b"acTL":
            frames = _pair(content)[0]
        if kind == b"IDAT":
            break
    if not all(size):
        raise NotAPicture
    return Size(*size, "image/png", max(1, frames))


def strip(data: bytes) -> bytes:
    """The same pixels without texts, times, places and whatever stands behind the end."""
    kept = bytearray(data[:_HEAD])
    turn = b""
    for kind, content in _chunks(data):
        if kind == b"eXIf":
            turn = tiff.only(tiff.orientation(bytes(content)))
        if turn and kind in {b"IDAT", b"IEND"}:
            kept += _chunk(b"eXIf", turn)
            turn = b""
        if kind in _SHOWN:
            kept += _chunk(kind, content)
        if kind == b"IEND":
            return bytes(kept)
    raise NotAPicture("The PNG breaks off before its end.")


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    at = _HEAD
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            raise NotAPicture("The PNG breaks off within a chunk.")
        yield kind, view[at + 8 : at + 8 + size]
        at += 12 + size


def _pair(content: memoryview) -> tuple[int, int]:
    try:
        first, second = struct.unpack_from(">II", content)
    except struct.error:
        raise NotAPicture from None
    return first, second


def _chunk(kind: bytes, content: bytes | memoryview) -> bytes:
    check = zlib.crc32(content, zlib.crc32(kind))
    return b"".join((struct.pack(">I4s", len(content), kind), content, struct.pack(">I", check)))
