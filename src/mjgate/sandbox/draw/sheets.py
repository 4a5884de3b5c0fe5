"""Grids of four, their unfinished states, and enlargements."""

from dataclasses import replace

import numpy as np
from PIL import Image

from mjgate.sandbox.draw.canvas import Paint, View, blur, resize, sharpen, to_image, to_paint
from mjgate.sandbox.draw.compose import render
from mjgate.sandbox.draw.noise import dice, fbm_plain, seeded
from mjgate.sandbox.draw.scene import Scene, look

_LONGEST = 2048
_DRAWN = 1536
"""The longest side that is drawn; beyond it a picture is only stretched."""


def tile(scene: Scene, take: int, *, size: tuple[int, int]) -> Image.Image:
    """One take as a picture of its own."""
    return to_image(render(look(scene, take), size, View(0.0, 0.0, scene.aspect, 1.0)))


def grid(scene: Scene, *, progress: int = 100) -> Image.Image:
    """Four takes side by side; less than 100 is a small sketch that sharpens."""
    wide, high = scene.brief.flags.tile
    if progress >= 100:
        return together([tile(scene, take, size=(wide, high)) for take in range(4)])
    size = (max(1, wide // 2), max(1, high // 2))
    return sketch(
        together([tile(scene, take, size=size) for take in range(4)]), progress, scene.seed
    )


def together(tiles: list[Image.Image]) -> Image.Image:
    """Four pictures of one size as a 2x2 grid."""
    wide, high = tiles[0].size
    sheet = Image.new("RGB", (wide * 2, high * 2))
    for k, picture in enumerate(tiles):
        sheet.paste(picture, (k % 2 * wide, k // 2 * high))
    return sheet


def cut_of(sheet: Image.Image, take: int) -> Image.Image:
    """One of the four pictures of a grid."""
    wide, high = sheet.width // 2, sheet.height // 2
    left, top = take % 2 * wide, take // 2 * high
    return sheet.crop((left, top, left + wide, top + high))


def sketch(picture: Image.Image, progress: int, seed: int) -> Image.Image:
    """How a picture looks before it is done: blurred, under coloured clouds that clear."""
    left = 1.0 - min(max(progress, 0), 99) / 100
    paint = to_paint(picture)
    short = min(picture.size)
    soft = blur(paint, 0.09 * short * left**1.6)
    cloud = np.stack([fbm_plain(picture.size, 5, seeded(seed, "sketch", c)) for c in range(3)], -1)
    return to_image(soft + (cloud - 0.5) * np.float32(0.22 * left**2))


def upscale(scene: Scene, take: int, *, factor: float, variant: str = "subtle") -> Image.Image:
    """A take drawn again, larger and so with more detail; `creative` changes small things."""
    chosen = look(scene, take)
    if variant == "creative":
        chosen = replace(chosen, detail=seeded(chosen.detail, "creative"))
    wide, high = scene.brief.flags.tile
    factor = min(factor, _LONGEST / max(wide, high))
    size = (round(wide * factor), round(high * factor))
    drawn = min(1.0, _DRAWN / max(size))
    fine = (round(size[0] * drawn), round(size[1] * drawn))
    picture = to_image(render(chosen, fine, View(0.0, 0.0, scene.aspect, 1.0)))
    return picture if fine == size else picture.resize(size, Image.Resampling.LANCZOS)


def enlarge(picture: Image.Image, *, factor: float, seed: int = 0) -> Image.Image:
    """Any picture larger: sharpened, with a little grain where there was none to find."""
    factor = max(1.0, min(factor, _LONGEST / max(picture.size)))
    size = (round(picture.width * factor), round(picture.height * factor))
    paint: Paint = resize(to_paint(picture), size)
    grain = dice("enlarge", seed).standard_normal((size[1], size[0]), dtype=np.float32)
    return sharpen(to_image(paint + grain[..., None] * 0.008), factor, 70)
