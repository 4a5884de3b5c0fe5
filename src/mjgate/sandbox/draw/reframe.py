"""More room round a picture: zoom out, pan, make square. What was there stays where it was."""

from dataclasses import replace

import numpy as np
from PIL import Image

from mjgate.sandbox.draw.canvas import (
    Field,
    Paint,
    View,
    Whole,
    blur,
    smooth,
    to_image,
    to_paint,
)
from mjgate.sandbox.draw.colour import brightness
from mjgate.sandbox.draw.compose import render
from mjgate.sandbox.draw.noise import fbm_plain, seeded
from mjgate.sandbox.draw.scene import Look, Scene, look

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

_LIKE = 0.88
"""Correlation from which a picture counts as one of its scene."""


def zoom(
    picture: Image.Image, world: Look | None, take: int, *, factor: float = 2.0
) -> Image.Image:
    """The picture smaller in the middle, the world round it, at the same size."""
    factor = min(max(factor, 1.01), 4.0)
    wide, high = picture.size
    w, h = max(2, round(wide / factor)), max(2, round(high / factor))
    left, top = (wide - w) // 2, (high - h) // 2
    return _extend(picture, world, take, picture.size, (left, top, left + w, top + h))


def pan(
    picture: Image.Image, world: Look | None, take: int, *, direction: str, share: float = 0.5
) -> Image.Image:
    """The picture and `share` of its length more on one side."""
    wide, high = picture.size
    more_x = round(wide * share) if direction in {"left", "right"} else 0
    more_y = round(high * share) if direction in {"up", "down"} else 0
    left = more_x if direction == "left" else 0
    top = more_y if direction == "up" else 0
    size = (wide + more_x, high + more_y)
    return _extend(picture, world, take, size, (left, top, left + wide, top + high))


def square(picture: Image.Image, world: Look | None, take: int) -> Image.Image:
    """The picture in the middle of a square."""
    side = max(picture.size)
    left, top = (side - picture.width) // 2, (side - picture.height) // 2
    box = (left, top, left + picture.width, top + picture.height)
    return _extend(picture, world, take, (side, side), box)


def _extend(
    picture: Image.Image, world: Look | None, take: int, size: tuple[int, int], box: Box
) -> Image.Image:
    inner = picture.convert("RGB").resize(
        (box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS
    )
    old = to_paint(inner)
    around = _around(world, take, size, box) if world else _echo(old, size, box, take)
    return _laid(old, around, box, inner)


def world(picture: Image.Image, scene: Scene | None) -> Look | None:
    """The look of the scene that the picture shows, if it shows one."""
    if scene is None:
        return None
    looks = [look(scene, take) for take in range(4)]
    alike = [_likeness(picture, chosen) for chosen in looks]
    best = int(np.argmax(alike))
    return looks[best] if alike[best] >= _LIKE else None


def _around(chosen: Look, take: int, size: tuple[int, int], box: Box) -> Paint:
    """The look through a wider window."""
    unit = 1.0 / (box[3] - box[1])
    left, top = -box[0] * unit, -box[1] * unit
    view = View(left, top, left + size[0] * unit, top + size[1] * unit)
    if take:
        chosen = replace(chosen, detail=seeded(chosen.detail, "around", take))
    return render(chosen, size, view)


def _likeness(picture: Image.Image, chosen: Look) -> float:
    """Correlation of brightness at the size of a stamp: stars and flakes are too small for it."""
    high, stamp = 128, (24, 24)
    wide = max(8, round(high * chosen.aspect))
    paint = render(chosen, (wide, high), View(0.0, 0.0, chosen.aspect, 1.0))
    small = to_image(paint).resize(stamp, Image.Resampling.BOX)
    given = picture.convert("RGB").resize(stamp, Image.Resampling.BOX)
    a, b = (brightness(to_paint(one)) for one in (small, given))
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-9))


def _echo(old: Paint, size: tuple[int, int], box: Box, take: int) -> Paint:
    """Any other picture goes on as its own soft, wandering mirror image."""
    wide, high = size
    h, w = old.shape[:2]
    bend = 0.06 * min(w, h)
    dx = (fbm_plain(size, 9, seeded("echo", take, 1)) - 0.5) * bend
    dy = (fbm_plain(size, 9, seeded("echo", take, 2)) - 0.5) * bend
    x = np.arange(wide, dtype=np.float32)[None, :] - box[0]
    y = np.arange(high, dtype=np.float32)[:, None] - box[1]
    out = _outside(size, box) / max(1.0, min(w, h))
    columns = _mirrored(x + dx * np.minimum(1, out * 6), w)
    rows = _mirrored(y + dy * np.minimum(1, out * 6), h)
    echo = old[rows, columns]
    soft = blur(echo, 0.03 * min(w, h))
    return echo + (soft - echo) * smooth(0.02, 0.35, out)[..., None]


def _mirrored(at: Field, count: int) -> Whole:
    places = np.abs(np.round(at).astype(np.int64)) % (2 * count)
    return np.minimum(places, 2 * count - 1 - places)


def _outside(size: tuple[int, int], box: Box) -> Field:
    """How far each pixel is from the box."""
    x = np.arange(size[0], dtype=np.float32)[None, :]
    y = np.arange(size[1], dtype=np.float32)[:, None]
    dx = np.maximum(np.maximum(box[0] - x, x - box[2] + 1), 0)
    dy = np.maximum(np.maximum(box[1] - y, y - box[3] + 1), 0)
    return np.sqrt(dx * dx + dy * dy)


def _laid(old: Paint, around: Paint, box: Box, inner: Image.Image) -> Image.Image:
    """The old picture on the new ground, whose colours give way to it near its border."""
    left, top, right, bottom = box
    high, wide = around.shape[:2]
    known = np.zeros((high, wide), dtype=np.float32)
    known[top:bottom, left:right] = 1.0
    gap = np.zeros_like(around)
    gap[top:bottom, left:right] = old - around[top:bottom, left:right]
    total = np.zeros_like(around)
    for share in (0.02, 0.06, 0.16):
        radius = share * min(wide, high)
        weight = blur(known, radius)[..., None]
        total += blur(gap, radius) / np.maximum(weight, 0.03) / 3.0
    far = _outside((wide, high), box) / min(wide, high)
    fade = 1.0 - smooth(0.0, 0.3, far)
    sheet = to_image(around + total * fade[..., None])
    sheet.paste(inner, (left, top))
    return sheet
