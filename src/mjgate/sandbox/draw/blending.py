"""Several pictures into one: what each of them is like shows in the result."""

import numpy as np
from PIL import Image

from mjgate.sandbox.draw import colour, reading
from mjgate.sandbox.draw.canvas import Paint, mix, smooth, to_image, to_paint
from mjgate.sandbox.draw.noise import dice, fbm_plain, seeded
from mjgate.sandbox.draw.scene import Scene, scene
from mjgate.sandbox.draw.sheets import together

_SIZES = {"SQUARE": (512, 512), "PORTRAIT": (420, 630), "LANDSCAPE": (630, 420)}


def blend(pictures: list[Image.Image], *, seed: int, dimensions: str = "SQUARE") -> Image.Image:
    """A grid of four ways to join pictures."""
    size = _SIZES.get(dimensions, _SIZES["SQUARE"])
    paints = [_fitted(picture, size) for picture in pictures]
    ways = (_exposed, _torn, _dyed, _woven)
    return together([to_image(way(paints, seeded(seed, k))) for k, way in enumerate(ways)])


def blend_scene(pictures: list[Image.Image], *, seed: int, dimensions: str = "SQUARE") -> Scene:
    """A scene in the spirit of the pictures, for variations of a blend."""
    seen = [reading.read(picture) for picture in pictures]
    ratio = {"PORTRAIT": "2:3", "LANDSCAPE": "3:2"}.get(dimensions, "1:1")
    words = reading.describe(pictures[0])[0].split("--")[0].strip()
    colours = tuple(one for each in seen for one in each.colours[:3])
    light = float(np.mean([each.brightness for each in seen]))
    made = scene(f"{words} --ar {ratio}", seed=seed)
    return Scene(made.prompt, made.seed, (), reading.Reference(colours, light, 0.8))


def _fitted(picture: Image.Image, size: tuple[int, int]) -> Paint:
    picture = picture.convert("RGB")
    k = max(size[0] / picture.width, size[1] / picture.height)
    wide, high = max(size[0], round(picture.width * k)), max(size[1], round(picture.height * k))
    left, top = (wide - size[0]) // 2, (high - size[1]) // 2
    large = picture.resize((wide, high), Image.Resampling.LANCZOS)
    return to_paint(large.crop((left, top, left + size[0], top + size[1])))


def _exposed(paints: list[Paint], seed: int) -> Paint:
    """A double exposure: the second shows in the dark parts of the first."""
    out = paints[0]
    for k, other in enumerate(paints[1:]):
        grey = colour.brightness(out)
        share = 1.0 - smooth(
            0.2, 0.75, grey + (fbm_plain((grey.shape[1], grey.shape[0]), 4, seed + k) - 0.5) * 0.2
        )
        out = mix(out, 1.0 - (1.0 - out * 0.45) * (1.0 - other * 0.9), share)
    return _dye(out, paints[-1], 0.35)


def _torn(paints: list[Paint], seed: int) -> Paint:
    """One passes into the next along a soft, wandering border."""
    high, wide = paints[0].shape[:2]
    roll = dice("torn", seed)
    angle = float(roll.uniform(0, 2 * np.pi))
    x = np.linspace(-0.5, 0.5, wide, dtype=np.float32)[None, :]
    y = np.linspace(-0.5, 0.5, high, dtype=np.float32)[:, None]
    along = x * np.cos(angle) + y * np.sin(angle) + (fbm_plain((wide, high), 6, seed) - 0.5) * 0.5
    out = paints[0]
    for k, other in enumerate(paints[1:], 1):
        border = k / len(paints) - 0.5
        out = mix(out, other, smooth(border - 0.1, border + 0.1, along))
    return out


def _dyed(paints: list[Paint], seed: int) -> Paint:
    """The forms of one in the colours of the others."""
    first = dice("dyed", seed).integers(len(paints))
    out = paints[int(first)]
    for k, other in enumerate(paints):
        if k != int(first):
            out = _dye(out, other, 0.9)
    return out


def _woven(paints: list[Paint], seed: int) -> Paint:
    """Light of all, forms of all: the mean with the strongest edges kept."""
    mean: Paint = np.stack(paints).mean(axis=0)
    gaps = np.stack([paint - paint.mean((0, 1)) for paint in paints])
    keep = np.take_along_axis(gaps, np.abs(gaps).argmax(0)[None], 0)[0]
    turn = fbm_plain((mean.shape[1], mean.shape[0]), 3, seed)[..., None]
    return np.clip(
        mean.mean((0, 1)) + keep * (0.75 + 0.2 * turn) + (mean - mean.mean((0, 1))) * 0.3, 0, 1
    )


def _dye(paint: Paint, by: Paint, amount: float) -> Paint:
    """Give a picture the mean and spread of another's colours (Reinhard 2001)."""
    a, b = colour.oklab(paint), colour.oklab(by)
    spread = b.std((0, 1)) / np.maximum(a.std((0, 1)), 1e-3)
    moved = (a - a.mean((0, 1))) * np.clip(spread, 0.4, 2.5) + b.mean((0, 1))
    return mix(paint, np.clip(colour.from_oklab(moved), 0, 1), amount)
