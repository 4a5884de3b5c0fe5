"""Under water: light from above in shafts, a sandy floor, weeds, bubbles and shoals."""

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, blur, smooth
from mjgate.sandbox.draw.colour import Rgb, rgb
from mjgate.sandbox.draw.noise import dice, line, sample, texture
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Patch, Point, mask

_SEAS = (
    ("#dff6ee", "#5fc8d0", "#1f86a8", "#0d4a78", "#06264a"),
    ("#f4f7d8", "#7ad0b4", "#2a9090", "#10566a", "#072c42"),
    ("#cfeaff", "#5aa8e0", "#2763b0", "#153a80", "#0a1c4a"),
    ("#ffe9c8", "#8fc8b8", "#3a8a98", "#1d4c70", "#0c2444"),
)
_CORALS = ("#e8664a", "#d8488a", "#f0a04a", "#8a5ad0", "#f07a8a", "#4ab0a0")


def paint(canvas: Canvas, look: Look) -> Paint:
    """The water from the surface to the floor."""
    stops = [rgb(text) for text in _SEAS[look.pick % len(_SEAS)]]
    for tint, amount in look.tints:
        stops = [
            colour.blend(
                stop, colour.scaled(tint, colour.luma(stop) / (colour.luma(tint) + 0.1)), amount
            )
            for stop in stops
        ]
    if look.light.night:
        stops = [colour.scaled(stop, 0.4) for stop in stops]
    down = np.clip(
        canvas.y * 0.95 + 0.05 + ((canvas.x - look.sun[0]) / look.aspect) ** 2 * 0.35, 0, 1
    )
    out = colour.gradient(stops, down) * np.ones((canvas.height, canvas.width, 1), np.float32)
    out += (_shafts(canvas, look) * 0.42)[..., None] * colour.array(stops[0])
    _floor(canvas, look, out, stops)
    for rank in range(3):
        _weeds(canvas, look, out, rank, stops)
    _bubbles(canvas, look, out)
    return out


def _shafts(canvas: Canvas, look: Look) -> Field:
    """Rays that fan out from the sun over the surface."""
    angle = (canvas.x - look.sun[0]) / (canvas.y + 0.55)
    rays = line(angle * 3.0, 3.0, look.sky, pixel=0.004, gain=0.6) * 1.3 + 0.35
    fade = np.exp(-np.clip(canvas.y, 0, None) * 2.3) * np.exp(-np.abs(angle) * 1.3)
    return np.clip(rays, 0, 1) * fade


def _floor(canvas: Canvas, look: Look, out: Paint, stops: list[Rgb]) -> None:
    ground = 0.84 + line(canvas.x, 1.6, look.ground, pixel=canvas.pixel) * 0.12
    depth = np.clip((canvas.y - ground) / 0.2, 0, 1)
    cover = np.clip((canvas.y - ground) / canvas.pixel, 0, 1)
    field = texture(look.detail, 256, cells=8, gain=0.6)
    near = 0.12 / np.clip(canvas.y - 0.66, 0.05, None)
    ripple = sample(field, (canvas.x - look.aspect / 2) * near * 2.0, near * 5.0) - 0.5
    web = 1.0 - np.abs(
        2.0 * sample(field, (canvas.x - look.aspect / 2) * near * 1.1 + 0.3, near * 2.2 + 0.2) - 1.0
    )
    tone = colour.array(colour.blend(rgb("#e8d8ac"), stops[2], 0.35))
    lit = 0.38 + 0.5 * depth + ripple * 0.5 + smooth(0.8, 1.0, web) * 0.5
    body = tone * lit[..., None]
    body += (colour.array(stops[3]) - body) * (0.75 * (1 - depth))[..., None]
    out += (body - out) * cover[..., None]


def _weeds(canvas: Canvas, look: Look, out: Paint, rank: int, stops: list[Rgb]) -> None:
    """Fronds and corals, the far ones nearly as blue as the water."""
    roll = dice("weeds", look.ground, rank)
    whole = Patch(0, 0, canvas.width, canvas.height)
    for kind in range(3):
        shapes: list[tuple[list[Point], float]] = []
        for _ in range((7, 6, 5)[rank]):
            x = float(roll.uniform(-0.3, look.aspect + 0.3))
            if rank == 2 and abs(x - look.spot) < 0.25:
                continue
            foot = 0.87 + 0.07 * rank + float(roll.uniform(0, 0.03))
            grow = _frond if kind == 0 else _coral
            shapes += grow(roll, x, foot, (0.10 + 0.09 * rank) * float(roll.uniform(0.7, 1.5)))
        tone = (
            rgb("#2f7a4a") if kind == 0 else rgb(_CORALS[(look.pick + rank + kind) % len(_CORALS)])
        )
        tone = colour.blend(tone, stops[3], (0.72, 0.45, 0.16)[rank])
        cover = mask(canvas, whole, shapes)
        shade = 0.72 + 0.55 * (cover - blur(cover, 0.006 / canvas.pixel)) + 0.35 * (0.95 - canvas.y)
        out += (colour.array(tone) * shade[..., None] - out) * cover[..., None]


def _frond(
    roll: np.random.Generator, x: float, foot: float, tall: float
) -> list[tuple[list[Point], float]]:
    found: list[tuple[list[Point], float]] = []
    for _ in range(4):
        sway, start = float(roll.uniform(-0.3, 0.3)), x + float(roll.uniform(-0.03, 0.03))
        high = tall * float(roll.uniform(0.8, 1.7))
        t = np.linspace(0, 1, 16)
        middle = start + sway * high * t**1.5 + 0.012 * np.sin(t * 9 + x * 20)
        wide = 0.009 * np.sin(np.pi * np.clip(t + 0.12, 0, 1)) + 0.001
        rows = (foot - high * t).tolist()
        left = list(zip((middle - wide).tolist(), rows, strict=True))
        right = list(zip((middle + wide).tolist(), rows, strict=True))
        found.append((left + right[::-1], 0.0))
    return found


def _coral(
    roll: np.random.Generator, x: float, foot: float, tall: float
) -> list[tuple[list[Point], float]]:
    found: list[tuple[list[Point], float]] = []

    def branch(start: Point, turn: float, length: float, width: float) -> None:
        end = (start[0] + length * float(np.cos(turn)), start[1] - length * float(np.sin(turn)))
        found.append(([start, end], width))
        if length > tall * 0.13:
            for side in (-1, 1):
                branch(
                    end,
                    turn + side * float(roll.uniform(0.2, 0.6)),
                    length * float(roll.uniform(0.6, 0.78)),
                    width * 0.76,
                )

    branch((x, foot), np.pi / 2 + float(roll.uniform(-0.2, 0.2)), tall * 0.34, tall * 0.085)
    return found


def _bubbles(canvas: Canvas, look: Look, out: Paint) -> None:
    roll = dice("bubbles", look.detail)
    for _ in range(4):
        x, y = float(roll.uniform(0, look.aspect)), float(roll.uniform(0.5, 0.9))
        for _ in range(9):
            x, y = x + float(roll.normal(0, 0.012)), y - float(roll.uniform(0.02, 0.07))
            radius = float(roll.uniform(0.003, 0.010))
            far = np.sqrt((canvas.x - x) ** 2 + (canvas.y - y) ** 2) / radius
            ring = np.exp(-(((far - 0.85) / 0.22) ** 2)) * 0.5 + np.exp(-(((far) / 0.3) ** 2)) * 0.1
            out += ring.astype(np.float32)[..., None] * colour.array((0.8, 0.95, 1.0))
