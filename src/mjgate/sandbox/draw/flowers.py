"""Large flowers on their stems: rings of petals round a heart."""

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.colour import Rgb, rgb
from mjgate.sandbox.draw.noise import dice
from mjgate.sandbox.draw.shapes import Pen, Place, Point

_RING = tuple(
    (float(np.cos(t)), float(np.sin(t))) for t in np.linspace(0, 2 * np.pi, 16, endpoint=False)
)

_RINGS = ((13, 0.30, 0.075), (11, 0.24, 0.07), (8, 0.16, 0.055))
"""Petals, their length and width, from the outer ring inwards."""


def flower(pen: Pen, place: Place, *, seed: int, tone: Rgb) -> None:
    """One flower, about as high as its place says."""
    roll = dice("flower", seed)
    lean = float(roll.uniform(-0.12, 0.12))
    _stem(pen, place, roll, lean)
    heart = (lean, 0.74)
    pale = colour.blend(tone, (1.0, 0.95, 0.85), 0.35)
    for k, (count, length, wide) in enumerate(_RINGS):
        shade = colour.blend(colour.scaled(tone, 0.78), pale, k / 2)
        for n in range(count):
            turn = 2 * np.pi * (n + 0.5 * k) / count + float(roll.uniform(-0.08, 0.08))
            leaf = _petal(heart, turn, length * float(roll.uniform(0.92, 1.06)), wide)
            pen.fill([([place.of((x, 0.74 + (y - 0.74) * 0.86)) for x, y in leaf], 0.0)], shade)
    x, y = place.of(heart)
    for radius, text in ((0.062, "#8a5a1c"), (0.05, "#e0a52e"), (0.026, "#f6d468")):
        reach = radius * place.size
        pen.fill([([(x + a * reach, y + b * reach) for a, b in _RING], 0.0)], rgb(text))


def _stem(pen: Pen, place: Place, roll: np.random.Generator, lean: float) -> None:
    stem = [place.of((lean * t * t, t * 0.72)) for t in np.linspace(0, 1, 10).tolist()]
    pen.fill([(stem, 0.028 * place.size)], rgb("#4a7a3c"))
    for side in (-1, 1):
        at = float(roll.uniform(0.18, 0.4))
        leaf = _petal((lean * at * at, at), np.pi / 2 - side * 1.0, 0.3, 0.07)
        pen.fill([([place.of(point) for point in leaf], 0.0)], rgb("#55893f"))


def _petal(start: Point, turn: float, length: float, wide: float) -> list[Point]:
    steps = np.linspace(0, 1, 12)
    bulge = wide * np.sin(np.pi * steps**1.4) ** 0.8
    along = np.concatenate([steps, steps[::-1]]) * length
    across = np.concatenate([bulge, -bulge[::-1]])
    c, s = float(np.cos(turn)), float(np.sin(turn))
    return [
        (start[0] + a * c - b * s, start[1] + a * s + b * c)
        for a, b in zip(along.tolist(), across.tolist(), strict=True)
    ]
