"""Water: the picture above it upside down, broken by waves, with the sun on them."""

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, mix, smooth
from mjgate.sandbox.draw.noise import clamped, sample, texture
from mjgate.sandbox.draw.scene import Look


def level(canvas: Canvas, look: Look, camera: float, focus: float = 1.1) -> Field:
    """How far away the surface is at each row; infinite over the horizon."""
    drop = canvas.y - look.horizon
    return np.where(drop > 1e-4, camera * focus / np.maximum(drop, 1e-4), np.inf).astype(np.float32)


def paint(canvas: Canvas, look: Look, above: Paint, camera: float) -> Paint:
    """The surface for the whole picture; lay it where the land is under water."""
    depth = np.minimum(level(canvas, look, camera), 400.0)
    rough = roughness(look)
    tilt, slope = _waves(canvas, look, depth, rough)
    drop = np.clip(canvas.y - look.horizon, 0.0, None)
    row = (
        canvas.row(look.horizon)
        - (drop * (1.0 + 0.35 * rough) + tilt * 0.16 * (0.25 + drop)) / canvas.pixel
    )
    column = canvas.column(0.0) + (canvas.x + slope * 0.05) / canvas.pixel
    mirror = clamped(above, column, np.minimum(row, canvas.row(look.horizon) - 1.5))
    deep = colour.blend(look.light.shade, (0.03, 0.16, 0.2), 0.55)
    body = colour.array(colour.scaled(deep, 0.62 * look.light.power))
    fresnel = np.clip(0.42 + 0.55 * np.exp(-drop * 2.2) - tilt * 1.1 * rough, 0.12, 1.0)
    out = mix(np.broadcast_to(body, mirror.shape), mirror * 0.96, fresnel)
    return out + _glitter(canvas, look, tilt, drop)[..., None] * colour.array(look.light.sun)


def roughness(look: Look) -> float:
    """From a mirror to a stormy sea."""
    if look.has("storm"):
        return 1.6
    base = 0.75 if look.brief.place in {"sea", "island"} else 0.3
    return base * (0.6 if "calm" in look.brief.moods else 1.0)


def _waves(canvas: Canvas, look: Look, depth: Field, rough: float) -> tuple[Field, Field]:
    field = texture(look.detail + 40, 512, cells=16, gain=0.62)
    across = (canvas.x - look.aspect / 2) * depth / 1.1
    far = np.broadcast_to(depth, across.shape)
    fine = sample(field, across * 0.055, far * 0.11) - 0.5
    wide = sample(field, across * 0.012 + 0.4, far * 0.026) - 0.5
    calm = np.exp(-depth / 45.0) * 0.85 + 0.15
    tilt = (fine * 0.7 + wide * 0.8) * calm * np.float32(0.5 + rough)
    return tilt, np.roll(tilt, 2, axis=1)


def _glitter(canvas: Canvas, look: Look, tilt: Field, drop: Field) -> Field:
    if look.hour in {"grey", "storm", "blue hour"} or look.has("rain", "fog"):
        return np.zeros_like(tilt)
    rise = max(0.02, look.horizon - look.sun[1])
    wide = 0.035 + drop * 0.2 + 0.02 * roughness(look)
    path = np.exp(-(((canvas.x - look.sun[0]) / wide) ** 2))
    reach = np.exp(-(((drop - rise * 0.9) / (0.22 + rise)) ** 2))
    spark = smooth(0.02, 0.3, tilt + 0.05)
    return path * reach * (0.25 + spark * 1.25) * np.float32(0.75 if not look.light.night else 0.5)
