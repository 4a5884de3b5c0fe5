"""A table by a window: fruit, a vase, flowers."""

import numpy as np

from mjgate.sandbox.draw import colour, flowers
from mjgate.sandbox.draw.canvas import Canvas, Paint, mix, smooth
from mjgate.sandbox.draw.colour import NAMED, rgb
from mjgate.sandbox.draw.figures import FIGURES
from mjgate.sandbox.draw.figures_life import APPLE, ORANGE, PEAR
from mjgate.sandbox.draw.noise import dice, fbm, seeded
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Lighting, Pen, Place, figure

_WALLS = ("#4a4238", "#3a4650", "#5a4a40", "#37443c", "#6a5f55")
_CLOTHS = ("#8a5a38", "#c9bba4", "#5a3f30", "#7f8a8c")
_FRUIT = (
    (APPLE, "#c2352c"),
    (PEAR, "#b7b24a"),
    (ORANGE, "#e58a2e"),
    (APPLE, "#9fb04a"),
    (ORANGE, "#e8c84a"),
)


def paint(canvas: Canvas, look: Look) -> Paint:
    """The wall, the table, and what stands on it."""
    side = 1.0 if look.pick % 2 else -1.0
    table = 0.64 + 0.06 * (look.size - 1)
    out = _room(canvas, look, side, table)
    light = Lighting((1.0, 0.93, 0.82), (0.42, 0.44, 0.52), (side * 0.8, -0.6), 1.5, rim=0.2)
    pen = Pen(canvas, out, light)
    middle = look.aspect / 2
    bunch = look.thing("vase", "flower") is not None
    if bunch or not look.brief.things:
        _vase(pen, look, Place(middle - side * 0.12, table + 0.13, 0.36 * look.size), side)
    roll = dice("table", look.detail)
    spots = sorted((float(roll.uniform(0.06, 0.26)), float(roll.uniform(-1, 1))) for _ in range(6))
    spread = min(0.30, 0.2 * look.aspect)
    for k, (dy, dx) in enumerate(spots if look.thing("fruit") or not bunch else spots[:3]):
        x = middle + side * 0.06 + dx * spread
        _fruit(pen, look, Place(x, table + dy, 0.14 + 0.16 * dy, flip=side > 0), k)
    return out


def _room(canvas: Canvas, look: Look, side: float, table: float) -> Paint:
    wall = rgb(_WALLS[look.pick // 4 % len(_WALLS)])
    for tint, amount in look.tints:
        wall = colour.blend(wall, colour.scaled(tint, 0.55), amount)
    window = np.exp(
        -((((canvas.x - look.aspect / 2) * side / look.aspect - 0.34) / 0.42) ** 2)
    ) * np.exp(-(((canvas.y - 0.28) / 0.5) ** 2))
    plaster = (fbm(canvas, 7, look.sky, gain=0.6) - 0.5) * 0.16
    out = colour.array(wall) * (0.55 + 1.15 * window + plaster)[..., None]
    cloth = rgb(_CLOTHS[look.pick // 3 % len(_CLOTHS)])
    wood = fbm(canvas, 8, look.ground, stretch=14, gain=0.62) - 0.5
    depth = np.clip((canvas.y - table) / (1 - table), 0, 1)
    lit = 0.55 + 0.35 * depth + 0.5 * window + wood * 0.45
    cover = np.clip((canvas.y - table) / canvas.pixel + 0.5, 0, 1) * np.ones_like(canvas.x)
    out = mix(out, colour.array(cloth) * lit[..., None], cover)
    return (
        out
        * (1.0 - 0.25 * smooth(0.03, 0.0, np.abs(canvas.y - table)) * np.ones_like(canvas.x))[
            ..., None
        ]
    )


def _shadow(canvas: Canvas, out: Paint, place: Place, wide: float, side: float) -> None:
    reach = wide * place.size
    dx = (canvas.x - place.x + side * reach * 0.9) / (reach * 1.9)
    dy = (canvas.y - place.y + 0.02 * place.size) / (reach * 0.42)
    out *= (1.0 - 0.62 * np.exp(-(dx * dx + dy * dy) * 1.6))[..., None].astype(np.float32)


def _fruit(pen: Pen, look: Look, place: Place, rank: int) -> None:
    shape, usual = _FRUIT[(look.pick + rank) % len(_FRUIT)]
    thing = look.thing("fruit")
    tone = NAMED[thing.colour] if thing and thing.colour else rgb(usual)
    _shadow(pen.canvas, pen.paint, place, 0.42, 1.0 if place.flip else -1.0)
    shine = colour.blend(tone, (1, 1, 1), 0.55)
    colours = FIGURES["vase"].colours(None, tone) | {"body": tone, "shine": shine}
    figure(pen.canvas, pen.paint, shape, place, colours, pen.lighting)


def _vase(pen: Pen, look: Look, place: Place, side: float) -> None:
    vase, flower = look.thing("vase"), look.thing("flower")
    _shadow(pen.canvas, pen.paint, place, 0.36, side)
    tones = ("#d8456a", "#f0a63a", "#f4e4d0", "#b06fd0", "#e8785c")
    tone = NAMED[flower.colour] if flower and flower.colour else rgb(tones[look.pick % 5])
    y = place.y - place.size * 0.55
    stems = ((-0.42, 1.45), (0.40, 1.4), (-0.16, 1.75), (0.2, 1.85), (0.0, 1.55))
    for k, (dx, tall) in enumerate(stems):
        x = place.x + dx * place.size * 0.1
        foot = Place(x, y, place.size * 0.48 * tall, lean=dx * 0.8)
        shade = colour.turned(tone, (k - 2) * 8, 1.0, 0.94 + 0.03 * k)
        flowers.flower(pen, foot, seed=seeded(look.detail, "stem", k), tone=shade)
    known = FIGURES["vase"]
    colours = known.colours(vase.colour if vase else None, look.accent)
    figure(pen.canvas, pen.paint, known.text, place, colours, pen.lighting)
