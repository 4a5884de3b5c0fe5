"""Conditional requests and ranges, as HTTP has them: RFC 9110, sections 13 and 14."""

import re
from typing import Final

from starlette.datastructures import Headers

_ONE_RANGE: Final = re.compile(r"bytes=\s*(\d{0,1000})-(\d{0,1000})\s*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """No byte of the content is in the range that was asked for."""


def unchanged(headers: Headers, etag: str) -> bool:
    """Whether the client has this content already."""
    named = headers.get("if-none-match")
    if named is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in named.split(",")]
    return "*" in tags or etag in tags


def wanted(headers: Headers, etag: str, size: int) -> tuple[int, int] | None:
    """
    First byte and length of the one range that was asked for; None: the whole.

    What is no range of bytes, and several at once, count as none. So does a range of another
    content, by `If-Range`. Unsatisfiable.
    """
    found = _ONE_RANGE.fullmatch(headers.get("range", ""))
    if found is None or headers.get("if-range", etag) != etag:
        return None
    first, last = found[1], found[2]
    if not first and not last:
        return None
    if not first:
        length = min(int(last), size)
        if not length:
            raise Unsatisfiable
        return size - length, length
    start, end = int(first), min(int(last or size), size - 1)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, end - start + 1
