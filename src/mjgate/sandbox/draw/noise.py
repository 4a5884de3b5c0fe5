"""Noise that is the same at every size, from hashed lattices; more pixels show more octaves."""

import hashlib
from collections.abc import Iterator
from math import ceil, floor, log2

import numpy as np
from PIL import Image

from mjgate.sandbox.draw.canvas import Canvas, Field


def seeded(*parts: object) -> int:
    """A 32-bit number from anything that prints the same every time."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=4).digest())


def dice(*parts: object) -> np.random.Generator:
    """A random generator that belongs to these words."""
    return np.random.Generator(np.random.PCG64(seeded(*parts)))


def lattice(seed: int, columns: range, rows: range) -> Field:
    """Random values 0 to 1 that belong to whole-numbered places, shape (rows, columns)."""
    with np.errstate(over="ignore"):
        across = np.arange(columns.start, columns.stop, dtype=np.int64).astype(np.uint32)[None, :]
        down = np.arange(rows.start, rows.stop, dtype=np.int64).astype(np.uint32)[:, None]
        h = across * np.uint32(0x9E3779B1) ^ (down * np.uint32(0x85EBCA77) + np.uint32(seed))
        h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
        h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
        h ^= h >> np.uint32(15)
    return (h >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24)


def octave(canvas: Canvas, across: float, down: float, seed: int) -> Field:
    """One layer with `across` and `down` cells per scene unit, 0 to 1."""
    view = canvas.view
    left, right = view.left * across, view.right * across
    top, bottom = view.top * down, view.bottom * down
    columns = range(floor(left) - 2, ceil(right) + 3)
    rows = range(floor(top) - 2, ceil(bottom) + 3)
    picture = Image.fromarray(lattice(seed, columns, rows))
    box = (left - columns.start, top - rows.start, right - columns.start, bottom - rows.start)
    size = (canvas.width, canvas.height)
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC, box=box))


def _octaves(frequency: float, pixel: float, most: int) -> int:
    return max(1, min(most, floor(log2(1.0 / (frequency * pixel * 1.5)))))


def _weights(count: int, gain: float) -> Iterator[tuple[int, float]]:
    for k in range(count):
        yield k, gain**k


def fbm(
    canvas: Canvas,
    frequency: float,
    seed: int,
    *,
    stretch: float = 1.0,
    gain: float = 0.5,
    most: int = 9,
) -> Field:
    """Fractal noise around 0.5; `stretch` > 1 draws it out sideways."""
    total = canvas.blank()
    for k, weight in _weights(_octaves(frequency, canvas.pixel, most), gain):
        scale = frequency * 2**k
        layer = octave(canvas, scale / stretch, scale, seed + 101 * k)
        total += (layer - np.float32(0.5)) * np.float32(weight)
    # The sum of all octaves, seen and unseen, so that a larger picture is no stronger.
    return total * np.float32(1.7 * (1.0 - gain)) + np.float32(0.5)


def line(places: Field, frequency: float, seed: int, *, pixel: float, gain: float = 0.5) -> Field:
    """Fractal noise along one axis, around 0."""
    total = np.zeros(places.shape, dtype=np.float32)
    for k, weight in _weights(_octaves(frequency, pixel, 10), gain):
        at = places * np.float32(frequency * 2**k)
        first, last = floor(float(at.min())) - 1, ceil(float(at.max())) + 2
        values = lattice(seed + 101 * k, range(first, last + 1), range(1))[0] - np.float32(0.5)
        cell = np.floor(at).astype(np.int64)
        t = at - cell
        t = t * t * (3 - 2 * t)
        left, right = values[cell - first], values[cell - first + 1]
        total += (left + (right - left) * t) * np.float32(weight)
    return total * np.float32(2.0 * (1.0 - gain))


def texture(seed: int, size: int, *, cells: int = 4, gain: float = 0.5, most: int = 7) -> Field:
    """A square of fractal noise that repeats without a seam, around 0.5."""
    total = np.zeros((size, size), dtype=np.float32)
    count = max(1, min(most, floor(log2(size / cells))))
    for k, weight in _weights(count, gain):
        n = cells * 2**k
        total += np.float32(weight) * (
            wrapped(lattice(seed + 101 * k, range(n), range(n)), size) - 0.5
        )
    return total * np.float32(1.7 * (1.0 - gain)) + np.float32(0.5)


def wrapped(values: Field, size: int) -> Field:
    """Enlarge a lattice whose right edge meets its left."""
    n = values.shape[0]
    picture = Image.fromarray(np.pad(values, 3, mode="wrap"))
    return np.asarray(
        picture.resize((size, size), Image.Resampling.BICUBIC, box=(3, 3, n + 3, n + 3))
    )


def sample(field: Field, across: Field, down: Field) -> Field:
    """Read a repeating texture, its sides powers of two, at places in its own widths."""
    height, width = field.shape
    u, v = across * np.float32(width), down * np.float32(height)
    left, top = np.floor(u), np.floor(v)
    s, t = u - left, v - top
    # Sides are powers of two, so the rest of a division is a mask.
    x0, y0 = left.astype(np.int32) & (width - 1), top.astype(np.int32) & (height - 1)
    x1, y1 = (x0 + 1) & (width - 1), (y0 + 1) & (height - 1)
    flat = field.ravel()
    upper, lower = y0 * width, y1 * width
    a = flat[upper + x0]
    a += (flat[upper + x1] - a) * s
    b = flat[lower + x0]
    b += (flat[lower + x1] - b) * s
    return a + (b - a) * t


def clamped(field: Field, columns: Field, rows: Field) -> Field:
    """Read a field or paint at pixel places, the edge beyond its edge, between its rows."""
    height, width = field.shape[:2]
    x = np.clip(columns + 0.5, 0, width - 1).astype(np.int32)
    row = np.clip(rows, 0, height - 1.001)
    y = row.astype(np.int32)
    t = row - y
    below = np.minimum(y + 1, height - 1)
    if field.ndim == 3:
        t = t[..., None]
    upper = field[y, x]
    return upper + (field[below, x] - upper) * t


def fbm_plain(size: tuple[int, int], cells: int, seed: int) -> Field:
    """A few soft blobs for a picture that is no scene, 0 to 1."""
    values = lattice(seed, range(cells + 4), range(cells + 4))
    box = (1.5, 1.5, cells + 1.5, cells + 1.5)
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC, box=box))
