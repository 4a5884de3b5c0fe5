"""Small trees on open land, each where the land is in sight."""

import numpy as np

from mjgate.sandbox.draw import colour, land
from mjgate.sandbox.draw.canvas import Canvas, Paint
from mjgate.sandbox.draw.colour import rgb
from mjgate.sandbox.draw.noise import dice, seeded
from mjgate.sandbox.draw.plants import pine
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Lighting, Place, Point, lay, mask, patch
from mjgate.sandbox.draw.terrain import Ground

_HOW_MANY = {
    "hills": 150,
    "field": 70,
    "lake": 420,
    "mountains": 420,
    "river": 240,
    "volcano": 300,
    "fuji": 300,
    "island": 140,
}


def paint(canvas: Canvas, look: Look, out: Paint, seen: Ground, lighting: Lighting) -> None:
    """Groves and single trees, far ones first."""
    kind = land.kind_of(look)
    count = _HOW_MANY.get(kind, 0)
    if not count:
        return
    conifers = kind in {"lake", "mountains", "volcano", "fuji"} or look.has("snow")
    roll = dice("scatter", look.ground)
    groves = roll.uniform(-1, 1, (14, 2))
    spots = groves[roll.integers(14, size=count)] + roll.normal(0, 0.09, (count, 2))
    z = 3.2 * (14.0 / 3.2) ** (spots[:, 1] * 0.5 + 0.5)
    order = np.argsort(-z)
    bands: dict[int, list[tuple[list[Point], float]]] = {}
    camera = land.camera_of(look)
    for k in order.tolist():
        depth = float(z[k])
        x = look.aspect / 2 + float(spots[k, 0]) * look.aspect * 0.75
        y = _foot(canvas, seen, x, depth)
        if y is None:
            continue
        high = camera.focus * (0.32 if conifers else 0.2) / depth * float(roll.uniform(0.6, 1.25))
        place = Place(x, y + high * 0.06, high)
        shape = pine(place, seeded(look.ground, k)) if conifers else _round(place, roll)
        bands.setdefault(int(depth * 0.8), []).append((shape, 0.0))
    for band in sorted(bands, reverse=True):
        _draw(canvas, look, out, bands[band], band / 0.8, lighting)


def _foot(canvas: Canvas, seen: Ground, x: float, depth: float) -> float | None:
    """The row where land at this depth shows in the column, if it does and is dry and not steep."""
    column = int(canvas.column(x))
    if not 0 <= column < canvas.width:
        return None
    near = np.abs(seen.depth[:, column] / depth - 1.0)
    row = int(near.argmin())
    if near[row] > 0.05 or seen.height[row, column] < 0.04 or seen.steep[row, column] > 0.32:
        return None
    return float(canvas.y[row, 0])


def _round(place: Place, roll: np.random.Generator) -> list[Point]:
    turns = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    reach = 0.40 * (1.0 + roll.normal(0, 0.07, 18))
    crown = [
        (float(r * np.cos(t)) * 0.9, 0.62 + float(r * np.sin(t)))
        for r, t in zip(reach, turns, strict=True)
    ]
    cut = 13
    return [
        place.of(p)
        for p in (
            *crown[:cut],
            (-0.05, 0.25),
            (-0.04, 0.0),
            (0.04, 0.0),
            (0.05, 0.25),
            *crown[cut + 1 :],
        )
    ]


def _draw(
    canvas: Canvas,
    look: Look,
    out: Paint,
    shapes: list[tuple[list[Point], float]],
    depth: float,
    lighting: Lighting,
) -> None:
    area = patch(canvas, [point for shape, _ in shapes for point in shape], 0.0)
    if area.empty:
        return
    tone = rgb("#4a6a36")
    if look.has("snow"):
        tone = rgb("#7f93a0")
    elif "warm" in look.brief.moods:
        tone = rgb("#b8702e")
    for tint, amount in look.tints:
        tone = colour.blend(tone, colour.scaled(tint, 0.55), amount)
    mist = 1.0 - float(np.exp(-depth / (9.0 if look.has("fog") else 26.0)))
    lit = Lighting(lighting.sun, lighting.shade, lighting.direction, 0.9, look.light.haze, mist)
    lay(canvas, out, area, mask(canvas, area, shapes), tone, lit)
