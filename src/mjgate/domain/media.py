"""What there is to keep of a finished task: pictures, cuts of a grid, clips, and small versions."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from mjgate.domain.clock import SECOND
from mjgate.domain.task import State, Task

CUTS: Final = 4
KEPT: Final = "blob:"
"""Begins a result's address when the content is kept here already; its hash follows."""

_UPSAMPLE: Final = "mj::job::upsample::"
_LATEST: Final = 1 << 42
"""Epoch milliseconds (in 2109) beyond which a date in an address is none."""


class Kind(StrEnum):
    """What it is, as its address says."""

    IMAGE = "image"  # 0 is the task's picture, from 1 on one of several, or a cut of the grid
    VIDEO = "video"  # from 0
    INPUT = "input"  # what was sent along with the request


class Size(StrEnum):
    """A smaller version, as WebP."""

    WHOLE = ""
    THUMB = "thumb"
    SMALL = "small"
    LARGE = "large"


class Piece(NamedTuple):
    """One content of a task. Without a source it is made here, from the task's picture."""

    kind: Kind
    n: int
    source: str


def is_grid(task: Task) -> bool:
    """Whether the task's picture is four: then any of them can be upscaled."""
    return (
        task.state is State.SUCCESS
        and bool(task.result.image_url)
        and not task.result.video_urls
        and any(each.custom_id.lower().startswith(_UPSAMPLE) for each in task.result.buttons)
    )


def pieces(task: Task) -> Iterator[Piece]:
    """All that there is to keep of the task."""
    result = task.result
    if result.image_url:
        yield Piece(Kind.IMAGE, 0, result.image_url)
    for n, url in enumerate(result.image_urls, 1):
        yield Piece(Kind.IMAGE, n, url)
    if is_grid(task):
        for n in range(len(result.image_urls) + 1, CUTS + 1):
            yield Piece(Kind.IMAGE, n, "")
    for n, url in enumerate(result.video_urls):
        yield Piece(Kind.VIDEO, n, url)


def expiry_of(url: str) -> int | None:
    """When the address itself says that it ends (`ex=` in hex seconds), in epoch milliseconds."""
    try:
        said = parse_qs(urlsplit(url).query).get("ex", [""])[0]
        moment = int(said, 16) * SECOND
    except ValueError:
        return None
    return moment if 0 < moment < _LATEST else None
