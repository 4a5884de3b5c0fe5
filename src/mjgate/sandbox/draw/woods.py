"""A wood of conifers: rows before rows, paler with every row, open where the subject stands."""

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Paint, smooth
from mjgate.sandbox.draw.colour import rgb
from mjgate.sandbox.draw.noise import dice, fbm, line, seeded
from mjgate.sandbox.draw.plants import pine
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Patch, Place, Point, mask


def paint(canvas: Canvas, look: Look, under: Paint, *, rows: int = 5) -> Paint:
    """The wood over sky and far hills."""
    out = under.copy()
    for rank in range(rows):
        _row(canvas, look, out, rank / (rows - 1), rank)
    return out


def _row(canvas: Canvas, look: Look, out: Paint, near: float, rank: int) -> None:
    foot = look.horizon + 0.015 + 0.44 * near**1.5
    ground = foot + line(canvas.x, 2.6, look.ground + rank, pixel=canvas.pixel) * (
        0.05 + 0.10 * near
    )
    whole = Patch(0, 0, canvas.width, canvas.height)
    trees = mask(canvas, whole, [(shape, 0.0) for shape in _trees(canvas, look, near, rank, foot)])
    earth = np.clip((canvas.y - ground) / canvas.pixel, 0.0, 1.0)
    light = look.light
    base = colour.blend(rgb("#3f5f4a"), rgb("#16261f"), near)
    if look.has("snow"):
        base = colour.blend(base, rgb("#dfe8f2"), 0.22)
    if "warm" in look.brief.moods:
        base = colour.blend(base, rgb(("#b8612a", "#c98a34", "#8a4a24")[rank % 3]), 0.7)
    for tint, amount in look.tints:
        base = colour.blend(base, colour.scaled(tint, 0.5), amount)
    tone = (
        colour.array(base)
        * (colour.array(light.shade) * 0.75 + colour.array(light.sun) * 0.4)
        * light.power
    )
    veil = (0.86, 0.66, 0.42, 0.2, 0.04)[min(rank, 4)]
    air = colour.array(colour.blend(light.haze, light.sky[0], 0.5))
    body = np.broadcast_to(tone, out.shape)
    if rank > 1:
        rough = (fbm(canvas, 26, look.detail + rank, gain=0.6) - 0.5) * (0.5 * near + 0.1)
        body = tone * (1.0 + rough)[..., None]
    body = body + (air - body) * np.float32(min(0.95, veil * (1.1 if look.has("fog") else 0.85)))
    turf = body * (1.12 if not look.has("snow") else 2.2 - veil)
    cover = np.maximum(trees, 0.0)[..., None]
    out += (body - out) * cover
    out += (turf - out) * earth[..., None]
    _mist(canvas, look, out, foot, near)


def _trees(canvas: Canvas, look: Look, near: float, rank: int, foot: float) -> list[list[Point]]:
    step = 0.018 + 0.075 * near
    tall = 0.10 + 0.62 * near**1.3
    first, last = int(canvas.view.left / step) - 4, int(canvas.view.right / step) + 5
    found: list[list[Point]] = []
    for k in range(first, last):
        roll = dice("pine", look.ground, rank, k)
        x = (k + float(roll.uniform(-0.4, 0.4))) * step
        clear = abs(x - look.spot) / (0.12 + 0.32 * near)
        gap = float(roll.random()) < 0.12 + 0.2 * near
        if gap or (clear < 1.0 and near > 0.35):
            continue
        high = tall * float(roll.uniform(0.55, 1.1)) * min(1.0, 0.65 + 0.35 * clear)
        y = foot + 0.02 + 0.06 * near
        found.append(pine(Place(x, y, high), seeded(look.ground, rank, k)))
    return found


def _mist(canvas: Canvas, look: Look, out: Paint, foot: float, near: float) -> None:
    band = np.exp(-(((canvas.y - foot - 0.02) / (0.05 + 0.05 * near)) ** 2))
    drift = smooth(0.35, 0.75, fbm(canvas, 2.0, look.sky + round(near * 10), stretch=4, most=4))
    power = (0.55 if look.has("fog") else 0.3) * (1 - near) + (0.12 if look.has("fog") else 0.0)
    alpha = (band * drift * power).astype(np.float32)[..., None]
    out += (colour.array(look.light.haze) - out) * alpha
