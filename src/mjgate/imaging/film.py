"""
The first frame of a film, where Pillow can decode it: AV1 in an MP4, no other.

An AVIF sequence is an ISO media file with an AV1 track, as such an MP4 is: the two differ in the
brand of the file and in the kind of the track, so a few words are changed in place.
"""

import struct
from collections.abc import Iterator
from typing import Final

_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_DEEPEST: Final = 8
_BRANDS: Final = b"avismsf1iso8"


def as_pictures(film: bytes) -> bytes | None:
    """The film as an AVIF sequence; None when it has no AV1 track."""
    data = bytearray(film)
    found = False
    for kind, start, end in _boxes(data, 0, len(data), 0):
        match kind:
            case b"ftyp" if end - start >= len(_BRANDS) + 4:
                room = (end - start - 8) // 4 * 4
                data[start : start + 4] = b"avis"
                data[start + 8 : start + 8 + room] = (_BRANDS + b"iso8" * (room // 4))[:room]
            case b"hdlr" if data.startswith(b"vide", start + 8):
                data[start + 8 : start + 12] = b"pict"
            case b"stsd":
                found = found or data.startswith(b"av01", start + 12)
            case _:
                pass
    return bytes(data) if found else None


def _boxes(data: bytearray, start: int, end: int, deep: int) -> Iterator[tuple[bytes, int, int]]:
    """Every box with the places where its content begins and ends."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:  # noqa: PLR2004  its own head; 0 and 1: the pixels
            return
        yield kind, start + 8, start + size
        if kind in _CONTAINERS and deep < _DEEPEST:
            yield from _boxes(data, start + 8, start + size, deep + 1)
        start += size
