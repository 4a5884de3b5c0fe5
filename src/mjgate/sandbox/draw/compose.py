"""The order in which a picture is painted: from the sky to the front."""

import numpy as np

from mjgate.sandbox.draw import (
    abstract,
    city,
    clouds,
    deep,
    falls,
    finish,
    land,
    retro,
    scatter,
    sky,
    space,
    still,
    subjects,
    water,
    weather,
    woods,
)
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, View, mix
from mjgate.sandbox.draw.lit import lighting
from mjgate.sandbox.draw.scene import Look


def render(chosen: Look, size: tuple[int, int], view: View) -> Paint:
    """Any window on a look."""
    canvas = Canvas(size[0], size[1], view)
    return finish.finish(canvas, chosen, _paint(canvas, chosen))


def _paint(canvas: Canvas, chosen: Look) -> Paint:
    paint, wet = _place(canvas, chosen)
    if chosen.brief.place != "still life":
        paint = subjects.paint(canvas, chosen, paint, wet)
    return weather.front(canvas, chosen, paint)


def _place(canvas: Canvas, chosen: Look) -> tuple[Paint, Field]:
    """Everything but the subjects, and where it is water."""
    match chosen.brief.place:
        case "space":
            return space.paint(canvas, chosen), canvas.blank()
        case "underwater":
            return deep.paint(canvas, chosen), canvas.blank()
        case "abstract":
            return abstract.paint(canvas, chosen), canvas.blank()
        case "still life":
            return still.paint(canvas, chosen), canvas.blank()
        case _:
            return _outdoors(canvas, chosen)


def _outdoors(canvas: Canvas, chosen: Look) -> tuple[Paint, Field]:
    air = sky.base(canvas, chosen)
    paint = air
    if chosen.light.night or chosen.has("stars"):
        paint = sky.stars(canvas, chosen, paint)
    paint = sky.disc(canvas, chosen, paint)
    paint = clouds.paint(canvas, chosen, paint)
    paint = weather.wonders(canvas, chosen, paint)
    if "space" in chosen.brief.places:
        paint = space.risen(canvas, chosen, paint)
    if chosen.brief.style == "vaporwave":
        paint = retro.sun(canvas, chosen, paint)
        if chosen.brief.place not in {"city", "sea"}:
            return retro.ground(canvas, chosen, paint)
    return _floor(canvas, chosen, paint, air)


def _floor(canvas: Canvas, chosen: Look, paint: Paint, air: Paint) -> tuple[Paint, Field]:
    """What lies under the sky."""
    if chosen.brief.place == "waterfall":
        return falls.paint(canvas, chosen, paint)
    if chosen.brief.place == "city":
        return city.paint(canvas, chosen, paint)
    if chosen.brief.place == "sea":
        below = np.clip((canvas.y - chosen.horizon) / canvas.pixel + 0.5, 0, 1) * np.ones_like(
            canvas.x
        )
        return mix(paint, water.paint(canvas, chosen, paint, chosen.camera), below), below
    return _earth(canvas, chosen, paint, air)


def _earth(canvas: Canvas, chosen: Look, paint: Paint, air: Paint) -> tuple[Paint, Field]:
    seen = land.ground(canvas, chosen)
    paint = land.paint(chosen, seen, paint, air)
    scatter.paint(canvas, chosen, paint, seen, lighting(chosen))
    wet = canvas.blank()
    if chosen.brief.water:
        wet = ((seen.height < 0.0) & (canvas.y > chosen.horizon)).astype(np.float32)
        paint = mix(paint, water.paint(canvas, chosen, paint, land.camera_of(chosen).height), wet)
    elif chosen.brief.place == "forest":
        paint = woods.paint(canvas, chosen, paint)
    return paint, wet
