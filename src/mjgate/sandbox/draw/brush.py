"""Styles that come from a hand: oil, watercolour, ink and pencil."""

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFilter

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import (
    Canvas,
    Field,
    Paint,
    Whole,
    blur,
    mix,
    smooth,
    to_image,
    to_paint,
)
from mjgate.sandbox.draw.colour import rgb
from mjgate.sandbox.draw.noise import clamped, dice, fbm
from mjgate.sandbox.draw.scene import Look


def calmed(canvas: Canvas, paint: Paint, reach: float) -> Paint:
    """Flat patches with kept edges, as Kuwahara's filter makes them; `reach` in scene units."""
    r = max(1, round(reach / canvas.pixel))
    image = to_image(paint)
    box = ImageFilter.BoxBlur(r / 2)
    mean = to_paint(image.filter(box))
    grey = colour.brightness(to_paint(image))
    square = np.asarray(to_image(grey * grey).filter(box), dtype=np.float32) / 255
    spread = square - colour.brightness(mean) ** 2
    half = (r + 1) // 2
    best, out = np.full(grey.shape, np.inf, dtype=np.float32), mean
    for dy, dx in ((-half, -half), (-half, half), (half, -half), (half, half)):
        value = _shifted(spread, dy, dx)
        better = value < best
        best = np.where(better, value, best)
        out = np.where(better[..., None], _shifted(mean, dy, dx), out)
    return out


def _shifted(field: Field, down: int, right: int) -> Field:
    """Moved by whole pixels; the edge goes on where nothing comes in."""
    high, wide = field.shape[:2]
    rows: Whole = np.arange(-down, high - down, dtype=np.int64).clip(0, high - 1)
    columns: Whole = np.arange(-right, wide - right, dtype=np.int64).clip(0, wide - 1)
    return field[rows][:, columns]


def bent(canvas: Canvas, paint: Paint, seed: int, reach: float, frequency: float = 14.0) -> Paint:
    """Everything a little out of place, as a wet brush leaves it."""
    dx = (fbm(canvas, frequency, seed, most=3) - 0.5) * np.float32(reach / canvas.pixel)
    dy = (fbm(canvas, frequency, seed + 1, most=3) - 0.5) * np.float32(reach / canvas.pixel)
    columns = np.arange(canvas.width, dtype=np.float32)[None, :] + dx
    rows = np.arange(canvas.height, dtype=np.float32)[:, None] + dy
    return clamped(paint, columns, rows)


def edges(canvas: Canvas, paint: Paint, width: float) -> Field:
    """Dark lines where brightness changes: the difference of two blurs."""
    grey = colour.brightness(paint)
    fine = width / canvas.pixel
    return blur(grey, fine * 1.8) - blur(grey, fine)


def oil(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """Strokes in three sizes along the forms, with the light on thick paint."""
    base = colour.saturate(calmed(canvas, paint, 0.022), 1.25)
    grey = blur(colour.brightness(base), 0.012 / canvas.pixel)
    turn = np.arctan2(np.gradient(grey, axis=0), np.gradient(grey, axis=1)) + np.float32(np.pi / 2)
    flat = np.hypot(np.gradient(grey, axis=0), np.gradient(grey, axis=1)) / canvas.pixel < 0.35
    swirl = (fbm(canvas, 1.6, look.detail + 3, most=3) - 0.5) * 5.0
    turn = np.where(flat, swirl, turn)
    sheet = to_image(base)
    draw = ImageDraw.Draw(sheet)
    roll = dice("oil", look.detail)
    busy = blur(np.abs(edges(canvas, paint, 0.006)), 0.008 / canvas.pixel) > 0.009
    fine = colour.saturate(calmed(canvas, paint, 0.007), 1.2)
    for count, width, length, tones, where in (
        (900, 0.017, 0.075, base, None),
        (1900, 0.009, 0.045, base, None),
        (1500, 0.005, 0.026, base, None),
        (9000, 0.0042, 0.017, fine, busy),
        (9000 if canvas.pixel < 1 / 800 else 0, 0.0022, 0.011, fine, busy),
    ):
        _strokes(canvas, draw, tones, turn, roll, (count, width, length), where)
    out = to_paint(sheet)
    height = colour.brightness(out) + 0.25 * fbm(canvas, 50, look.detail, gain=0.7)
    step = max(1, round(0.002 / canvas.pixel))
    relief = height - _shifted(height, step, step)
    return np.clip(out + np.clip(relief * 0.5, -0.12, 0.12)[..., None], 0, 1)


def _strokes(
    canvas: Canvas,
    draw: ImageDraw.ImageDraw,
    base: Paint,
    turn: Field,
    roll: np.random.Generator,
    size: tuple[int, float, float],
    where: NDArray[np.bool_] | None,
) -> None:
    """Many strokes of one size: how many, their width and length; only `where` it is true."""
    count = round(size[0] * (canvas.view.right - canvas.view.left))
    u, v, w = roll.random(count), roll.random(count), roll.uniform(0.6, 1.3, count)
    bend, shade = roll.normal(0, 0.25, count), roll.normal(0, 0.05, count)
    x, y = u * canvas.width, v * canvas.height
    at = y.astype(int), x.astype(int)
    long = w * (size[2] / canvas.pixel / 2)
    dx, dy = np.cos(turn[at]) * long, np.sin(turn[at]) * long
    ends = np.stack([x - dx, y - dy, x - dy * bend, y + dx * bend, x + dx, y + dy], axis=1)
    fills = (np.clip(base[at] * (1.0 + shade[:, None]), 0, 1) * 255).astype(int)
    if where is not None:
        ends, fills = ends[where[at]], fills[where[at]]
    wide = max(1, round(size[1] / canvas.pixel))
    for line, fill in zip(ends.tolist(), fills.tolist(), strict=True):
        draw.line(line, fill=tuple(fill), width=wide, joint="curve")


def watercolour(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """Washes with dark rims on grainy paper, white where the brush did not reach."""
    wet = bent(canvas, calmed(canvas, paint, 0.02), look.detail, 0.035, 7)
    wet = bent(canvas, wet, look.detail + 9, 0.012, 30)
    grain = fbm(canvas, 70, look.detail + 4, gain=0.75) - 0.5
    pool = fbm(canvas, 3.5, look.detail + 5, gain=0.6) - 0.5
    light = np.clip(wet, 0.02, 1) ** np.float32(0.72)
    light = colour.saturate(light, 1.3)
    rim = (
        np.clip(edges(canvas, wet, 0.004) * 3.0, 0, 0.35) + np.abs(edges(canvas, wet, 0.012)) * 0.8
    )
    thick = 1.0 - rim + pool * 0.28 + grain * 0.16
    paper = colour.array(rgb("#fbf6ea")) * (1.0 + grain * 0.05)[..., None]
    out = paper * np.clip(light * thick[..., None] * 0.94 + 0.06, 0, 1)
    return mix(paper, out, _reached(canvas, look, 0.055))


def _reached(canvas: Canvas, look: Look, margin: float) -> Field:
    """1 in the middle, 0 at the ragged border."""
    view = canvas.view
    dx = np.minimum(canvas.x - view.left, view.right - canvas.x)
    dy = np.minimum(canvas.y - view.top, view.bottom - canvas.y)
    ragged = (fbm(canvas, 5, look.detail + 6, gain=0.6) - 0.5) * 0.11
    brush = (fbm(canvas, 40, look.detail + 7, gain=0.6, stretch=3) - 0.5) * 0.02
    return smooth(0.0, 0.012, np.minimum(dx, dy) + ragged + brush - margin * 0.5)


def ink(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """Brush and water: a few greys, wet edges, much paper, and the painter's seal."""
    grey = colour.brightness(bent(canvas, calmed(canvas, paint, 0.016), look.detail, 0.02, 9))
    low, high = np.percentile(grey, (3, 88))
    tone = np.clip((grey - low) / max(0.05, float(high - low)), 0, 1)
    wash = fbm(canvas, 4, look.detail + 1, gain=0.62) - 0.5
    fibre = fbm(canvas, 60, look.detail + 2, stretch=4, gain=0.7) - 0.5
    steps = tone * 4.0 + wash * 0.5
    part = steps - np.floor(steps)
    tone = (np.floor(steps) + smooth(0.25, 0.75, part)) / 4.0
    line = np.clip(
        edges(canvas, grey[..., None] * np.ones(3, np.float32), 0.0032) * 9 - 0.06, 0, 0.85
    )
    dark = (
        np.clip(np.clip(1.0 - tone, 0, 1) ** 1.15 * (0.95 + wash * 0.6 + fibre * 0.5), 0, 1) * 0.92
    )
    dark = np.clip(dark + line * (0.75 + fibre), 0, 0.97)
    dark = (
        dark
        * (1.0 - 0.8 * smooth(0.72, 1.0, canvas.y) * smooth(0.35, 0.75, wash + 0.62))
        * _reached(canvas, look, 0.05)
    )
    paper = colour.array(rgb("#f3ecda")) * (1.0 + fibre * 0.06)[..., None]
    out = mix(paper, colour.array(rgb("#1c1d22")), dark)
    named = next((thing.colour for thing in look.brief.things if thing.colour), None)
    if named or look.tints:
        strong = smooth(0.12, 0.3, np.hypot(*np.moveaxis(colour.oklab(paint)[..., 1:], -1, 0)))
        out = mix(out, paper * (paint * 0.9 + 0.1), strong * 0.8)
    return _seal(canvas, look, out)


def _seal(canvas: Canvas, look: Look, out: Paint) -> Paint:
    side = 0.055
    x = 0.08 if look.spot > look.aspect / 2 else look.aspect - 0.08
    u, v = (canvas.x - x) / side, (canvas.y - 0.88) / side
    square = smooth(0.52, 0.46, np.maximum(np.abs(u), np.abs(v)))
    glyph = np.minimum(np.abs(np.abs(u) - 0.22), np.abs(v - 0.1 * np.sin(u * 9)))
    carved = smooth(0.03, 0.07, glyph) * smooth(0.02, 0.06, np.abs(v + 0.26))
    worn = smooth(0.2, 0.45, fbm(canvas, 60, look.detail + 8))
    return mix(out, colour.array(rgb("#b8281e")), square * (0.25 + 0.75 * carved) * worn * 0.92)


def pencil(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """Hatching in four directions, denser where it is darker, and firm outlines."""
    grey = colour.brightness(calmed(canvas, paint, 0.008))
    low, high = np.percentile(grey, (2, 95))
    tone = np.clip((grey - low) / max(0.05, float(high - low)), 0, 1) ** 0.8
    shake = fbm(canvas, 10, look.detail, most=4) - 0.5
    tooth = fbm(canvas, 110, look.detail + 2, gain=0.8) - 0.5
    dark = canvas.blank()
    for k, (turn, limit) in enumerate(((0.7, 0.82), (2.3, 0.6), (1.4, 0.4), (0.1, 0.22))):
        along = canvas.x * np.cos(turn) + canvas.y * np.sin(turn)
        wave = 0.5 + 0.5 * np.sin((along + shake * 0.03) * (560 + 40 * k))
        press = np.clip((limit - tone) * 2.6, 0, 1)
        dark += np.clip(wave - 0.45 + press * 0.35 + tooth * 0.5, 0, 1) * press * 0.42
    lines = np.clip(edges(canvas, paint, 0.0016) * 16 - 0.10, 0, 1) + np.clip(
        edges(canvas, paint, 0.004) * 6 - 0.08, 0, 0.6
    )
    dark = np.clip(dark + lines * (0.85 + tooth * 0.6), 0, 0.9) * _reached(canvas, look, 0.03)
    paper = colour.array(rgb("#f6f2e8")) * (1.0 + tooth * 0.03)[..., None]
    out = mix(paper, colour.array(rgb("#2c2b2e")), dark)
    if look.tints or any(thing.colour for thing in look.brief.things):
        out = out * (0.45 + 0.55 * np.clip(colour.saturate(paint, 1.4) * 1.2, 0, 1))
    return out
