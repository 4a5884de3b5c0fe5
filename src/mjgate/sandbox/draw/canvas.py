"""
The sheet a picture is painted on, in units that do not know about pixels.

A scene is 1 high and `aspect` wide; a view is a window on it, so the same scene can be drawn
small, large, or from further back.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Field = NDArray[np.floating]
"""One number per pixel, shape (height, width); float32, but for short sums in between."""

Whole = NDArray[np.int64]
"""A whole number per pixel."""

Paint = NDArray[np.floating]
"""Red, green and blue per pixel, 0 to 1 but for highlights, shape (height, width, 3)."""


@dataclass(frozen=True, slots=True)
class View:
    """A window on the scene."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Canvas:
    """A view at a size in pixels."""

    width: int
    height: int
    view: View

    @property
    def pixel(self) -> float:
        """Scene units per pixel."""
        return (self.view.bottom - self.view.top) / self.height

    @cached_property
    def x(self) -> Field:
        """Where the pixel centres are from left to right, shape (1, width)."""
        steps = (np.arange(self.width, dtype=np.float32) + 0.5) / self.width
        return (self.view.left + steps * (self.view.right - self.view.left))[None, :]

    @cached_property
    def y(self) -> Field:
        """Where the pixel centres are from top to bottom, shape (height, 1)."""
        steps = (np.arange(self.height, dtype=np.float32) + 0.5) / self.height
        return (self.view.top + steps * (self.view.bottom - self.view.top))[:, None]

    def column(self, x: float) -> float:
        """The pixel column of a place."""
        return (x - self.view.left) / (self.view.right - self.view.left) * self.width

    def row(self, y: float) -> float:
        """The pixel row of a place."""
        return (y - self.view.top) / self.pixel

    def blank(self, value: float = 0.0) -> Field:
        """A field of one value."""
        return np.full((self.height, self.width), value, dtype=np.float32)


def smooth(low: float, high: float, value: Field) -> Field:
    """0 below `low`, 1 above `high`, and no corner between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mix(under: Paint, over: Paint | Field, alpha: Field | float) -> Paint:
    """Lay `over` on `under`; `alpha` is a field or one number."""
    if not isinstance(alpha, np.ndarray) or alpha.ndim != under.ndim - 1:
        return under + (over - under) * alpha
    # Channel by channel: numpy is slow where the innermost axis is broadcast.
    shape = np.broadcast_shapes(under.shape[:-1], over.shape[:-1], alpha.shape)
    out = np.empty((*shape, 3), dtype=np.float32)
    for c in range(3):
        below = under[..., c]
        out[..., c] = below + (over[..., c] - below) * alpha
    return out


def blur(field: Field, radius: float) -> Field:
    """Gaussian blur by `radius` pixels; works on fields and paints."""
    if radius < 0.3:
        return field
    if field.ndim == 3:
        return np.stack([blur(field[..., c], radius) for c in range(3)], axis=-1)
    shrink = max(1, int(radius / 3))
    height, width = field.shape
    picture = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    small = picture.resize(
        (max(2, width // shrink), max(2, height // shrink)), Image.Resampling.BOX
    )
    return np.asarray(
        _gauss(small, radius / shrink).resize((width, height), Image.Resampling.BICUBIC)
    )


def _gauss(picture: Image.Image, radius: float) -> Image.Image:
    """Pillow blurs no float pictures, so do it with a separable kernel by hand."""
    reach = max(1, int(radius * 2.5 + 0.5))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2).astype(np.float32)
    taps /= taps.sum()
    field = np.asarray(picture)
    for axis in (0, 1):
        pads = [(reach, reach) if axis == a else (0, 0) for a in (0, 1)]
        wide = np.pad(field, pads, mode="edge")
        count = field.shape[axis]
        field = sum(
            (
                tap * (wide[k : k + count] if axis == 0 else wide[:, k : k + count])
                for k, tap in enumerate(taps)
            ),
            start=np.zeros_like(field),
        )
    return Image.fromarray(field.astype(np.float32))


def to_image(paint: Paint) -> Image.Image:
    """Round to bytes."""
    return Image.fromarray((np.clip(paint, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8))


def to_paint(image: Image.Image) -> Paint:
    """Bytes to numbers from 0 to 1."""
    return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255.0)


def resize(paint: Paint, size: tuple[int, int]) -> Paint:
    """To another size in pixels (width, height)."""
    return to_paint(to_image(paint).resize(size, Image.Resampling.LANCZOS))


def sharpen(image: Image.Image, radius: float, percent: int) -> Image.Image:
    """Unsharp mask."""
    return image.filter(ImageFilter.UnsharpMask(radius=radius, percent=percent, threshold=2))
