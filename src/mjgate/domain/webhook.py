"""
Webhooks: how an event is named, signed and tried again.

The scheme is Standard Webhooks: three headers beside the body, and a signature over
`<id>.<timestamp>.<body>`. Source: the specification at standardwebhooks.com, version 1.
"""

import base64
import binascii
import hmac
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from mjgate.domain.clock import SECOND

PREFIX: Final = "whsec_"
"""What a secret begins with; the rest is base64."""

ANSWER_KEPT: Final = 2 * 1024
"""Bytes of a receiver's answer that the log keeps."""

GROWTH: Final = 3
JITTER: Final = 0.25

_OK: Final = range(200, 300)
_GONE: Final = 410
_TROUBLE: Final = 500


@dataclass(frozen=True, slots=True, order=True)
class EventId:
    """Names one event; the same in every attempt, so that a receiver can tell a repeat."""

    task_id: int
    seq: int
    kind: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The id that `str` wrote; None for any other text."""
        match text.split("_"):
            case ["evt", task_id, seq, kind] if _digits(task_id) and _digits(seq):
                return cls(int(task_id), int(seq), kind)
            case _:
                return None

    def __str__(self) -> str:
        return f"evt_{self.task_id}_{self.seq}_{self.kind}"


def headers(
    event: str, body: bytes, secrets: Sequence[str], *, at: int, kind: str = "application/json"
) -> Mapping[str, str]:
    """The headers that go with `body`, signed with every secret; `at` in epoch milliseconds."""
    stamp = str(at // SECOND)
    signed = event.encode() + b"." + stamp.encode() + b"." + body
    return {
        "Content-Type": kind,
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{_mac(secret, signed)}" for secret in secrets),
    }


def pause(event: EventId, tries: int, *, first: int, most: int) -> int:
    """
    How long to rest after the failure number `tries`: longer each time.

    `first` and `most` bound it, in milliseconds; then up to a quarter is added, by chance of the
    event's name, so that what failed together does not come back together.
    """
    grown = min(first * GROWTH ** min(tries - 1, 20), most)
    chance = zlib.crc32(f"{event} {tries}".encode()) / 2**32
    return int(grown * (1 + JITTER * chance))


def delivered(status: int | None) -> bool:
    """Whether the receiver took it."""
    return status in _OK


def well(status: int | None) -> bool:
    """Whether the receiver works, even if it does not want this."""
    return status is not None and status < _TROUBLE


def gone(status: int | None) -> bool:
    """Whether the receiver wants nothing more at this address."""
    return status == _GONE


def endpoint(url: str) -> str:
    """The address without user, query and fragment: what is paused, counted and shown."""
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{host(url)}{parts.path}"


def host(url: str) -> str:
    """Host and port of a well-formed address: receivers there share one line."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _mac(secret: str, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def _key(secret: str) -> bytes:
    """The bytes of a secret: base64 behind its prefix, else the text itself."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
