"""Trees, flowers and grass, grown from a seed."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Paint
from mjgate.sandbox.draw.colour import Rgb, rgb
from mjgate.sandbox.draw.noise import dice
from mjgate.sandbox.draw.shapes import Lighting, Place, Point, lay, mask, patch

_LEAVES = {
    "tree": ("#3c5a2c", "#5f8a3c", "#9dbb55"),
    "autumn": ("#8a3a1e", "#cc6a26", "#f0b048"),
    "cherry": ("#b86484", "#eba0b8", "#ffdbe4"),
    "winter": ("#6f7c8c", "#c4d2e0", "#ffffff"),
}


def tree(
    canvas: Canvas,
    paint: Paint,
    place: Place,
    lighting: Lighting,
    *,
    kind: str,
    seed: int,
    tone: Rgb | None,
) -> None:
    """A trunk that forks, and leaves in three tones, the light ones to the sun."""
    roll = dice("tree", seed)
    tips: list[tuple[Point, float]] = []
    limbs: list[tuple[Point, Point, float]] = []
    _fork(roll, (0.0, 0.0), np.pi / 2 + float(roll.uniform(-0.08, 0.08)), 0.34, 0.055, limbs, tips)
    strokes = [((place.of(a), place.of(b)), width * place.size) for a, b, width in limbs]
    area = patch(canvas, [point for line, _ in strokes for point in line], 0.02)
    if area.empty:
        return
    lay(canvas, paint, area, mask(canvas, area, strokes), rgb("#4a3426"), lighting)
    tones = [rgb(text) for text in _LEAVES[kind]]
    if tone:
        tones = [colour.scaled(tone, 0.55), tone, colour.blend(tone, (1.0, 0.97, 0.85), 0.5)]
    _leaves(canvas, paint, place, lighting, tips, tones, roll)


def _fork(
    roll: np.random.Generator,
    start: Point,
    angle: float,
    length: float,
    width: float,
    limbs: list[tuple[Point, Point, float]],
    tips: list[tuple[Point, float]],
) -> None:
    end = start[0] + length * float(np.cos(angle)), start[1] + length * float(np.sin(angle))
    limbs.append((start, end, width))
    if length < 0.10:
        tips.append((end, length))
        return
    if length < 0.2:
        tips.append((end, length * 0.9))
    for side in (-1.0, 1.0) if roll.random() < 0.7 else (-1.0, 0.1, 1.0):
        turn = side * float(roll.uniform(0.28, 0.62))
        pull = 0.12 * (np.pi / 2 - angle - turn)
        _fork(
            roll,
            end,
            angle + turn + pull,
            length * float(roll.uniform(0.66, 0.8)),
            width * 0.66,
            limbs,
            tips,
        )


def _leaves(
    canvas: Canvas,
    paint: Paint,
    place: Place,
    lighting: Lighting,
    tips: list[tuple[Point, float]],
    tones: list[Rgb],
    roll: np.random.Generator,
) -> None:
    flat = replace(lighting, round=0.3)
    for rank, (tone, share, spread) in enumerate(
        zip(tones, (26, 15, 7), (1.0, 0.85, 0.6), strict=True)
    ):
        dots: list[tuple[list[Point], float]] = []
        for (x, y), reach in tips:
            lift = rank * 0.022
            for _ in range(share):
                turn, far = float(roll.uniform(0, 2 * np.pi)), float(roll.random()) ** 0.6
                wide = (0.075 + reach * 0.35) * spread * far
                at = (x + wide * np.cos(turn) * 1.15, y + wide * np.sin(turn) * 0.8 + lift)
                centre = place.of((float(at[0]), float(at[1])))
                centre = (centre[0] + lighting.direction[0] * lift * place.size * 0.8, centre[1])
                dots.append((_dot(centre, place.size * float(roll.uniform(0.012, 0.024))), 0.0))
        if not dots:
            return
        area = patch(canvas, [point for dot, _ in dots for point in dot], 0.0)
        if not area.empty:
            lay(canvas, paint, area, mask(canvas, area, dots), tone, flat)


def _dot(centre: Point, radius: float) -> list[Point]:
    x, y = centre
    return [(x + radius * a, y + radius * b * 0.8) for a, b in _ROUND]


_ROUND = tuple(
    (float(np.cos(t)), float(np.sin(t))) for t in np.linspace(0, 2 * np.pi, 8, endpoint=False)
)


def palm(canvas: Canvas, paint: Paint, place: Place, lighting: Lighting, *, seed: int) -> None:
    """A bent trunk and a crown of fronds."""
    roll = dice("palm", seed)
    bend = float(roll.uniform(0.08, 0.24)) * (1 if roll.random() < 0.5 else -1)
    trunk = [(bend * t * t, 0.78 * t) for t in np.linspace(0, 1, 12).tolist()]
    outlines = [
        ([place.of(p) for p in pair], (0.05 - 0.022 * k / 11) * place.size)
        for k, pair in enumerate(pairwise(trunk))
    ]
    area = patch(canvas, [p for line, _ in outlines for p in line], 0.05)
    if not area.empty:
        lay(canvas, paint, area, mask(canvas, area, outlines), rgb("#6a4f36"), lighting)
    crown = trunk[-1]
    for k, turn in enumerate(np.linspace(-0.5, np.pi + 0.5, 11).tolist()):
        frond = _frond(crown, turn + float(roll.uniform(-0.1, 0.1)), float(roll.uniform(0.3, 0.42)))
        shape = [place.of(p) for p in frond]
        area = patch(canvas, shape, 0.0)
        if not area.empty:
            tone = rgb(("#2f5a30", "#47793a", "#3a6a35")[k % 3])
            lay(canvas, paint, area, mask(canvas, area, [(shape, 0.0)]), tone, lighting)


def _frond(start: Point, turn: float, length: float) -> list[Point]:
    steps = np.linspace(0, 1, 13)
    x = start[0] + np.cos(turn) * steps * length
    y = start[1] + np.sin(turn) * steps * length * 0.75 - 0.30 * steps**2 * length
    wide = 0.09 * length * np.sin(np.pi * steps**0.7) * (1 + 0.4 * (np.arange(13) % 2))
    upper = list(zip(x.tolist(), (y + wide).tolist(), strict=True))
    lower = list(zip(x.tolist(), (y - wide * 1.4).tolist(), strict=True))
    return upper + lower[::-1]


def pine(place: Place, seed: int) -> list[Point]:
    """The outline of a conifer, for woods of many."""
    roll = dice("pine", seed)
    tiers = int(roll.integers(7, 11))
    wide = float(roll.uniform(0.15, 0.22))
    left: list[Point] = []
    right: list[Point] = []
    for k in range(tiers):
        t = k / tiers
        reach = wide * (1 - t) ** 0.85 + 0.008
        y = 0.06 + 0.94 * t
        for side in (left, right):
            jag = float(roll.uniform(0.8, 1.15))
            side += [(reach * jag, y - 0.035), (reach * 0.42, y + 0.5 / tiers)]
    shape = [(-0.02, 0.0), (0.02, 0.0), (0.02, 0.07), *right, (0.0, 1.04)]
    shape += [(-x, y) for x, y in left[::-1]] + [(-0.02, 0.07)]
    return [place.of(point) for point in shape]
