"""
Hops: which gateways of our kind a request has come through, so that none works for itself.

Every submit that goes upstream carries the ids of the installations it came through, and ours. The
ids are all that is taken over from a caller's headers, and only in the form in which we make them.
"""

import re
from typing import Final

from mjgate.domain.errors import Loop

HEADER: Final = "Mjgate-Hops"

MOST: Final = 5
"""Gateways that a request may have come through; no honest chain is longer."""

_ID: Final = re.compile(r"[0-9a-f]{16}")
_UNKNOWN: Final = "0" * 16


def read(header: str) -> tuple[str, ...]:
    """The ids in the header; what is none counts as a gateway all the same."""
    named = (each.strip() for each in header.split(",", MOST + 1))
    return tuple(each if _ID.fullmatch(each) else _UNKNOWN for each in named if each)


def check(hops: tuple[str, ...], own: str) -> None:
    """Refuse what has been here before, or has come too far. Loop."""
    if own in hops:
        raise Loop
    if len(hops) > MOST:
        msg = f"The request has come through more than {MOST} gateways."
        raise Loop(msg)


def onward(hops: tuple[str, ...], own: str) -> str:
    """The header of a request that goes on from here."""
    return ",".join((*hops, own))
