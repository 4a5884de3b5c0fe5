"""Styles that come from a press or a screen: poster, woodblock, pixels, film."""

import numpy as np
from PIL import Image, ImageFilter

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.brush import calmed, edges
from mjgate.sandbox.draw.canvas import Canvas, Paint, blur, mix, smooth, to_image, to_paint
from mjgate.sandbox.draw.colour import rgb
from mjgate.sandbox.draw.noise import dice, fbm
from mjgate.sandbox.draw.scene import Look

_BAYER = (
    np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], dtype=np.float32) / 16
    - 0.47
)


def _few(paint: Paint, count: int) -> Paint:
    """The nearest of a few colours for every pixel."""
    image = to_image(paint)
    few = image.quantize(
        count, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE
    )
    return to_paint(few.convert("RGB"))


def _flat(canvas: Canvas, paint: Paint, count: int) -> Paint:
    """Flat inks with smooth borders: laid on at twice the size, then reduced."""
    image = to_image(paint)
    inks = image.resize((120, 120), Image.Resampling.BOX).quantize(
        count, method=Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
    )
    large = image.resize((canvas.width * 2, canvas.height * 2), Image.Resampling.BICUBIC)
    large = large.filter(ImageFilter.GaussianBlur(0.0024 / canvas.pixel))
    few = large.quantize(palette=inks, dither=Image.Dither.NONE)
    return to_paint(few.convert("RGB").reduce(2))


def poster(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """A dozen flat inks with clean borders, and a margin."""
    strong = colour.saturate(paint, 1.35)
    grain = (fbm(canvas, 90, look.detail, gain=0.8) - 0.5) * 0.06
    out = np.clip(_flat(canvas, strong, 13) * 1.04 + grain[..., None], 0, 1)
    return _margin(canvas, out, 0.035, "#f6f0e2")


def _margin(canvas: Canvas, paint: Paint, width: float, paper: str) -> Paint:
    view = canvas.view
    dx = np.minimum(canvas.x - view.left, view.right - canvas.x)
    dy = np.minimum(canvas.y - view.top, view.bottom - canvas.y)
    inside = np.clip((np.minimum(dx, dy) - width) / canvas.pixel + 0.5, 0, 1)
    return mix(np.broadcast_to(colour.array(rgb(paper)), paint.shape), paint, inside)


def ukiyoe(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """A woodblock print: Prussian blue, earth and rose, keylines, wood grain, a graded sky."""
    calm = calmed(canvas, paint, 0.009)
    grey = colour.brightness(calm)
    inks = [rgb(text) for text in ("#16233f", "#2f4f7a", "#6f93a4", "#c9bf9c", "#f0e3c4")]
    dyed = mix(colour.gradient(inks, smooth(0.02, 0.95, grey)), colour.saturate(calm, 1.3), 0.62)
    flat = mix(_flat(canvas, dyed, 12), dyed, 0.2)
    lines = np.clip(edges(canvas, calm, 0.0022) * 14 - 0.14, 0, 1)
    grain = fbm(canvas, 26, look.detail, stretch=12, gain=0.65) - 0.5
    out = mix(flat, colour.array(rgb("#1a1f30")), lines * 0.85)
    shade = smooth(0.22, 0.0, canvas.y - canvas.view.top) * np.ones_like(grey)
    out = mix(out, colour.array(rgb("#1f3a6a")), shade * 0.75)
    out = out * (1.0 + grain * 0.16)[..., None] * colour.array((1.0, 0.975, 0.92))
    return _margin(canvas, np.clip(out, 0, 1), 0.03, "#efe4c8")


def pixel(canvas: Canvas, _look: Look, paint: Paint) -> Paint:
    """Squares in a short palette, dithered; an enlargement has more and smaller ones."""
    high = 128 if canvas.pixel > 1 / 800 else 192
    high = min(high, canvas.height)
    wide = max(1, round(high * canvas.width / canvas.height))
    small = to_paint(
        to_image(colour.saturate(paint, 1.25)).resize((wide, high), Image.Resampling.BOX)
    )
    pattern = np.tile(_BAYER, (high // 4 + 1, wide // 4 + 1))[:high, :wide]
    few = _few(np.clip(small + pattern[..., None] * 0.075, 0, 1), 28)
    return to_paint(to_image(few).resize((canvas.width, canvas.height), Image.Resampling.NEAREST))


def noir(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """Black and white with hard light and coarse film; a named colour survives."""
    grey = colour.brightness(paint)
    low, high = np.percentile(grey, (4, 97))
    tone = np.clip((grey - low) / max(0.05, float(high - low)), 0, 1)
    tone = tone * tone * (3 - 2 * tone)
    roll = dice("film", look.detail)
    film = blur(roll.standard_normal(grey.shape, dtype=np.float32), 0.0014 / canvas.pixel)
    film = film / max(1e-3, float(film.std()))
    tone = np.clip(tone * 0.96 + film * 0.045, 0, 1)
    out = colour.gradient((rgb("#0a0b0e"), rgb("#3c3e42"), rgb("#8e8f90"), rgb("#f3f1ec")), tone)
    named = next((thing.colour for thing in look.brief.things if thing.colour), None)
    if named and named not in {"black", "white", "grey", "silver"}:
        lab, want = colour.oklab(paint), colour.oklab(colour.array(colour.NAMED[named]))
        size = np.hypot(lab[..., 1], lab[..., 2])
        match = (lab[..., 1] * want[1] + lab[..., 2] * want[2]) / (
            size * np.hypot(want[1], want[2]) + 1e-4
        )
        near = np.exp(-(((canvas.x - look.spot) / (0.3 * look.size)) ** 2))
        keep = smooth(0.88, 0.97, match) * smooth(0.05, 0.11, size) * (near > 0.25)
        out = mix(out, colour.saturate(paint, 1.3), keep)
    return out


def anime(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """Clear air: smooth tones in steps, fine lines, light that blooms."""
    calm = calmed(canvas, paint, 0.010)
    lab = colour.oklab(calm)
    steps = lab[..., 0] * 11.0
    part = steps - np.floor(steps)
    stepped = (np.floor(steps) + smooth(0.3, 0.7, part)) / 11.0
    busy = smooth(0.004, 0.02, np.abs(edges(canvas, calm, 0.008)))
    lab[..., 0] = (lab[..., 0] + (stepped - lab[..., 0]) * busy) * 0.86 + 0.13
    lab[..., 1:] *= np.float32(1.2 + 0.02 * look.brief.flags.version)
    out = np.clip(colour.from_oklab(lab), 0, 1)
    lines = np.clip(edges(canvas, calm, 0.0014) * 14 - 0.12, 0, 0.8)
    out = mix(out, colour.array(colour.scaled(look.light.sky[-1], 0.35)), lines)
    glow = blur(np.clip(out - 0.55, 0, 1), 0.02 / canvas.pixel)
    return np.clip(1.0 - (1.0 - out) * (1.0 - glow * 0.55), 0, 1)


def aged(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """How the first generations drew: soft, smeared, a little muddy."""
    version = look.brief.flags.version
    reach = 0.028 if version < 2 else 0.020 if version < 3 else 0.012
    soft = blur(calmed(canvas, paint, reach), 0.0016 / canvas.pixel)
    return colour.saturate(soft, 0.78 if version < 3 else 0.88) * 0.92 + 0.03
