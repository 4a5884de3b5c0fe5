"""Colours: names, gradients, and the even colour space they are judged in."""

from collections.abc import Sequence

import numpy as np

from mjgate.sandbox.draw.canvas import Field, Paint

Rgb = tuple[float, float, float]


def rgb(text: str) -> Rgb:
    """From `#rrggbb` to numbers from 0 to 1."""
    return int(text[1:3], 16) / 255, int(text[3:5], 16) / 255, int(text[5:7], 16) / 255


def array(colour: Rgb) -> Paint:
    """As three float32."""
    return np.array(colour, dtype=np.float32)


def blend(a: Rgb, b: Rgb, t: float) -> Rgb:
    """Between two colours."""
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t


def scaled(a: Rgb, k: float) -> Rgb:
    """Brighter or darker."""
    return a[0] * k, a[1] * k, a[2] * k


def times(a: Rgb, b: Rgb) -> Rgb:
    """One colour through the filter of another."""
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


def luma(a: Rgb) -> float:
    """How bright it looks."""
    return a[0] * 0.299 + a[1] * 0.587 + a[2] * 0.114


def brightness(paint: Paint) -> Field:
    """How bright each pixel looks."""
    return paint @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def saturate(paint: Paint, amount: float) -> Paint:
    """Pull away from grey (> 1) or towards it (< 1)."""
    grey = brightness(paint)[..., None]
    return grey + (paint - grey) * np.float32(amount)


def gradient(stops: Sequence[Rgb], t: Field) -> Paint:
    """Colours along evenly spread stops, eased between them."""
    table = np.array(stops, dtype=np.float32)
    at = np.linspace(0.0, len(stops) - 1, _SHADES, dtype=np.float32)
    low = np.minimum(at.astype(np.int32), len(stops) - 2)
    part = (at - low)[:, None]
    part = part * (0.5 + part * (1.5 - part))
    shades = table[low] + (table[low + 1] - table[low]) * part
    return shades.take((np.clip(t, 0.0, 1.0) * (_SHADES - 1)).astype(np.int32), axis=0)


_SHADES = 2048


_TO_LMS = np.array(
    [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]], np.float32
)
_TO_LAB = np.array(
    [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]], np.float32
)
_FROM_LAB = np.linalg.inv(_TO_LAB).astype(np.float32)
_FROM_LMS = np.linalg.inv(_TO_LMS).astype(np.float32)


def oklab(paint: Paint) -> Paint:
    """To Ottosson's Oklab: lightness, green-red, blue-yellow."""
    linear = np.clip(paint, 0.0, None) ** np.float32(2.2)
    return np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T


def from_oklab(lab: Paint) -> Paint:
    """Back again."""
    linear = (lab @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T
    return np.clip(linear, 0.0, None) ** np.float32(1 / 2.2)


def turned(colour: Rgb, degrees: float, chroma: float = 1.0, light: float = 1.0) -> Rgb:
    """Turn the hue, stretch the strength, change the lightness."""
    lab = oklab(array(colour))
    angle = np.float32(np.deg2rad(degrees))
    a = (lab[1] * np.cos(angle) - lab[2] * np.sin(angle)) * chroma
    b = (lab[1] * np.sin(angle) + lab[2] * np.cos(angle)) * chroma
    out = np.clip(from_oklab(np.array([lab[0] * light, a, b], dtype=np.float32)), 0.0, 1.0)
    return float(out[0]), float(out[1]), float(out[2])


NAMED: dict[str, Rgb] = {
    "red": rgb("#c8322b"),
    "orange": rgb("#e8812a"),
    "gold": rgb("#e2b145"),
    "yellow": rgb("#f2cf3f"),
    "lime": rgb("#9fcf3a"),
    "green": rgb("#3f8f4a"),
    "emerald": rgb("#1f8a63"),
    "teal": rgb("#1f8a8c"),
    "cyan": rgb("#3fc3d6"),
    "blue": rgb("#2f63c4"),
    "indigo": rgb("#3d3a9c"),
    "purple": rgb("#7a3fae"),
    "violet": rgb("#9264d6"),
    "magenta": rgb("#cf3d9c"),
    "pink": rgb("#ee8fb0"),
    "brown": rgb("#7d5233"),
    "beige": rgb("#dcc9a3"),
    "black": rgb("#17171b"),
    "grey": rgb("#85888d"),
    "silver": rgb("#b9c1c8"),
    "white": rgb("#f3f1ec"),
}
