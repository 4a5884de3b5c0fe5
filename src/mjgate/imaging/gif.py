"""GIF, block by block: its size, and the file without what it tells of its maker."""

import struct
from collections.abc import Iterator
from typing import Final

from mjgate.imaging.errors import NotAPicture
from mjgate.imaging.sizes import Size

_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
_COMMENT, _APPLICATION, _TEXT = 0xFE, 0xFF, 0x01
_LOOPS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_SCREEN: Final = 13
_IMAGE_HEAD: Final = 10


def measure(data: bytes) -> Size:
    """The screen, or what its frames reach beyond it, and how many frames. NotAPicture."""
    if len(data) < _SCREEN:
        raise NotAPicture
    width, height = struct.unpack_from("<HH", data, 6)
    frames = 0
    for kind, start, _ in _blocks(data):
        if kind == _IMAGE:
            left, top, wide, high = struct.unpack_from("<4H", data, start + 1)
            width, height = max(width, left + wide), max(height, top + high)
            frames += 1
    if not (width and height and frames):
        raise NotAPicture
    return Size(width, height, "image/gif", frames)


def strip(data: bytes) -> bytes:
    """The same frames without comments, texts and what stands behind the end."""
    kept = bytearray()
    for kind, start, end in _blocks(data):
        if kind != _EXTENSION or _shown(data, start):
            kept += data[start:end]
    return data[: _palette(data, 10, _SCREEN)] + bytes(kept)


def _shown(data: bytes, start: int) -> bool:
    label = data[start + 1]
    if label == _APPLICATION:
        return data[start + 3 : start + 14] in _LOOPS
    return label not in {_COMMENT, _TEXT}


def _blocks(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, start and end of each block, the one that ends the file included. NotAPicture."""
    at = _palette(data, 10, _SCREEN)
    while at < len(data):
        start, kind = at, data[at]
        if kind == _END:
            yield kind, start, start + 1
            return
        if kind == _EXTENSION:
            at = _past(data, start + 2)
        elif kind == _IMAGE:
            at = _past(data, _palette(data, start + 9, start + _IMAGE_HEAD) + 1)
        else:
            break
        yield kind, start, at
    raise NotAPicture("The GIF breaks off before its end.")


def _palette(data: bytes, flags: int, after: int) -> int:
    """Where the colours end that begin at `after`, if the flags say that there are some."""
    if flags >= len(data):
        raise NotAPicture
    packed = data[flags]
    return after + (3 << (packed & 7) + 1 if packed & 0x80 else 0)


def _past(data: bytes, at: int) -> int:
    """Behind a run of parts, each with its length before it."""
    while at < len(data):
        size = data[at]
        at += size + 1
        if not size:
            return at
    raise NotAPicture("The GIF breaks off within a frame.")
