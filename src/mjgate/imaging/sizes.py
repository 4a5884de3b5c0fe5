"""Sizes and bounds of pictures: what both ends of the pipe to a worker speak of."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from mjgate.imaging.errors import TooManyPixels


@dataclass(frozen=True, slots=True)
class Size:
    """What the head of a picture says: pixels, media type, and frames (1 for a still one)."""

    width: int
    height: int
    type: str
    frames: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one picture may take."""

    pixels: int = 50_000_000  # of one frame
    frames: int = 1_000
    all_pixels: int = 500_000_000  # of all frames together
    memory: int = 1 << 30  # bytes of address space of a worker
    seconds: float = 20

    def check(self, size: Size) -> None:
        """Refuse before a pixel is decoded. TooManyPixels."""
        pixels = size.width * size.height
        if pixels > self.pixels:
            raise TooManyPixels(
                f"The picture has {size.width:,} x {size.height:,} pixels; "
                f"{self.pixels:,} may be used."
            )
        if size.frames > self.frames or pixels * size.frames > self.all_pixels:
            raise TooManyPixels(
                f"The picture has {size.frames:,} frames of {size.width:,} x {size.height:,} "
                f"pixels; {self.frames:,} frames and {self.all_pixels:,} pixels may be used."
            )


class Margins(NamedTuple):
    """What is added on each side of a picture, in hundredths of that side's length."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


class Thumbnail(StrEnum):
    """How large a small picture is."""

    THUMB = "thumb"
    SMALL = "small"
    LARGE = "large"

    @property
    def edge(self) -> int:
        """Pixels of the longer side, at most."""
        return _EDGES[self]


_EDGES: Final = {Thumbnail.THUMB: 160, Thumbnail.SMALL: 400, Thumbnail.LARGE: 1_024}
