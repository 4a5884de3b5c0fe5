"""A waterfall: a cliff with woods on it, white water down the middle, a pool and spray below."""

import numpy as np

from mjgate.sandbox.draw import colour, water
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, mix, smooth
from mjgate.sandbox.draw.colour import rgb
from mjgate.sandbox.draw.noise import dice, fbm, line, seeded
from mjgate.sandbox.draw.plants import pine
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Patch, Place, Point, mask


def paint(canvas: Canvas, look: Look, under: Paint) -> tuple[Paint, Field]:
    """Cliff, fall and pool over the sky, and where the pool is."""
    pool = min(0.86, look.horizon + 0.16)
    middle = look.aspect / 2 + (look.spot - look.aspect / 2) * -0.45
    out = under.copy()
    for rank in range(3):
        _cliff(canvas, look, out, middle, pool, rank)
        if rank == 1:
            _fall(canvas, look, out, middle, pool)
    below = np.clip((canvas.y - pool) / canvas.pixel + 0.5, 0, 1) * np.ones_like(canvas.x)
    sunk = look.moved(horizon=pool)
    out = mix(out, water.paint(canvas, sunk, out, 0.7), below)
    spray = np.exp(-(((canvas.x - middle) / 0.2) ** 2) - ((canvas.y - pool + 0.005) / 0.065) ** 2)
    drift = 0.55 + 0.9 * (fbm(canvas, 6, look.sky + 4) - 0.5)
    tone = colour.array(colour.blend(look.light.haze, (1.0, 1.0, 1.0), 0.6)) * look.light.power
    return mix(out, tone, np.clip(spray * drift * 0.95, 0, 0.9)), below


def _top(canvas: Canvas, look: Look, middle: float, rank: int) -> Field:
    """The upper edge of a cliff; the near ones stand aside like wings."""
    rough = line(canvas.x, 3.0, look.ground + rank, pixel=canvas.pixel, gain=0.55)
    aside = np.abs(canvas.x - middle) / look.aspect
    if rank < 2:
        return look.horizon - (0.34, 0.25)[rank] + rough * 0.09 - aside * 0.12
    return look.horizon + 0.30 - smooth(0.2, 0.52, aside) * 0.62 + rough * 0.12


def _cliff(canvas: Canvas, look: Look, out: Paint, middle: float, pool: float, rank: int) -> None:
    top = _top(canvas, look, middle, rank)
    cover = np.clip((canvas.y - top) / canvas.pixel + 0.5, 0, 1)
    rock = fbm(canvas, 9, look.ground + 9 + rank, stretch=0.45, gain=0.6) - 0.5
    ledge = fbm(canvas, 14, look.ground + 19 + rank, stretch=3.0, gain=0.6) - 0.5
    light = look.light
    slope = np.gradient(rock, axis=1) / canvas.pixel * (1 if look.sun[0] > middle else -1)
    lit = np.clip(0.5 - slope * 0.06 + rock * 0.7 + ledge * 0.5, 0.08, 1.2)
    moss = smooth(0.05, 0.3, ledge + 0.12 - (canvas.y - top) * 0.5)
    stone = mix(
        np.broadcast_to(colour.array(rgb("#6f6a62")), out.shape), colour.array(rgb("#5a7440")), moss
    )
    body = (
        stone
        * (lit[..., None] * colour.array(light.sun) * 0.95 + colour.array(light.shade) * 0.45)
        * light.power
    )
    body = (
        body * (1.0 - 0.35 * smooth(pool - 0.2, pool, canvas.y * np.ones_like(canvas.x)))[..., None]
    )
    veil = (0.62, 0.26, 0.0)[rank]
    body = mix(body, colour.array(light.haze), veil)
    trees = _trees(canvas, look, top, rank)
    green = colour.array(colour.blend(rgb("#2c4a30"), light.haze, veil)) * light.power
    out += (green - out) * trees[..., None]
    out += (body - out) * cover[..., None]


def _trees(canvas: Canvas, look: Look, top: Field, rank: int) -> Field:
    shapes: list[tuple[list[Point], float]] = []
    for k in range(int(22 * look.aspect)):
        roll = dice("cliff", look.ground, rank, k)
        x = float(roll.uniform(0.0, look.aspect))
        column = int(np.clip(canvas.column(x), 0, canvas.width - 1))
        foot = float(top[0, column]) + 0.012
        high = (0.05, 0.085, 0.2)[rank] * float(roll.uniform(0.6, 1.2))
        shapes.append((pine(Place(x, foot, high), seeded(look.ground, rank, k)), 0.0))
    return mask(canvas, Patch(0, 0, canvas.width, canvas.height), shapes)


def _fall(canvas: Canvas, look: Look, out: Paint, middle: float, pool: float) -> None:
    column = int(np.clip(canvas.column(middle), 0, canvas.width - 1))
    top = float(_top(canvas, look, middle, 1)[0, column]) + 0.01
    down = np.clip((canvas.y - top) / max(0.05, pool - top), 0, 1)
    wide = (
        0.042 * look.size + 0.03 * down + line(canvas.y, 6, look.detail, pixel=canvas.pixel) * 0.02
    )
    across = (
        canvas.x - middle - line(canvas.y, 3, look.detail + 1, pixel=canvas.pixel) * 0.02
    ) / wide
    strands = fbm(canvas, 34, look.detail + 2, stretch=0.07, gain=0.62)
    body = smooth(1.05, 0.55, np.abs(across) + (strands - 0.5) * 0.9)
    cover = body * smooth(-0.006, 0.012, canvas.y - top) * (canvas.y < pool + 0.01)
    light = look.light
    white = colour.array(colour.blend(light.sun, (1, 1, 1), 0.6)) * light.power
    tone = white * (0.62 + 0.5 * smooth(0.3, 0.7, strands))[..., None]
    out += (tone - out) * (cover * 0.95)[..., None]
