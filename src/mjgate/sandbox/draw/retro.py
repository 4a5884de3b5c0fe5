"""The sunset of an arcade: striped sun, glowing wires over dark hills."""

import numpy as np

from mjgate.sandbox.draw import colour, land, sky
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, blur, mix, smooth
from mjgate.sandbox.draw.colour import rgb
from mjgate.sandbox.draw.scene import Look

_WIRES = (
    ("#ff4fd8", "#37e6ff"),
    ("#4ff0ff", "#b46bff"),
    ("#ff7a5c", "#ff4fd8"),
    ("#8f7bff", "#4ff0c8"),
)


def sun(canvas: Canvas, look: Look, under: Paint) -> Paint:
    """Large, low, and cut by stripes that widen downwards."""
    x, y, radius = look.sun[0] * 0.4 + look.aspect * 0.3, look.horizon - 0.13, 0.23
    far = np.sqrt((canvas.x - x) ** 2 + (canvas.y - y) ** 2)
    cover = np.clip((radius - far) / canvas.pixel + 0.5, 0, 1)
    down = (canvas.y - y) / radius
    wave = (down * 7.0) % 1.0
    gap = smooth(0.0, 0.06, wave - 0.12 - 0.42 * np.clip(down, 0, 1)) + (down < -0.05)
    tone = colour.gradient(
        (rgb("#ffe36a"), rgb("#ff9a5a"), rgb("#ff4fa0")),
        np.clip(down * 0.5 + 0.5, 0, 1) * np.ones_like(far),
    )
    out = under + (np.exp(-far * 4.5) * 0.30)[..., None].astype(np.float32) * colour.array(
        rgb("#ff6ab0")
    )
    return mix(out, tone, cover * np.clip(gap, 0, 1))


def ground(canvas: Canvas, look: Look, under: Paint) -> tuple[Paint, Field]:
    """The land as a net of light."""
    seen = land.ground(canvas, look)
    here = np.isfinite(seen.depth)
    depth = np.where(here, seen.depth, np.float32(50.0))
    first, second = (rgb(text) for text in _WIRES[look.pick % 4])
    body = colour.gradient(
        (rgb("#12082a"), rgb("#2b1250"), rgb("#47206e")), np.clip(seen.lit + depth / 60, 0, 1)
    )
    foot = depth * canvas.pixel / 1.1
    lines = np.maximum(
        _wire(seen.across * 1.3, foot * 1.3),
        _wire(depth * 1.3, foot * 1.3 * depth / max(0.6, look.camera) * 0.5),
    )
    lines = lines * np.exp(-depth / 20.0)
    tone = colour.gradient((first, second), np.clip(depth / 14.0, 0, 1))
    glow = blur(lines, 0.005 / canvas.pixel) * 0.9 + blur(lines, 0.02 / canvas.pixel) * 0.7
    body = body + (lines + glow)[..., None] * tone
    veil = 1.0 - np.exp(-depth / 26.0)
    body = mix(body, sky.base(canvas, look), veil * 0.8)
    return mix(under, body, here.astype(np.float32)), canvas.blank()


def _wire(at: Field, foot: Field) -> Field:
    """Bright where a coordinate is whole; never thinner than a pixel."""
    away = np.abs(at - np.round(at))
    wide = 0.014 + foot * 1.2
    return np.clip(1.25 - away / wide, 0, 1) * np.clip(0.05 / wide, 0.15, 1)
