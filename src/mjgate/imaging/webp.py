"""WebP, chunk by chunk: its size, and the file without what it tells of its maker."""

import struct
from collections.abc import Iterator
from typing import Final

from mjgate.imaging import tiff
from mjgate.imaging.errors import NotAPicture
from mjgate.imaging.sizes import Size

_HEAD: Final = 12
_FRAME_HEAD: Final = 16
_PIXELS: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_SHOWN: Final = _PIXELS | {b"VP8X", b"ICCP", b"ANIM", b"ANMF"}
_HAS_EXIF, _HAS_XMP = 0x08, 0x04


def measure(data: bytes) -> Size:
    """The canvas and the frames; each frame's own size is looked at too. NotAPicture."""
    size = (0, 0)
    frames = 0
    for kind, content in _chunks(data, _HEAD, _end(data)):
        if kind == b"ANMF":
            frames += 1
        size = _larger(size, _size(kind, bytes(content[:32])))
    if not all(size):
        raise NotAPicture
    return Size(*size, "image/webp", max(1, frames))


def is_lossless(data: bytes) -> bool:
    """Whether the picture was kept exactly."""
    return any(kind == b"VP8L" for kind, _ in _chunks(data, _HEAD, _end(data)))


def strip(data: bytes) -> bytes:
    """The same pixels without EXIF, XMP and whatever stands behind the end."""
    chunks = list(_chunks(data, _HEAD, _end(data)))
    exif = next((bytes(content) for kind, content in chunks if kind == b"EXIF"), b"")
    turn = tiff.only(tiff.orientation(exif))
    kept = bytearray()
    for kind, content in chunks:
        if kind == b"VP8X" and content:
            flags = content[0] & ~(_HAS_EXIF | _HAS_XMP) | (_HAS_EXIF if turn else 0)
            kept += _chunk(kind, bytes([flags]) + bytes(content[1:]))
        elif kind == b"ANMF":
            kept += _chunk(kind, _frame(bytes(content)))
        elif kind in _SHOWN:
            kept += _chunk(kind, content)
    if turn:
        kept += _chunk(b"EXIF", turn)
    return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WEBP" + kept


def _end(data: bytes) -> int:
    """Where the file says that it ends. NotAPicture when it breaks off before."""
    try:
        end = struct.unpack_from("<I", data, 4)[0] + 8
    except struct.error:
        raise NotAPicture from None
    if end > len(data):
        raise NotAPicture("The WebP breaks off before its end.")
    return end


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, at)
        if at + 8 + size > end:
            raise NotAPicture("The WebP breaks off within a chunk.")
        yield kind, view[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _size(kind: bytes, head: bytes) -> tuple[int, int]:
    """The pixels that a chunk declares; none for those that declare none."""
    try:
        match kind:
            case b"VP8X":
                return _three(head, 4) + 1, _three(head, 7) + 1
            case b"ANMF":
                return _three(head, 6) + 1, _three(head, 9) + 1
            case b"VP8 ":
                width, height = struct.unpack_from("<HH", head, 6)
                return width & 0x3FFF, height & 0x3FFF
            case b"VP8L":
                (bits,) = struct.unpack_from("<I", head, 1)
                return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
            case _:
                return 0, 0
    except struct.error:
        raise NotAPicture from None


def _larger(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return max(one[0], other[0]), max(one[1], other[1])


def _three(head: bytes, at: int) -> int:
    low, high = struct.unpack_from("<HB", head, at)
    return low | high << 16


def _frame(content: bytes) -> bytes:
    kept = bytearray(content[:_FRAME_HEAD])
    for kind, part in _chunks(content, _FRAME_HEAD, len(content)):
        if kind in _PIXELS:
            kept += _chunk(kind, part)
    return bytes(kept)


def _chunk(kind: bytes, content: bytes | memoryview) -> bytes:
    return b"".join((kind, struct.pack("<I", len(content)), content, b"\0" * (len(content) % 2)))
