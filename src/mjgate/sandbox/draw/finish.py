"""The last touches every picture gets: bloom, contrast, vignette and grain."""

import numpy as np

from mjgate.sandbox.draw import colour, styles
from mjgate.sandbox.draw.canvas import Canvas, Paint, blur, smooth
from mjgate.sandbox.draw.noise import dice
from mjgate.sandbox.draw.scene import Look


def finish(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """From light to a picture."""
    paint = _shoulder(_bloom(canvas, look, paint))
    return styled(canvas, look, _grade(look, paint))


def styled(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """The style of the look, and film where the style has no surface of its own."""
    if look.brief.style in styles.CLEAN:
        return styles.styled(canvas, look, paint)
    return _grain(canvas, look, styles.styled(canvas, look, _vignette(canvas, look, paint)))


def _bloom(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    bright = np.clip(paint - 0.78, 0.0, 1.0)
    wide = blur(bright, 0.03 / canvas.pixel)
    return paint + wide * np.float32(0.35 + 0.6 * look.contrast)


def _shoulder(paint: Paint) -> Paint:
    """Highlights bend instead of breaking."""
    knee = np.float32(0.8)
    over = np.clip(paint - knee, 0.0, None)
    return np.clip(
        np.minimum(paint, knee) + (1.0 - knee) * (1.0 - np.exp(-over / (1.0 - knee))), 0, 1
    )


def _grade(look: Look, paint: Paint) -> Paint:
    moods = look.brief.moods
    power = 0.18 + 0.55 * look.contrast
    if "dramatic" in moods:
        power += 0.3
    if moods & {"calm", "pastel"}:
        power -= 0.15
    curved = paint * paint * (3.0 - 2.0 * paint)
    paint = paint + (curved - paint) * np.float32(power * 0.6)
    paint = colour.saturate(
        paint, 0.94 + 0.4 * look.contrast * (0.5 if look.brief.flags.raw else 1.0)
    )
    if "dark" in moods:
        paint = paint ** np.float32(1.25) * np.float32(0.85)
    if "cheerful" in moods:
        paint = colour.saturate(paint, 1.2) ** np.float32(0.92)
    if "pastel" in moods:
        paint = colour.saturate(paint, 0.8) * 0.62 + 0.36
    if "warm" in moods:
        paint = paint * colour.array((1.07, 1.0, 0.88))
    if "cold" in moods:
        paint = paint * colour.array((0.9, 0.99, 1.08))
    return np.clip(paint, 0.0, 1.0)


def _vignette(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    view = canvas.view
    wide, high = view.right - view.left, view.bottom - view.top
    x = (canvas.x - (view.left + view.right) / 2) / wide
    y = (canvas.y - (view.top + view.bottom) / 2) / high
    dark = smooth(0.18, 0.62, x * x + y * y)
    return paint * (1.0 - dark * np.float32(0.3 + 0.2 * look.contrast))[..., None]


def _grain(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    roll = dice("grain", look.detail, canvas.width, canvas.height)
    noise = roll.standard_normal((canvas.height, canvas.width), dtype=np.float32)
    middle = 1.0 - np.abs(colour.brightness(paint) - 0.45)
    return np.clip(paint + (noise * middle * np.float32(0.013))[..., None], 0.0, 1.0)
