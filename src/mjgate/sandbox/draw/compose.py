"""The order in which a picture is painted: from the sky to the front."""

import numpy as np

from mjgate.sandbox.draw import clouds, finish, land, sky, water
from mjgate.sandbox.draw.canvas import Canvas, Paint, View, mix
from mjgate.sandbox.draw.scene import Look


def render(chosen: Look, size: tuple[int, int], view: View) -> Paint:
    """Any window on a look."""
    canvas = Canvas(size[0], size[1], view)
    return finish.finish(canvas, chosen, _paint(canvas, chosen))


def _paint(canvas: Canvas, chosen: Look) -> Paint:
    paint = sky.base(canvas, chosen)
    if chosen.light.night or chosen.has("stars"):
        paint = sky.stars(canvas, chosen, paint)
    paint = sky.disc(canvas, chosen, paint)
    paint = clouds.paint(canvas, chosen, paint)
    place = chosen.brief.place
    if place == "sea":
        below = (canvas.y > chosen.horizon).astype(np.float32) * np.ones_like(canvas.x)
        return mix(paint, water.paint(canvas, chosen, paint, chosen.camera), below)
    seen = land.ground(canvas, chosen)
    paint = land.paint(canvas, chosen, seen, paint)
    if chosen.brief.water:
        wet = (seen.height < 0.0) & (canvas.y > chosen.horizon)
        flat = water.paint(canvas, chosen, paint, land.camera_of(chosen).height)
        paint = mix(paint, flat, wet.astype(np.float32))
    return paint
