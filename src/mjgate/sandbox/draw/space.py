"""Space: clouds of gas, stars, and planets with a day side."""

import numpy as np

from mjgate.sandbox.draw import colour, sky
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, mix, smooth
from mjgate.sandbox.draw.colour import Rgb, rgb
from mjgate.sandbox.draw.noise import dice, fbm, sample, texture
from mjgate.sandbox.draw.scene import Look

_GAS = (
    ("#0a0a1e", "#3a1d5e", "#b23a7a", "#ffb37a", "#7ac8ff"),
    ("#050d1c", "#0f3a5a", "#2f8fa8", "#e8d7a0", "#ff7a5c"),
    ("#0c0716", "#3d1444", "#d2483f", "#ffd27a", "#8a6cff"),
    ("#040a16", "#1b2a6a", "#5a55d8", "#f29ad8", "#8ff0e0"),
)
_WORLDS = (
    ("#8a4a2e", "#d89a5c", "#f0d0a0", "#b4683c"),
    ("#1d4a7a", "#3f8ab0", "#e8f0f0", "#3f7a4a"),
    ("#5a3a6a", "#a86a9a", "#e8b8c0", "#784a8a"),
    ("#4a6a6a", "#8ab4a4", "#dce8cc", "#5a8a8a"),
)


def paint(canvas: Canvas, look: Look) -> Paint:
    """Everything there is."""
    out = _gas(canvas, look)
    out = sky.stars(canvas, look, out, amount=0.8)
    roll = dice("worlds", look.ground)
    side = 1 if look.sun[0] > look.spot else -1
    radius = 0.21 * look.size
    x = look.spot if not look.brief.things else look.aspect - look.spot
    world(
        canvas,
        look,
        out,
        (x, 0.52 + float(roll.uniform(-0.08, 0.08)), radius),
        look.pick,
        side,
        ring=roll.random() < 0.55,
    )
    for k in range(int(roll.integers(1, 4))):
        at = float(roll.uniform(0.08, 0.92)) * look.aspect, float(roll.uniform(0.1, 0.9))
        if abs(at[0] - x) > radius * 1.4:
            world(
                canvas,
                look,
                out,
                (*at, float(roll.uniform(0.02, 0.06))),
                look.pick + k + 1,
                side,
                ring=False,
            )
    return out


def risen(canvas: Canvas, look: Look, under: Paint) -> Paint:
    """A pale giant over the horizon of another world."""
    out = under.copy()
    x = look.aspect - look.spot
    side = 1 if look.sun[0] > x else -1
    place = (x, look.horizon * 0.5, 0.15 * look.size)
    world(canvas, look, out, place, look.pick, side, ring=True)
    return mix(under, np.maximum(out, under * 0.9), 0.72 if not look.light.night else 0.95)


def _gas(canvas: Canvas, look: Look) -> Paint:
    bend = fbm(canvas, 1.6, look.sky, most=5) - 0.5
    thick = texture(look.sky + 1, 512, cells=4, gain=0.56)
    wide = sample(thick, canvas.x * 0.42 + bend * 0.5, canvas.y * 0.42 + bend * 0.35)
    fine = sample(thick, canvas.x * 0.9 - bend * 0.4 + 0.3, canvas.y * 0.9 + bend * 0.6)
    stops = [rgb(text) for text in _GAS[look.pick % len(_GAS)]]
    for tint, amount in look.tints:
        stops = [stops[0], *(colour.blend(stop, tint, amount * 0.8) for stop in stops[1:])]
    along = (canvas.x / look.aspect - 0.5) * 0.5 + (canvas.y - 0.5) * (
        0.7 if look.pick % 2 else -0.7
    )
    band = np.exp(-(((along + bend * 0.5) / 0.32) ** 2))
    dense = smooth(0.3, 0.85, wide * 0.6 + fine * 0.45) * (0.25 + 0.9 * band)
    out = colour.gradient(stops[:4], np.clip(dense * 1.05, 0, 1))
    glow = smooth(0.55, 0.9, fine) * band
    out = out + glow[..., None] * colour.array(stops[4]) * 0.45
    dust = smooth(0.5, 0.72, sample(thick, canvas.x * 0.7 + 0.6, canvas.y * 0.7 + bend * 0.8))
    return out * (1.0 - 0.55 * dust * band)[..., None] + 0.008


def world(
    canvas: Canvas,
    look: Look,
    out: Paint,
    place: tuple[float, float, float],
    pick: int,
    side: int,
    *,
    ring: bool,
) -> None:
    x, y, radius = place
    u, v = (canvas.x - x) / radius, (canvas.y - y) / radius
    far = u * u + v * v
    tilt = 0.35
    if ring:
        _ring(out, u, v, pick, tilt, behind=True)
    z = np.sqrt(np.clip(1.0 - far, 0.0, 1.0))
    light = np.clip(u * 0.72 * side - v * 0.38 + z * 0.5, 0.0, 1.0)
    tone = _surface(look, u, v, z, pick)
    shade = light**0.85 * 1.15 + 0.015
    body = tone * shade[..., None]
    rim = (1.0 - z) ** 3 * (light * 1.2)
    air = colour.array(rgb(_WORLDS[pick % len(_WORLDS)][2]))
    body = body + rim[..., None] * air * 0.7
    edge = np.clip((1.0 - np.sqrt(far)) * radius / canvas.pixel + 0.5, 0.0, 1.0)
    halo = (
        np.exp(-np.clip(np.sqrt(far) - 1.0, 0, None) * 14)
        * np.clip(0.25 + u * 0.5 * side - v * 0.3, 0, 1)
        * 0.45
    )
    out += (halo * (1 - edge))[..., None].astype(np.float32) * air
    out += (body - out) * edge[..., None].astype(np.float32)
    if ring:
        _ring(out, u, v, pick, tilt, behind=False)


def _surface(look: Look, u: Field, v: Field, z: Field, pick: int) -> Paint:
    stops = [rgb(text) for text in _WORLDS[pick % len(_WORLDS)]]
    for tint, amount in look.tints:
        stops = [colour.blend(stop, tint, amount * 0.6) for stop in stops]
    field = texture(look.ground + pick, 256, cells=4, gain=0.58)
    lon, lat = np.arctan2(u, z + 1e-3) * 0.16 + pick * 0.37, v * 0.4 + u * 0.1
    if pick % 2 == 0:
        swirl = sample(field, lon * 1.5, lat * 2) - 0.5
        value = sample(field, lon * 0.25 + 0.1, lat * 3.2 + swirl * 0.12)
        return colour.gradient((*stops, stops[1]), smooth(0.2, 0.8, value))
    value = sample(field, lon * 2, lat * 2)
    cloud = smooth(0.55, 0.75, sample(field, lon * 2.4 + 0.5, lat * 3.4))
    ground = colour.gradient((stops[0], stops[1], stops[3], stops[3]), smooth(0.3, 0.75, value))
    return mix(ground, colour.array((0.97, 0.97, 0.98)), cloud * 0.85)


def _ring(out: Paint, u: Field, v: Field, pick: int, tilt: float, *, behind: bool) -> None:
    a = u * np.cos(0.3) + v * np.sin(0.3)
    b = (v * np.cos(0.3) - u * np.sin(0.3)) / tilt
    far = np.sqrt(a * a + b * b)
    wave = 0.5 + 0.5 * np.sin(far * 46 + np.sin(far * 17) * 2)
    cover = smooth(1.3, 1.38, far) * smooth(2.15, 2.0, far) * (0.35 + 0.5 * wave)
    cover = cover * (1.0 - smooth(1.66, 1.69, far) * smooth(1.76, 1.73, far) * 0.9)
    front = b > 0
    cover = cover * (~front if behind else front) * (0.9 if not behind else 0.7)
    tone: Rgb = rgb(_WORLDS[pick % len(_WORLDS)][2])
    out += (colour.array(tone) * 0.85 - out) * cover[..., None].astype(np.float32)
