"""Subjects on the water: on a rock, or floating over their own broken image."""

from dataclasses import replace

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.brief import Thing
from mjgate.sandbox.draw.canvas import Canvas, Paint, blur, smooth
from mjgate.sandbox.draw.colour import rgb
from mjgate.sandbox.draw.figures import Figure
from mjgate.sandbox.draw.lit import by_day, lighting
from mjgate.sandbox.draw.noise import clamped, fbm, line
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Place, figure


def islet(canvas: Canvas, look: Look, out: Paint, place: Place, wide: float) -> Place:
    """A rock in the water to stand on."""
    reach = wide * place.size * 1.15
    high = 0.05 + 0.10 * reach
    offset = (canvas.x - place.x) / reach
    top = (
        place.y
        + high * 0.55 * offset**2 * 1.6
        + line(canvas.x, 9.0, look.detail + 5, pixel=canvas.pixel, gain=0.62) * 0.035
    )
    foot = place.y + high + 0.006 * np.sin(canvas.x * 90)
    inside = np.clip((canvas.y - top) / canvas.pixel, 0, 1) * np.clip(
        (foot - canvas.y) / canvas.pixel, 0, 1
    )
    light = lighting(look)
    rough = fbm(canvas, 16, look.detail + 6, gain=0.62) - 0.5
    across = np.gradient(rough, axis=1) / canvas.pixel * light.direction[0]
    down = np.gradient(rough, axis=0) / canvas.pixel * light.direction[1]
    lit = np.clip(
        0.45 - (across + down) * 0.05 + rough * 0.8 - offset * 0.25 * light.direction[0], 0.1, 1.1
    )
    depth = np.clip((canvas.y - top) / high, 0, 1)
    tone = colour.array(light.sun) * lit[..., None] + colour.array(light.shade) * 0.35
    green = smooth(0.28, 0.0, depth + rough * 0.5)[..., None]
    stone = colour.array(rgb("#7d7468")) * (1 - green) + colour.array(rgb("#7f9450")) * green
    mirror = (
        np.clip((canvas.y - foot) / canvas.pixel, 0, 1)
        * smooth(high * 1.2, 0.0, canvas.y - foot)
        * smooth(1.15, 0.7, np.abs(offset))
    )
    out *= 1.0 - (mirror * 0.45)[..., None]
    out += (stone * tone * (1.0 - 0.45 * depth)[..., None] - out) * inside[..., None].astype(
        np.float32
    )
    return replace(place, y=place.y + 0.012)


def afloat(
    canvas: Canvas, look: Look, out: Paint, known: Figure, thing: Thing, place: Place
) -> None:
    """A thing on the water and its broken image in it."""
    before = out.copy()
    light = lighting(look, x=place.x)
    colours = by_day(look, known.colours(thing.colour, look.accent))
    figure(canvas, out, known.text, place, colours, light)
    drawn = np.abs(out - before).sum(-1) > 0.02
    row = canvas.row(place.y)
    below = np.clip(canvas.y - place.y, 0, None)
    sway = (fbm(canvas, 24, look.detail + 12, stretch=5, most=3) - 0.5) * (0.01 + below * 0.12)
    rows = 2 * row - canvas.row(0) - (canvas.y * 1.0 + below * 0.25) / canvas.pixel
    columns = canvas.column(0.0) + (canvas.x + sway) / canvas.pixel
    image = clamped(out, columns, rows + 0 * columns)
    seen = clamped(blur(drawn.astype(np.float32), 0.8), columns, rows + 0 * columns)
    fade = seen * (canvas.y > place.y) * np.exp(-below * 3.2) * 0.72
    out += (image * 0.8 - out) * fade[..., None].astype(np.float32)
