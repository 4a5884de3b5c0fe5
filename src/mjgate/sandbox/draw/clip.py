"""A few seconds of a picture: the camera drifts, near things pass faster, water trembles."""

import io

import numpy as np
from PIL import Image, features

from mjgate.sandbox.draw import mp4, reading
from mjgate.sandbox.draw.canvas import Field, Paint, mix, smooth, to_image, to_paint
from mjgate.sandbox.draw.noise import clamped, dice, fbm_plain, seeded

_RATE = 25
_LONGEST = 640


def clip(
    picture: Image.Image,
    *,
    seed: int,
    motion: str = "low",
    seconds: float = 2.4,
    end: Image.Image | None = None,
    loop: bool = False,
) -> tuple[bytes, str]:
    """A film and its content type; with `end` it comes to rest on that picture."""
    start = _fitted(picture, None)
    last = _fitted(end, start.size) if end is not None else None
    count = max(8, round(seconds * _RATE))
    frames = _frames(to_paint(start), last and to_paint(last), count, motion, seed, loop=loop)
    return film(frames)


def film(frames: list[Image.Image]) -> tuple[bytes, str]:
    """Encode frames; MP4, or animated WebP where Pillow has no AV1."""
    if features.check("avif"):
        return mp4.encode(frames, rate=_RATE), "video/mp4"
    sheet = io.BytesIO()
    frames[0].save(
        sheet,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=1000 // _RATE,
        loop=0,
        method=0,
    )
    return sheet.getvalue(), "image/webp"


def _fitted(picture: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    picture = picture.convert("RGB")
    if size is None:
        k = min(1.0, _LONGEST / max(picture.size))
        size = (
            max(16, round(picture.width * k / 2) * 2),
            max(16, round(picture.height * k / 2) * 2),
        )
    return picture.resize(size, Image.Resampling.LANCZOS)


def _frames(
    first: Paint, last: Paint | None, count: int, motion: str, seed: int, *, loop: bool
) -> list[Image.Image]:
    high, wide = first.shape[:2]
    near, wet = _depth(first)
    roll = dice("clip", seed)
    reach = 0.055 if motion == "high" else 0.022
    angle = float(roll.uniform(-0.35, 0.35)) + (np.pi if roll.random() < 0.5 else 0.0)
    drift = np.array([np.cos(angle), 0.4 * np.sin(angle)]) * reach
    swell = fbm_plain((wide, high * 3), 40, seeded(seed, "swell")) - 0.5
    frames: list[Image.Image] = []
    for k in range(count):
        t = 0.5 - 0.5 * np.cos((2 * np.pi if loop else np.pi) * k / max(1, count - 1))
        paint = _moved(first, near, wet, swell, drift * float(t), reach * float(t), k / _RATE)
        if last is not None:
            paint = mix(
                paint, last, float(smooth(0.35, 1.0, np.float32(t) * np.ones(1, np.float32))[0])
            )
        frames.append(to_image(paint))
    return frames


def _depth(paint: Paint) -> tuple[Field, Field]:
    """How near each pixel is taken to be, 0 to 1, and where water may be."""
    seen = reading.read(to_image(paint))
    high, wide = paint.shape[:2]
    y = np.linspace(0, 1, high, dtype=np.float32)[:, None] * np.ones((1, wide), np.float32)
    line = seen.horizon if seen.horizon is not None else 0.55
    near = smooth(line - 0.25, 1.05, y) * 0.85 + 0.15
    cold = smooth(-0.05, 0.1, paint[..., 2] - paint[..., 0])
    return near, smooth(line, line + 0.12, y) * (0.35 + 0.65 * cold)


def _moved(
    paint: Paint, near: Field, wet: Field, swell: Field, drift: Paint, zoom: float, seconds: float
) -> Paint:
    high, wide = near.shape
    x = np.arange(wide, dtype=np.float32)[None, :]
    y = np.arange(high, dtype=np.float32)[:, None]
    pull = np.float32(1.0) - np.float32(zoom) * (0.6 + near)
    shift = int(seconds * high * 0.25) % (high * 2)
    ripple = swell[shift : shift + high] * wet * (0.02 * high)
    columns = (x - wide / 2) * pull + wide / 2 + np.float32(drift[0] * wide) * near + ripple * 1.5
    rows = (y - high / 2) * pull + high / 2 + np.float32(drift[1] * high) * near + ripple
    return clamped(paint, columns, rows)
