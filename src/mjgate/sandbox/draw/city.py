"""A city: rows of buildings behind each other, their windows, and wet ground or roofs in front."""

from dataclasses import dataclass

import numpy as np

from mjgate.sandbox.draw import colour, water
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, mix, smooth
from mjgate.sandbox.draw.colour import Rgb, rgb
from mjgate.sandbox.draw.noise import dice, fbm, lattice
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import patch

_NEON = ("#ff3fa4", "#36e4ff", "#8f5bff", "#ffb13d", "#41ffb0")
_WALLS = ("#8c8f99", "#a39a90", "#75808f", "#b0a49a", "#6c6f7d", "#9b8a80")


@dataclass(frozen=True, slots=True)
class House:
    """One building, in scene units."""

    left: float
    right: float
    top: float
    base: float
    tone: Rgb
    seed: int
    crown: int


def paint(canvas: Canvas, look: Look, under: Paint) -> tuple[Paint, Field]:
    """The city over the sky, and where it is water."""
    out = under.copy()
    front = _fronted(look)
    for rank in range(4):
        for house in _row(canvas, look, rank, front=front):
            _house(canvas, look, out, house, rank)
        _mist(canvas, look, out, rank)
    if not front:
        return out, canvas.blank()
    below = np.clip((canvas.y - look.horizon) / canvas.pixel + 0.5, 0, 1) * np.ones_like(canvas.x)
    surface = water.paint(canvas, look, out, 1.0) * (1.0 if look.brief.water else 0.9)
    out = mix(out, surface, below)
    line = np.exp(-(((canvas.y - look.horizon) / 0.004) ** 2)) * np.ones_like(canvas.x)
    return mix(out, colour.array(colour.scaled(look.light.shade, 0.25)), line * 0.8), below * float(
        look.brief.water
    )


def _fronted(look: Look) -> bool:
    """Open ground or water before the buildings, or the view over roofs?"""
    return look.brief.water or bool(look.brief.things) or look.has("rain") or look.pick % 2 == 0


def _row(canvas: Canvas, look: Look, rank: int, *, front: bool) -> list[House]:
    """The buildings of one row, the same ones whatever part of it is in view."""
    wide = (0.045, 0.062, 0.085, 0.12)[rank]
    high = (0.20, 0.27, 0.33, 0.26)[rank] * (0.8 + 0.35 * look.size)
    base = look.horizon + (0.0 if front else (0.0, 0.06, 0.2, 0.5)[rank])
    sink = 0.0 if front else (0.0, 0.05, 0.14, 0.3)[rank]
    first, last = (
        int(np.floor(canvas.view.left / wide)) - 2,
        int(np.ceil(canvas.view.right / wide)) + 2,
    )
    found: list[House] = []
    for k in range(first, last):
        roll = dice("house", look.ground, rank, k)
        if roll.random() < (0.1, 0.16, 0.3, 0.5 if front else 0.2)[rank]:
            continue
        left = (k + float(roll.uniform(-0.2, 0.2))) * wide
        tall = float(roll.beta(1.5, 3.2)) * 1.2 + 0.22
        tall *= 1.0 + 0.9 * float(np.exp(-(((left - look.spot) / (0.22 * look.aspect)) ** 2)))
        if front and rank == 3:
            tall *= 0.55
        tone = rgb(_WALLS[int(roll.integers(len(_WALLS)))])
        right = left + wide * float(roll.uniform(0.62, 1.05))
        found.append(
            House(
                left,
                right,
                base + sink - high * tall,
                base + sink + 0.6 * (not front),
                tone,
                int(roll.integers(1 << 30)),
                int(roll.integers(6)),
            )
        )
    return found


def _house(canvas: Canvas, look: Look, out: Paint, house: House, rank: int) -> None:
    wide = house.right - house.left
    _box(canvas, look, out, house, rank, windows=True)
    middle = (house.left + house.right) / 2
    if house.crown == 1:
        step = House(
            house.left + wide * 0.2,
            house.right - wide * 0.2,
            house.top - wide * 0.35,
            house.top,
            house.tone,
            house.seed,
            0,
        )
        _box(canvas, look, out, step, rank, windows=True)
    if house.crown in {1, 2}:
        high = wide * (0.75 if house.crown == 1 else 0.45)
        mast = House(
            middle - 0.0018, middle + 0.0018, house.top - high, house.top, house.tone, house.seed, 0
        )
        _box(canvas, look, out, mast, rank, windows=False)
    if house.crown == 3:
        tank = House(
            house.left + wide * 0.15,
            house.left + wide * 0.4,
            house.top - wide * 0.14,
            house.top,
            house.tone,
            house.seed,
            0,
        )
        _box(canvas, look, out, tank, rank, windows=False)


def _box(canvas: Canvas, look: Look, out: Paint, house: House, rank: int, *, windows: bool) -> None:
    area = patch(
        canvas, [(house.left, house.top), (house.right, min(house.base, canvas.view.bottom))], 0.0
    )
    if area.empty:
        return
    x = canvas.x[:, area.left : area.right]
    y = canvas.y[area.top : area.bottom]
    half = 0.5 / canvas.pixel
    cover = np.clip((x - house.left) * 2 * half + 0.5, 0, 1) * np.clip(
        (house.right - x) * 2 * half + 0.5, 0, 1
    )
    cover = (
        cover
        * np.clip((y - house.top) * 2 * half + 0.5, 0, 1)
        * np.clip((house.base - y) * 2 * half + 0.5, 0, 1)
    )
    light = look.light
    turn = (x - house.left) / (house.right - house.left)
    lit = np.where((turn < 0.3) == (look.sun[0] < house.left), np.float32(0.95), np.float32(0.5))
    body = colour.array(house.tone) * (
        lit[..., None] * colour.array(light.sun) * 0.55 + colour.array(light.shade) * 0.55
    )
    body = np.repeat(body, len(y), axis=0) * light.power
    mist = (0.68, 0.46, 0.24, 0.06)[rank] * (1.25 if look.has("fog", "rain") else 1.0)
    body = mix(body, colour.array(colour.blend(light.haze, light.sky[0], 0.5)), min(0.92, mist))
    if windows:
        body = _windows(look, house, body, x, y, mist)
    target = area.of(out)
    target += (body - target) * cover[..., None]


def _windows(look: Look, house: House, body: Paint, x: Field, y: Field, mist: float) -> Paint:
    wide, high = 0.0105, 0.0125
    u, v = (x - house.left) / wide, (y - house.top) / high - 0.7
    columns, rows = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    if not columns.size or not rows.size:
        return body
    table = lattice(
        house.seed,
        range(int(columns.min()), int(columns.max()) + 1),
        range(int(rows.min()), int(rows.max()) + 1),
    )
    value = table[rows - rows.min(), columns - columns.min()]
    pane = smooth(0.16, 0.3, u - columns) * smooth(0.86, 0.72, u - columns)
    pane = pane * (smooth(0.22, 0.36, v - rows) * smooth(0.82, 0.66, v - rows)) * (v > 0)
    dark = look.light.night or look.hour in {"dusk", "blue hour", "storm"}
    share = 0.42 if dark else 0.16 if look.hour in {"sunset", "dawn", "grey"} else 0.0
    shine = (value < share) * pane * (0.5 + 0.6 * value / max(share, 0.01))
    glass = colour.array(colour.scaled(look.light.sky[-2], 0.55))
    body = mix(body, glass, pane * 0.4 * (1 - mist))
    tone = colour.array(rgb(("#ffd48a", "#ffe6b8", "#ffc06a", "#dff0ff")[house.seed % 4]))
    if "neon" in look.brief.moods or look.brief.style == "vaporwave":
        tone = colour.array(rgb(_NEON[house.seed % len(_NEON)]))
    return mix(body, tone * 1.12, np.clip(shine * (1.15 - mist), 0, 1))


def _mist(canvas: Canvas, look: Look, out: Paint, rank: int) -> None:
    """Haze that lies between the rows, low down."""
    low = np.exp(-np.clip(look.horizon - canvas.y, 0, None) * 9) * (canvas.y < look.horizon + 0.3)
    drift = 0.6 + 0.8 * (fbm(canvas, 2.2, look.sky + rank, stretch=3, most=4) - 0.5)
    power = (0.30, 0.22, 0.12, 0.0)[rank] * (1.8 if look.has("fog") else 1.0)
    alpha = (low * drift * power).astype(np.float32)
    out += (colour.array(look.light.haze) - out) * alpha[..., None]
