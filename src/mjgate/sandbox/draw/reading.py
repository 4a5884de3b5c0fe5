"""Look at a picture: its colours, its light, where its horizon lies, what it might be called."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Paint, to_paint
from mjgate.sandbox.draw.colour import NAMED, Rgb
from mjgate.sandbox.draw.scene import Reference


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to say about a picture."""

    colours: tuple[Rgb, ...]
    """The main ones, the largest first."""
    names: tuple[str, ...]
    brightness: float
    contrast: float
    warmth: float
    """Above 0 warm, below 0 cold."""
    strength: float
    """How colourful."""
    horizon: float | None
    """The row, from 0 at the top, where above differs most from below."""
    busy: float
    """How much is going on, 0 to 1."""
    focus: str
    """Where the eye goes: left, middle or right."""
    ratio: tuple[int, int]


def read(picture: Image.Image) -> Reading:
    """Look at a picture."""
    small = picture.convert("RGB").resize((64, 64), Image.Resampling.BOX)
    paint = to_paint(small)
    grey = colour.brightness(paint)
    lab = colour.oklab(paint)
    colours = _main(paint, lab)
    rows = grey.mean(axis=1)
    steps = np.abs(rows[6:] - rows[:-6])
    row = int(steps[10:-10].argmax()) + 10
    edges = np.abs(np.diff(grey, axis=0))[:, :-1] + np.abs(np.diff(grey, axis=1))[:-1]
    weight = edges.sum(axis=0) + 1e-6
    middle = float((weight * np.arange(63)).sum() / weight.sum()) / 62
    return Reading(
        colours=colours,
        names=tuple(dict.fromkeys(nearest(one) for one in colours)),
        brightness=float(grey.mean()),
        contrast=float(grey.std()),
        warmth=float(paint[..., 0].mean() - paint[..., 2].mean()),
        strength=float(np.hypot(lab[..., 1], lab[..., 2]).mean()),
        horizon=(row + 3) / 64 if steps[row] > 0.09 else None,
        busy=float(min(1.0, edges.mean() * 14)),
        focus="left" if middle < 0.45 else "right" if middle > 0.55 else "middle",
        ratio=_ratio(picture.size),
    )


def _main(
    paint: Paint,
    lab: Paint,
) -> tuple[Rgb, ...]:
    """Six colours by k-means in Oklab from fixed starting places."""
    pixels, places = paint.reshape(-1, 3), lab.reshape(-1, 3)
    order = np.argsort(places[:, 0], kind="stable")
    centres = places[order[np.linspace(60, len(order) - 61, 6).astype(int)]].copy()
    nearest_to = np.zeros(len(places), dtype=np.int64)
    for _ in range(8):
        gap = (
            (places[:, None, :] - centres[None]) ** 2 * np.array([0.5, 2.0, 2.0], np.float32)
        ).sum(-1)
        nearest_to = gap.argmin(1)
        for k in range(6):
            if (nearest_to == k).any():
                centres[k] = places[nearest_to == k].mean(0)
    found: list[tuple[int, Rgb]] = []
    for k in range(6):
        mine = pixels[nearest_to == k]
        if len(mine) > 20:
            mean = mine.mean(0)
            found.append((len(mine), (float(mean[0]), float(mean[1]), float(mean[2]))))
    return tuple(one for _, one in sorted(found, reverse=True))


def nearest(one: Rgb) -> str:
    """The name of the nearest colour."""
    lab = colour.oklab(colour.array(one))

    def far(name: str) -> float:
        other = colour.oklab(colour.array(NAMED[name]))
        return float(((lab - other) ** 2 * np.array([0.6, 3.0, 3.0], np.float32)).sum())

    return min(NAMED, key=far)


def _ratio(size: tuple[int, int]) -> tuple[int, int]:
    known = ((1, 1), (4, 3), (3, 2), (16, 9), (2, 1), (3, 4), (2, 3), (9, 16), (1, 2))
    return min(known, key=lambda r: abs(np.log(r[0] / r[1]) - np.log(size[0] / size[1])))


def reference(picture: Image.Image, *, weight: float = 0.55) -> Reference:
    """What a scene takes from a reference picture."""
    seen = read(picture)
    colours = tuple((round(r, 4), round(g, 4), round(b, 4)) for r, g, b in seen.colours)
    return Reference(colours, round(seen.brightness, 4), weight)


def describe(picture: Image.Image) -> list[str]:
    """Four prompts that could have led to this picture."""
    seen = read(picture)
    first, second = (*seen.names, *seen.names)[:2]
    third = seen.names[2] if len(seen.names) > 2 else second
    hour, feel = _hour(seen), _feel(seen)
    place = _place(seen)
    flags = f"--ar {seen.ratio[0]}:{seen.ratio[1]}"
    side = {
        "left": "weight on the left",
        "right": "weight on the right",
        "middle": "centred composition",
    }
    wide = (
        "wide view"
        if seen.ratio[0] > seen.ratio[1]
        else "tall view"
        if seen.ratio[0] < seen.ratio[1]
        else "balanced view"
    )
    return [
        f"{place} {hour}, {first} and {second} palette, {feel}, {side[seen.focus]} {flags}",
        f"a {feel} {wide} of {place}, mostly {first} with touches of {third}, soft focus {flags}",
        f"watercolor painting, {first} tones fading into {second}, {place}, {hour} {flags}",
        f"minimalist poster of {place}, {first} and {third} shapes, {_contrast(seen)} {flags}",
    ]


def _hour(seen: Reading) -> str:
    if seen.brightness < 0.25:
        return "at night"
    if seen.warmth > 0.12:
        return "at sunset" if seen.brightness < 0.62 else "at dawn"
    if seen.brightness < 0.42:
        return "at dusk"
    return "in daylight" if seen.strength > 0.04 else "in fog"


def _feel(seen: Reading) -> str:
    light = "bright" if seen.brightness > 0.6 else "dark" if seen.brightness < 0.3 else "calm"
    heat = "warm" if seen.warmth > 0.05 else "cold" if seen.warmth < -0.05 else "quiet"
    return f"{light} {heat}"


def _place(seen: Reading) -> str:
    first = seen.names[0]
    if seen.busy > 0.75:
        return "a city skyline" if seen.strength < 0.07 else "a flower field"
    if first in {"green", "emerald", "lime"}:
        return "a forest" if seen.brightness < 0.4 else "green hills"
    if seen.horizon is None:
        return "an abstract landscape" if seen.contrast > 0.12 else "a foggy landscape"
    if first in {"blue", "teal", "cyan", "indigo"}:
        return "the sea" if seen.horizon < 0.6 else "mountains under a wide sky"
    return "desert dunes" if seen.warmth > 0.15 else "mountains by a lake"


def _contrast(seen: Reading) -> str:
    return "strong contrast" if seen.contrast > 0.22 else "gentle contrast"
