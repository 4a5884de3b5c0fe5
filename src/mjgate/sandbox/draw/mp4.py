"""
Frames to an MP4 that plays everywhere AV1 does, with nothing but Pillow.

An AVIF sequence (ISO/IEC 23000-22, `avis`) is an ISO media file with an AV1 track, as an MP4 is;
the two differ in the brands, the kind of the track, and a still picture for the impatient.
"""

import io
import struct
from collections.abc import Iterator, Sequence

from PIL import Image

_CONTAINERS = {b"moov", b"trak", b"mdia"}
_BRANDS = b"isomiso8iso6av01mp41"
_SPEED = 9


def encode(frames: Sequence[Image.Image], *, rate: int = 25, quality: int = 68) -> bytes:
    """An MP4 with one AV1 track; the sides of the frames must be even."""
    sheet = io.BytesIO()
    frames[0].save(
        sheet,
        "AVIF",
        save_all=True,
        append_images=frames[1:],
        duration=1000 // rate,
        quality=quality,
        speed=_SPEED,
        max_threads=1,
    )
    return _as_mp4(bytearray(sheet.getvalue()), len(frames) * (1000 // rate))


def _as_mp4(data: bytearray, milliseconds: int) -> bytes:
    """Change words in place, so that no offset moves."""
    for kind, start, end in _boxes(data, 0, len(data)):
        match kind:
            case b"ftyp":
                room = (end - start - 8) // 4 * 4
                data[start : start + 4] = b"isom"
                data[start + 8 : start + 8 + room] = (_BRANDS + b"isom" * 8)[:room]
            case b"meta" | b"edts":
                data[start - 4 : start] = b"free"
            case b"hdlr":
                data[start + 8 : start + 12] = b"vide"
            case b"mvhd" | b"mdhd":
                _times(data, start, 24, milliseconds)
            case b"tkhd":
                _times(data, start, 28, milliseconds)
            case _:
                pass
    return bytes(data)


def _times(data: bytearray, start: int, duration: int, milliseconds: int) -> None:
    """No clock in the file (same frames, same bytes), and an end to the film."""
    struct.pack_into(">QQ", data, start + 4, 0, 0)
    struct.pack_into(">Q", data, start + duration, milliseconds)


def _boxes(data: bytearray, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Every box with the places where its content begins and ends."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, start + 8, start + size
        if kind in _CONTAINERS:
            yield from _boxes(data, start + 8, start + size)
        start += max(size, 8)
