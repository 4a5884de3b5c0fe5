"""What goes through the pipe to a worker and back: a length, then MessagePack."""

from typing import Final

import msgspec

from mjgate.imaging.sizes import Limits, Size

LENGTH: Final = 8
"""Bytes of the length before each message."""


class Job(msgspec.Struct, array_like=True):
    """What a worker is asked to do: `probe`, `strip`, `turn`, `thumbnail`, `cut` …"""

    name: str
    limits: Limits
    data: bytes
    size: str = ""
    margins: tuple[int, int, int, int] = (0, 0, 0, 0)


class Done(msgspec.Struct, array_like=True):
    """What became of it; `error` names a class of `errors`, `turned` is what does not stand up."""

    error: str = ""
    text: str = ""
    size: Size | None = None
    parts: list[bytes] = []
    turned: bool = False


def packed(message: Job | Done) -> tuple[bytes, bytes]:
    """The length and the message, to be written one after the other."""
    content = msgspec.msgpack.encode(message)
    return len(content).to_bytes(LENGTH, "big"), content
