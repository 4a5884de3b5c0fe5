"""The order in which a picture is painted: from the sky to the front."""

import numpy as np

from mjgate.sandbox.draw import clouds, finish, land, sky, subjects, water
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, View, mix
from mjgate.sandbox.draw.scene import Look


def render(chosen: Look, size: tuple[int, int], view: View) -> Paint:
    """Any window on a look."""
    canvas = Canvas(size[0], size[1], view)
    return finish.finish(canvas, chosen, _paint(canvas, chosen))


def _paint(canvas: Canvas, chosen: Look) -> Paint:
    air = sky.base(canvas, chosen)
    paint = air
    if chosen.light.night or chosen.has("stars"):
        paint = sky.stars(canvas, chosen, paint)
    paint = sky.disc(canvas, chosen, paint)
    paint = clouds.paint(canvas, chosen, paint)
    paint, wet = _earth(canvas, chosen, paint, air)
    return subjects.paint(canvas, chosen, paint, wet)


def _earth(canvas: Canvas, chosen: Look, paint: Paint, air: Paint) -> tuple[Paint, Field]:
    """Land and water, and where the water is."""
    if chosen.brief.place == "sea":
        below = np.clip((canvas.y - chosen.horizon) / canvas.pixel + 0.5, 0, 1) * np.ones_like(canvas.x)
        return mix(paint, water.paint(canvas, chosen, paint, chosen.camera), below), below
    seen = land.ground(canvas, chosen)
    paint = land.paint(canvas, chosen, seen, paint, air)
    wet = np.zeros_like(seen.height)
    if chosen.brief.water:
        wet = ((seen.height < 0.0) & (canvas.y > chosen.horizon)).astype(np.float32)
        paint = mix(paint, water.paint(canvas, chosen, paint, land.camera_of(chosen).height), wet)
    return paint, wet
