"""JPEG, segment by segment: its size, and the file without what it tells of its maker."""

import re
import struct
from collections.abc import Iterator
from typing import Final

from mjgate.imaging import tiff
from mjgate.imaging.errors import NotAPicture
from mjgate.imaging.sizes import Size

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_EXIF: Final = 0xE1
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_APPLICATIONS: Final = frozenset(range(0xE0, 0xF0))
_COMMENT: Final = 0xFE
_NEEDED: Final = ((0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))
"""Application segments that change how the picture looks."""

_JFIF: Final = 16
"""Bytes of a JFIF segment without its own small picture, its length included."""

_MARKER: Final = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)


def measure(data: bytes) -> Size:
    """What the head says. NotAPicture."""
    for marker, content, _ in _segments(data):
        if marker in _FRAMES:
            try:
                height, width = struct.unpack_from(">xHH", content)
            except struct.error:
                break
            if width and height:
                return Size(width, height, "image/jpeg")
            break
    raise NotAPicture


def strip(data: bytes) -> bytes:
    """The same pixels without EXIF, XMP, comments and whatever stands behind the end."""
    kept = bytearray(b"\xff\xd8")
    turn = 1
    for marker, content, scan in _segments(data):
        if marker == _EXIF and bytes(content[:4]) == b"Exif":
            turn = tiff.orientation(bytes(content))
            continue
        if marker == _END:
            return bytes(kept[:2]) + _turned(turn) + bytes(kept[2:]) + b"\xff\xd9"
        if marker in _APPLICATIONS or marker == _COMMENT:
            kept += _needed(marker, bytes(content))
        else:
            kept += _segment(marker, content)
        kept += scan
    raise NotAPicture("The JPEG breaks off before its end.")


def _segments(data: bytes) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Marker, content, and the coded pixels that follow it (behind a scan's head only)."""
    view = memoryview(data)
    at = 2
    while found := _MARKER.match(data, at):
        marker = data[found.end() - 1]
        at = found.end()
        if marker == _END:
            yield marker, view[:0], view[:0]
            return
        size = int.from_bytes(data[at : at + 2], "big")
        if size < 2 or at + size > len(data):  # noqa: PLR2004  the length counts itself
            break
        content = view[at + 2 : at + size]
        at += size
        after = at
        if marker == _SCAN:
            end = _MARKER.search(data, at)
            after = end.start() if end else len(data)
        yield marker, content, view[at:after]
        at = after
    raise NotAPicture("The JPEG breaks off.")


def _needed(marker: int, content: bytes) -> bytes:
    for known, name in _NEEDED:
        if marker == known and content.startswith(name):
            if name == b"JFIF\0":
                content = content[: _JFIF - 4] + b"\0\0"
            return _segment(marker, content)
    return b""


def _turned(turn: int) -> bytes:
    exif = tiff.only(turn)
    return _segment(_EXIF, b"Exif\0\0" + exif) if exif else b""


def _segment(marker: int, content: bytes | memoryview) -> bytes:
    return b"".join((b"\xff", bytes([marker]), struct.pack(">H", len(content) + 2), content))
