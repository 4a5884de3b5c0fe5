"""Which style a look is drawn in, and how its generation shows."""

from collections.abc import Callable, Mapping

from PIL import ImageFilter

from mjgate.sandbox.draw import brush, pieces, prints
from mjgate.sandbox.draw.canvas import Canvas, Paint, to_image, to_paint
from mjgate.sandbox.draw.scene import Look

Style = Callable[[Canvas, Look, Paint], Paint]

STYLES: Mapping[str, Style] = {
    "oil": brush.oil,
    "watercolour": brush.watercolour,
    "ink": brush.ink,
    "pencil": brush.pencil,
    "poster": prints.poster,
    "ukiyoe": prints.ukiyoe,
    "pixel": prints.pixel,
    "noir": prints.noir,
    "anime": prints.anime,
    "glass": pieces.glass,
    "lowpoly": pieces.lowpoly,
}

CLEAN = {"pixel", "poster", "watercolour", "ink", "pencil", "ukiyoe", "glass", "lowpoly"}
"""Styles whose surface wants no vignette."""


def styled(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """The picture in its style."""
    version = look.brief.flags.version
    if version < 4 and not look.brief.flags.niji:
        paint = prints.aged(canvas, look, paint)
    elif version >= 6 and look.brief.style is None:
        radius = 0.0018 / canvas.pixel
        strength = 45 if version < 7 else 70
        sharp = to_image(paint).filter(ImageFilter.UnsharpMask(radius, strength, 1))
        paint = to_paint(sharp)
    style = STYLES.get(look.brief.style or "")
    return paint if style is None else style(canvas, look, paint)
