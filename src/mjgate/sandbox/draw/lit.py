"""How a figure is lit: by the sun, by its own lamps, and the shadow it casts."""

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.brief import Thing
from mjgate.sandbox.draw.canvas import Canvas, Paint, smooth
from mjgate.sandbox.draw.colour import Rgb, rgb
from mjgate.sandbox.draw.figures import Figure
from mjgate.sandbox.draw.figures_life import FISH, PANDA
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Lighting, Place


def lighting(look: Look, *, mist: float = 0.08, x: float | None = None) -> Lighting:
    """How things near the viewer are lit."""
    light = look.light
    dx = look.sun[0] - (look.spot if x is None else x)
    dy = -max(0.15, look.horizon - look.sun[1] + 0.1)
    size = (dx * dx + dy * dy) ** 0.5
    low = look.hour in {"sunset", "dawn", "dusk", "blue hour"}
    power = light.power * (1.5 if light.night else 0.78 if low else 0.95)
    return Lighting(
        sun=colour.scaled(light.sun, power),
        shade=colour.scaled(light.shade, power),
        direction=(dx / size, dy / size),
        round=1.15 if not light.night else 0.8,
        haze=light.haze,
        mist=mist + (0.18 if look.has("fog") else 0.0),
        rim=0.55 if low or light.night else 0.15,
    )


def shadow(canvas: Canvas, look: Look, out: Paint, place: Place, wide: float) -> None:
    reach = wide * place.size
    away = float(np.clip((place.x - look.sun[0]) * 0.5, -0.5, 0.5))
    dx = (canvas.x - place.x - away * reach * 0.9) / (reach * (1.25 + abs(away)))
    dy = (canvas.y - place.y) / (reach * 0.16)
    dark = np.exp(-(dx * dx + dy * dy) * 1.3) * (0.5 if not look.light.night else 0.3)
    out *= 1.0 - dark[..., None].astype(np.float32)


def variant(thing: Thing, known: Figure) -> str:
    if thing.name == "bear" and thing.colour in {"black", "white"}:
        return PANDA
    if thing.name == "fish" and thing.colour not in {None, "white", "red"}:
        return FISH
    return known.text


def by_day(look: Look, colours: dict[str, Rgb]) -> dict[str, Rgb]:
    """By day a window is dark glass."""
    if look.hour in {"noon", "morning"}:
        return colours | {"lamp": colour.blend(colours["lamp"], rgb("#4a5a6c"), 0.75)}
    return colours


def lamps(canvas: Canvas, look: Look, out: Paint, place: Place, name: str) -> None:
    if look.hour in {"noon", "morning"}:
        return
    if name == "lighthouse":
        _beams(canvas, look, out, place)
    spots = {
        "house": (0.15, 0.25),
        "castle": (0.0, 0.5),
        "pagoda": (0.0, 0.12),
        "lighthouse": (0.0, 0.83),
        "train": (-0.1, 0.29),
    }
    if name in spots:
        power = 0.38 if look.light.night or look.hour in {"dusk", "blue hour"} else 0.16
        halo(canvas, out, place.of(spots[name]), place.size * 0.55, power)


def halo(canvas: Canvas, out: Paint, at: tuple[float, float], reach: float, power: float) -> None:
    far = np.sqrt((canvas.x - at[0]) ** 2 + (canvas.y - at[1]) ** 2) / reach
    out += (np.exp(-far * 3.0) * power).astype(np.float32)[..., None] * colour.array(rgb("#ffc46a"))


def _beams(canvas: Canvas, look: Look, out: Paint, place: Place) -> None:
    x, y = place.of((0.0, 0.83))
    dx, dy = canvas.x - x, canvas.y - y
    far = np.sqrt(dx * dx + dy * dy)
    angle = np.arctan2(dy, np.abs(dx)) + 0.07 * np.sign(dx) * (1 if look.pick % 2 else -1)
    beam = np.exp(-((angle / 0.055) ** 2)) * np.exp(-far * 1.4) * smooth(0.0, 0.06, far)
    power = 0.75 if look.light.night or look.has("fog", "storm") else 0.35
    out += (beam * power).astype(np.float32)[..., None] * colour.array(rgb("#ffe6ac"))
