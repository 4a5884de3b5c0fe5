"""The colours of the land: rock, grass, snow and sand, in sun and shade, behind the haze."""

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Paint, mix, smooth
from mjgate.sandbox.draw.colour import Rgb, rgb
from mjgate.sandbox.draw.noise import sample, texture
from mjgate.sandbox.draw.relief import relief
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.terrain import Camera, Ground, detail, seen

SOILS: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    # steep, flat, far down
    "mountains": (rgb("#6f6a68"), rgb("#6f7f4a"), rgb("#57713c")),
    "volcano": (rgb("#5d5658"), rgb("#5f7a48"), rgb("#4c6d3c")),
    "fuji": (rgb("#5d5658"), rgb("#5f7a48"), rgb("#4c6d3c")),
    "lake": (rgb("#6d6b6a"), rgb("#5f7048"), rgb("#4b633e")),
    "forest": (rgb("#4d5a3a"), rgb("#47663a"), rgb("#3b5c33")),
    "hills": (rgb("#757a50"), rgb("#76875a"), rgb("#647a4c")),
    "river": (rgb("#757a50"), rgb("#738559"), rgb("#647a4c")),
    "field": (rgb("#a08a4a"), rgb("#b99f4e"), rgb("#92a04c")),
    "desert": (rgb("#bf8a54"), rgb("#cf9f68"), rgb("#c4925a")),
    "canyon": (rgb("#b25a36"), rgb("#cc8452"), rgb("#bf7444")),
    "island": (rgb("#7b7468"), rgb("#5f8a45"), rgb("#d9c693")),
    "mars": (rgb("#94512f"), rgb("#bd7044"), rgb("#a85c38")),
}


def camera_of(look: Look) -> Camera:
    """Where the painter stands."""
    tall = {"canyon": 1.7, "desert": 1.2, "field": 1.1, "hills": 1.25, "island": 1.15}
    height = look.camera * tall.get(look.brief.place, 1.0)
    return Camera(look.aspect / 2, look.horizon, height)


def kind_of(look: Look) -> str:
    """Which relief the place has; a place by the water has a shore."""
    place = look.brief.place
    if look.brief.water and place == "volcano":
        return "fuji"
    if look.brief.water and place in {"mountains", "forest", "hills", "lake", "field"}:
        return "lake"
    return place if place in SOILS else "hills"


def ground(canvas: Canvas, look: Look) -> Ground:
    """The land of a look."""
    dx = (look.sun[0] - look.aspect / 2) * 1.1
    up = max(0.16, (look.horizon - look.sun[1]) * 1.6)
    deep = 0.35
    size = (dx * dx + up * up + deep * deep) ** 0.5
    land = relief(kind_of(look), look.ground, (dx / size, up / size, deep / size))
    return seen(canvas, camera_of(look), land)


def paint(look: Look, land: Ground, sky: Paint, air: Paint) -> Paint:
    """The land over the sky, softly edged."""
    albedo = _albedo(look, land)
    light = look.light
    power = min(light.power, 0.9 + 0.1 * light.power) * (1.3 if light.night else 1.0)
    sun = colour.array(light.sun) * np.float32(1.12 * power)
    ambient = colour.array(colour.blend(light.shade, light.haze, 0.3)) * np.float32(power)
    body = albedo * (land.lit[..., None] * sun + (land.open * 0.8)[..., None] * ambient + 0.03)
    far = np.where(np.isfinite(land.depth), land.depth, np.float32(60.0))
    veil = _haze(look, far, land.height)
    far_off = mix(np.broadcast_to(colour.array(light.haze), body.shape), air, 0.5)
    body = mix(body, far_off, veil)
    return _soft(land, mix(sky, body, np.isfinite(land.depth).astype(np.float32)))


def _haze(look: Look, far: Paint, height: Paint) -> Paint:
    reach = 30.0
    if look.has("fog"):
        reach = 9.0
    elif look.has("rain", "snow", "storm"):
        reach = 16.0
    elif look.hour in {"noon", "night"}:
        reach = 42.0
    low = np.exp(-np.clip(height, 0, None) * 0.9) * 0.5 + 0.5
    return (1.0 - np.exp(-((far / reach) ** 1.15))) * (0.75 + 0.25 * low)


def _soft(land: Ground, paint: Paint) -> Paint:
    """Mix the top pixel of each ridge with what stands behind it."""
    depth = np.where(np.isfinite(land.depth), land.depth, np.float32(1e6))
    behind = np.roll(depth, 1, axis=0)
    behind[0] = depth[0]
    alpha = np.where(behind > depth * 1.03, land.cover, 1.0)
    return mix(np.roll(paint, 1, axis=0), paint, alpha)


def _albedo(look: Look, land: Ground) -> Paint:
    place = kind_of(look) if kind_of(look) in SOILS else "hills"
    steep, flat, low = SOILS[place]
    coarse = texture(look.detail, 256, cells=4, gain=0.6)
    grain = (
        detail(coarse, land, 0.9)
        + 0.6 * detail(coarse, land, 0.13)
        + 0.7 * detail(coarse, land, 3.1)
    )
    rocky = smooth(0.12, 0.42, land.steep + grain * 0.25)
    down = smooth(0.7, 0.05, land.height / 1.6 + grain * 0.6)
    out = mix(
        mix(
            colour.array(flat) * np.ones((*land.depth.shape, 3), np.float32),
            colour.array(low),
            down,
        ),
        colour.array(steep),
        rocky,
    )
    out = out * (1.0 + grain * 0.75)[..., None]
    if place == "field":
        out = _crops(look, land, out, grain)
    if place == "canyon":
        out = _strata(look, land, out)
    if place in {"mountains", "volcano", "fuji", "lake"} or look.has("snow"):
        out = _snow(look, land, out, grain)
    return _tinted(look, out)


def _snow(look: Look, land: Ground, out: Paint, grain: Paint) -> Paint:
    line = 0.15 if look.has("snow") else 2.3
    if look.brief.place == "volcano":
        line = min(line, 4.2)
    if look.has("snow"):
        cover = smooth(0.62, 0.3, land.steep + grain * 0.2)
    else:
        cover = smooth(-0.2, 0.35, (land.height - line) * 0.7 + grain * 1.4) * smooth(
            0.7, 0.38, land.steep
        )
    return mix(out, colour.array((0.93, 0.95, 0.99)), cover)


_CROPS = {
    "lavender": ("#8a5fc4", "#5f7a4a"),
    "wheat": ("#d9b048", "#a88a3a"),
    "tulips": ("#d8455a", "#4f8a48"),
    "sunflowers": ("#e8b830", "#5f8a3a"),
}


def _crops(look: Look, land: Ground, out: Paint, grain: Paint) -> Paint:
    """Rows of lavender, wheat, tulips or sunflowers that run to the horizon."""
    crop = look.brief.crop or tuple(_CROPS)[look.pick // 4 % len(_CROPS)]
    first, second = (rgb(text) for text in _CROPS[crop])
    depth = np.where(np.isfinite(land.depth), land.depth, np.float32(60.0))
    turn = land.across * 0.97 + depth * 0.22
    wave = 0.5 + 0.5 * np.sin(turn * 8.5 + grain * 2.0)
    clear = np.exp(-depth / 9.0)
    row = 0.55 + (smooth(0.25, 0.6, wave) - 0.55) * clear
    tone = mix(np.broadcast_to(colour.array(second), out.shape), colour.array(first), row)
    tuft = (1.0 + grain * 1.1 + 0.35 * (wave - 0.5) * clear)[..., None]
    return mix(out, tone * tuft, smooth(40.0, 14.0, depth) * 0.92)


def _strata(look: Look, land: Ground, out: Paint) -> Paint:
    """Layers of rock along the height."""
    rows = texture(look.ground + 3, 256, cells=16, gain=0.7)[:, :1]
    band = sample(np.repeat(rows, 4, axis=1), land.across * 0.0, land.height * 0.35)
    tone = colour.gradient((rgb("#8e4630"), rgb("#c9774a"), rgb("#e3b184"), rgb("#b25c3c")), band)
    return mix(out, tone, smooth(0.05, 0.3, land.steep) * 0.85)


def _tinted(look: Look, out: Paint) -> Paint:
    for tint, amount in look.tints:
        grey = colour.brightness(out)[..., None]
        key = colour.luma(tint) + 0.1
        out = mix(out, np.clip(colour.array(tint) * (grey / np.float32(key)), 0, 1), amount)
    return out
