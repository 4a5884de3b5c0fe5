"""The sky: its gradient, the glow round the sun, the sun or moon itself, and the stars."""

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, blur, mix, smooth
from mjgate.sandbox.draw.noise import dice, fbm, lattice
from mjgate.sandbox.draw.scene import Look

_TOP = 0.72
"""How far over the horizon the gradient ends."""


def base(canvas: Canvas, look: Look) -> Paint:
    """Gradient and glow, down to below the horizon."""
    rise = np.clip((look.horizon - canvas.y) / _TOP, 0.0, 1.0) ** np.float32(0.85)
    rows = colour.gradient(look.light.sky, rise[:, 0])
    paint = np.repeat(rows[:, None, :], canvas.width, axis=1)
    # A breath of unevenness keeps large calm skies from banding.
    paint += ((fbm(canvas, 1.3, look.sky + 9, stretch=3, most=3) - 0.5) * 0.05)[..., None]
    return paint + glow(canvas, look)


def distance(canvas: Canvas, look: Look) -> Field:
    """How far each pixel is from the sun or moon."""
    return np.sqrt((canvas.x - look.sun[0]) ** 2 + (canvas.y - look.sun[1]) ** 2)


def glow(canvas: Canvas, look: Look) -> Paint:
    """Light scattered round the sun or moon."""
    far = distance(canvas, look)
    if look.light.night:
        halo = 0.20 * np.exp(-far * 9) + 0.10 * np.exp(-far * 3)
    elif look.hour in {"grey", "storm", "blue hour", "vapor"} or look.has("storm", "rain"):
        halo = 0.10 * np.exp(-far * 3.5)
    else:
        low = max(0.0, 1.0 - (look.horizon - look.sun[1]) / 0.4)
        halo = 0.30 * np.exp(-far * 11) + (0.10 + 0.18 * low) * np.exp(-far * 3.2)
        # Low sun: the light lies along the horizon.
        spread = np.exp(-np.abs(canvas.y - look.horizon) * 8 - np.abs(canvas.x - look.sun[0]) * 1.8)
        halo += 0.16 * low * spread
    return halo.astype(np.float32)[..., None] * colour.array(look.light.sun)


def shows_disc(look: Look) -> bool:
    """Is the sun or moon to be seen?"""
    if look.thing("moon", "sun"):
        return True
    if look.hour in {"grey", "storm", "dusk", "blue hour", "vapor"} or look.has(
        "rain", "fog", "storm"
    ):
        return False
    return not (look.light.night and look.has("aurora"))


def disc(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """The sun, or the moon with its seas."""
    if not shows_disc(look):
        return paint
    named = look.thing("moon", "sun")
    moon = (look.light.night and not look.thing("sun")) or look.thing("moon") is not None
    radius = (0.034 if moon else 0.03) * (2.1 if named else 1.0) * (0.8 + 0.3 * look.size)
    if not moon and look.hour in {"sunset", "dawn"}:
        radius *= 1.35
    far = distance(canvas, look)
    edge = np.clip((radius - far) / canvas.pixel + 0.5, 0.0, 1.0)
    if not moon:
        core = colour.blend(look.light.sun, (1.0, 0.98, 0.9), 0.75)
        soft = np.exp(-np.clip(far - radius, 0, None) * 40) * 0.35
        return mix(paint, colour.array(core) * 1.08, np.maximum(edge, soft))
    return _moon(canvas, look, mix(paint, paint + 0.12, np.exp(-far / radius / 1.6)), radius, edge)


def _moon(canvas: Canvas, look: Look, paint: Paint, radius: float, edge: Field) -> Paint:
    u = (canvas.x - look.sun[0]) / radius
    v = (canvas.y - look.sun[1]) / radius
    seas = smooth(0.42, 0.66, fbm(canvas, 0.9 / radius, look.sky + 3, most=4))
    round_ = np.sqrt(np.clip(1.0 - u * u - v * v, 0.0, 1.0))
    light = (0.86 + 0.16 * round_) * (1.0 - 0.16 * seas)
    thing = look.thing("moon")
    tone = colour.NAMED[thing.colour] if thing and thing.colour else (1.0, 0.97, 0.88)
    return mix(paint, light[..., None] * colour.array(tone), edge)


def stars(canvas: Canvas, look: Look, paint: Paint, *, amount: float = 1.0) -> Paint:
    """Points of many sizes, a few of them with a cross of light, and the milky way."""
    rise = smooth(0.0, 0.5, look.horizon - canvas.y)
    layer = np.zeros(paint.shape, dtype=np.float32)
    for k, (cells, share) in enumerate(((26, 0.35), (58, 0.22), (110, 0.16))):
        layer += _points(canvas, look, cells, share * amount, k)
    if look.has("stars") or look.brief.place == "space":
        layer += _milky(canvas, look)
    return paint + layer * rise[..., None]


def _points(canvas: Canvas, look: Look, cells: int, share: float, rank: int) -> Paint:
    """One star at most in each cell of a grid, drawn as a small soft spot."""
    view = canvas.view
    columns = range(int(np.floor(view.left * cells)), int(np.ceil(view.right * cells)) + 1)
    rows = range(int(np.floor(view.top * cells)), int(np.ceil(view.bottom * cells)) + 1)
    chance, dx, dy, hot = (lattice(look.sky + 17 * n + rank, columns, rows) for n in range(4))
    row, column = np.nonzero(chance < share)
    x = canvas.width * ((columns.start + column + dx[row, column]) / cells - view.left)
    x = x / (view.right - view.left)
    y = ((rows.start + row + dy[row, column]) / cells - view.top) / canvas.pixel
    power = (chance[row, column] / share) ** 2 * (1.0, 0.55, 0.3)[rank] + 0.12
    warm = hot[row, column][:, None]
    tone = colour.array((0.75, 0.86, 1.0)) * (1 - warm) + colour.array((1.0, 0.9, 0.74)) * warm
    out = np.zeros((canvas.height, canvas.width, 3), dtype=np.float32)
    inside = (x >= 0) & (x < canvas.width) & (y >= 0) & (y < canvas.height)
    at = y[inside].astype(np.int32), x[inside].astype(np.int32)
    spot = (0.0011, 0.0008, 0.0006)[rank] / canvas.pixel
    gain = np.float32(1.0 + 6.0 * spot * spot)
    out[at] = (tone * power[:, None])[inside] * gain
    return blur(out, spot) if spot > 0.3 else out


def _milky(canvas: Canvas, look: Look) -> Paint:
    roll = dice("milky", look.sky)
    angle = float(roll.uniform(0.5, 1.1)) * (1 if roll.random() < 0.5 else -1)
    along = (canvas.x - look.aspect / 2) * np.cos(angle) + (canvas.y - 0.3) * np.sin(angle)
    across = (canvas.y - 0.3) * np.cos(angle) - (canvas.x - look.aspect / 2) * np.sin(angle)
    dust = fbm(canvas, 3.0, look.sky + 31)
    fine = fbm(canvas, 7.0, look.sky + 32)
    band = np.exp(-(((across + (dust - 0.5) * 0.25) / 0.16) ** 2))
    lane = smooth(0.45, 0.75, fine) * np.exp(-(((across + 0.02) / 0.07) ** 2))
    strength = band * (0.25 + 0.6 * fine) * (1 - 0.75 * lane)
    tone = colour.gradient(
        ((0.36, 0.32, 0.62), (0.55, 0.62, 0.86), (0.98, 0.85, 0.72)),
        np.clip(0.5 + along * 0.4 + (dust - 0.5), 0, 1),
    )
    return strength[..., None] * tone * np.float32(0.62)
