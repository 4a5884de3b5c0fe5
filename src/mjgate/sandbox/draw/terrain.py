"""Land as real height over a plain, seen in perspective from a little above it."""

from dataclasses import dataclass

import numpy as np

from mjgate.sandbox.draw.canvas import Canvas, Field, Whole
from mjgate.sandbox.draw.noise import sample
from mjgate.sandbox.draw.relief import Relief

_SLICES = 260


@dataclass(frozen=True)
class Ground:
    """What is seen of the land, per pixel."""

    depth: Field
    """How far away; infinite where there is sky."""
    across: Field
    """World x."""
    height: Field
    cover: Field
    """How much of the pixel the nearest land fills, for soft outlines."""
    lit: Field
    """Sunlight on the slope, 0 to 1, cast shadows counted."""
    steep: Field
    open: Field
    """How much of the sky the place sees, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Looks level along z from over the origin."""

    middle: float
    horizon: float
    height: float
    focus: float = 1.1
    near: float = 0.9
    far: float = 60.0


def seen(canvas: Canvas, camera: Camera, relief: Relief) -> Ground:
    """Find for every pixel the first land on its way, column by column."""
    steps = np.linspace(0.0, 1.0, _SLICES, dtype=np.float32)
    z = np.float32(camera.near) * np.float32(camera.far / camera.near) ** steps
    slant = (canvas.x - np.float32(camera.middle)) / np.float32(camera.focus)
    heights = relief.height(slant * z[:, None], np.repeat(z[:, None], canvas.width, 1))
    rise = np.float32(camera.focus) * (heights - np.float32(camera.height)) / z[:, None]
    top = np.maximum.accumulate(rise, axis=0)
    rows = (np.float32(camera.horizon) - top - np.float32(canvas.view.top)) / np.float32(
        canvas.pixel
    ) - 0.5
    index = _first(rows, canvas.height)
    return _read(canvas, camera, relief, index, z, rise, rows)


def _first(rows: Field, height: int) -> Whole:
    """For every pixel the number of the first slice that reaches up to it."""
    slices, width = rows.shape
    ends = np.clip(np.ceil(rows), 0, height).astype(np.int64)
    cells: Whole = np.add(ends * width, np.arange(width, dtype=np.int64)).ravel()
    flat = np.bincount(cells, minlength=(height + 1) * width)
    return slices - np.cumsum(flat.reshape(height + 1, width), axis=0)[:height]


def _read(
    canvas: Canvas,
    camera: Camera,
    relief: Relief,
    index: Whole,
    z: Field,
    rise: Field,
    rows: Field,
) -> Ground:
    sky = index >= _SLICES
    at = np.minimum(index, _SLICES - 1)
    before = np.maximum(at - 1, 0)
    columns = np.arange(canvas.width)[None, :]
    want = np.float32(camera.horizon) - canvas.y
    low, high = rise[before, columns], rise[at, columns]
    t = np.clip((want - low) / np.maximum(high - low, 1e-6), 0.0, 1.0)
    t = np.where(index == 0, np.float32(1.0), t)
    depth = z[before] + (z[at] - z[before]) * t
    across = (canvas.x - np.float32(camera.middle)) / np.float32(camera.focus) * depth
    pixel_row = np.arange(canvas.height, dtype=np.float32)[:, None]
    cover = np.clip(pixel_row + 1.0 - rows[at, columns], 0.0, 1.0)
    shade = relief.shade(across, depth)
    return Ground(
        depth=np.where(sky, np.float32(np.inf), depth),
        across=across,
        height=np.float32(camera.height) + want * depth / np.float32(camera.focus),
        cover=np.where(sky, np.float32(0.0), cover),
        lit=shade[0],
        steep=shade[1],
        open=shade[2],
    )


def detail(field: Field, ground: Ground, scale: float) -> Field:
    """A texture laid on the land, `scale` widths per world unit, faded out in the distance."""
    depth = np.where(np.isfinite(ground.depth), ground.depth, np.float32(1.0))
    value = sample(field, ground.across * np.float32(scale), depth * np.float32(scale))
    fade = np.clip(1.4 - depth * np.float32(scale) / 6.0, 0.0, 1.0)
    return (value - 0.5) * fade
