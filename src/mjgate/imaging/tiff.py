"""The one thing of EXIF that a picture cannot do without: which side is up."""

import struct
from typing import Final

_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
_UPRIGHT: Final = 1
_LAST: Final = 8
_ENTRY: Final = 12


def orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, of an EXIF block; 1 when it names none that can be read."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return _UPRIGHT
    try:
        return _found(exif, order)
    except struct.error:
        return _UPRIGHT


def _found(exif: bytes, order: str) -> int:
    (start,) = struct.unpack_from(order + "I", exif, 4)
    (count,) = struct.unpack_from(order + "H", exif, start)
    for place in range(start + 2, start + 2 + count * _ENTRY, _ENTRY):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, place)
        if tag == _ORIENTATION and kind == _SHORT:
            return value if _UPRIGHT <= value <= _LAST else _UPRIGHT
    return _UPRIGHT


def only(turn: int) -> bytes:
    """An EXIF block that says which side is up and nothing else; empty when that is the top."""
    if turn == _UPRIGHT:
        return b""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, turn, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
