"""Clouds: a deck in perspective, heaps on the horizon, and wisps."""

import numpy as np

from mjgate.sandbox.draw import colour, sky
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, mix, smooth
from mjgate.sandbox.draw.noise import fbm, sample, texture
from mjgate.sandbox.draw.scene import Look


def paint(canvas: Canvas, look: Look, under: Paint) -> Paint:
    """The clouds this look asks for."""
    if look.clouds < 0.04:
        return under
    kinds = (_deck, _heaps, _wisps)
    if look.has("storm") or look.hour == "storm":
        return _deck(canvas, look, under)
    first = _heaps if look.brief.style == "anime" else kinds[look.pick % 3]
    out = _wisps(canvas, look, under) if first is not _wisps else under
    return first(canvas, look, out)


def _tones(canvas: Canvas, look: Look, lit: Field) -> Paint:
    """From the dark side to the lit one, brighter near the sun."""
    near = np.exp(-sky.distance(canvas, look) * 2.4).astype(np.float32)
    glow = colour.blend(look.light.cloud, look.light.sun, 0.5)
    stops = (
        look.light.under,
        colour.blend(look.light.under, look.light.cloud, 0.55),
        look.light.cloud,
    )
    tone = colour.gradient(stops, np.clip(lit, 0, 1))
    return mix(tone, colour.array(glow) * 1.08, np.clip(near * lit * 0.9, 0, 1))


def _deck(canvas: Canvas, look: Look, under: Paint) -> Paint:
    rise = np.clip(look.horizon - canvas.y, 0.0, None) + 0.05
    size = 512
    field = texture(look.sky, size, cells=5, gain=0.52)
    scale = np.float32(0.085)
    u = (canvas.x - look.aspect / 2) / rise * scale + 0.37
    v = 1.0 / rise * scale * 1.5 + canvas.x * 0.0
    body = sample(field, u, v)
    step = np.float32(0.012)
    ahead = sample(field, u + step * np.tanh((look.sun[0] - canvas.x) * 4), v + step * 1.2)
    edge = 0.66 - 0.36 * look.clouds
    dense = smooth(edge, edge + 0.2, body)
    fade = smooth(0.05, 0.16, rise)
    lit = 0.62 + (body - ahead) * 3.4 - 0.5 * smooth(edge + 0.1, edge + 0.4, body)
    return mix(under, _tones(canvas, look, lit), dense * fade * 0.93)


def _heaps(canvas: Canvas, look: Look, under: Paint) -> Paint:
    out = under
    for k in range(3):
        scale = (5.2, 3.6, 2.4)[k]
        bottom = look.horizon - (0.05, 0.12, 0.24)[k]
        body = 1.0 - np.abs(
            2.0 * fbm(canvas, scale, look.sky + 50 * k, stretch=1.5, gain=0.55) - 1.0
        )
        wide = fbm(canvas, scale * 0.35, look.sky + 7 + 50 * k, stretch=1.6, most=3)
        rise = (bottom - canvas.y) / (0.12, 0.2, 0.3)[k]
        heap = (
            body * 0.55 + wide * 0.9 - np.clip(rise, 0, None) * 0.55 - np.clip(-rise, 0, None) * 5
        )
        edge = 1.02 - 0.4 * look.clouds
        dense = smooth(edge, edge + 0.11, heap)
        sun_side = np.roll(heap, (round(0.02 / canvas.pixel), 0), axis=(0, 1))
        turn = round(0.014 / canvas.pixel) * (1 if look.sun[0] < look.aspect / 2 else -1)
        sun_side = np.roll(sun_side, turn, axis=1)
        lit = 0.55 + (heap - sun_side) * 1.5 + 0.25 * np.clip(rise, -1, 1)
        out = mix(out, _tones(canvas, look, lit), dense * (0.75, 0.85, 0.92)[k])
    return out


def _wisps(canvas: Canvas, look: Look, under: Paint) -> Paint:
    slope = (canvas.x - look.aspect / 2) * 0.12
    bent = Canvas(canvas.width, canvas.height, canvas.view)
    body = fbm(bent, 3.2, look.sky + 77, stretch=5.0, gain=0.58)
    veil = fbm(bent, 1.1, look.sky + 78, stretch=2.0, most=3)
    height = look.horizon - canvas.y + slope
    edge = 0.6 - 0.25 * look.clouds
    dense = smooth(edge, edge + 0.35, body * 0.65 + veil * 0.35) * smooth(0.05, 0.3, height)
    lit = 0.7 + (body - 0.5) * 0.8
    return mix(under, _tones(canvas, look, lit), dense * 0.6)
