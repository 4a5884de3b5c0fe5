"""Put the subjects where the look wants them, with their shadows, mirror images and lamps."""

from dataclasses import replace

import numpy as np

from mjgate.sandbox.draw import colour, plants
from mjgate.sandbox.draw.brief import Thing
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, blur, smooth
from mjgate.sandbox.draw.colour import NAMED, Rgb, rgb
from mjgate.sandbox.draw.figures import FIGURES, Figure
from mjgate.sandbox.draw.figures_life import CRANE, FISH, PANDA
from mjgate.sandbox.draw.figures_made import ARCH, BRIDGE
from mjgate.sandbox.draw.noise import clamped, dice, fbm, line, seeded
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Lighting, Place, figure

_SKY = {"moon", "sun"}
_TALL = 0.40
"""How much of the picture's height a subject of size 1 takes."""


def lighting(look: Look, *, mist: float = 0.08, x: float | None = None) -> Lighting:
    """How things near the viewer are lit."""
    light = look.light
    dx = look.sun[0] - (look.spot if x is None else x)
    dy = -max(0.15, look.horizon - look.sun[1] + 0.1)
    size = (dx * dx + dy * dy) ** 0.5
    low = look.hour in {"sunset", "dawn", "dusk", "blue hour"}
    power = light.power * (0.78 if low else 0.95)
    return Lighting(
        sun=colour.scaled(light.sun, power),
        shade=colour.scaled(light.shade, power),
        direction=(dx / size, dy / size),
        round=1.15 if not light.night else 0.8,
        haze=light.haze,
        mist=mist + (0.18 if look.has("fog") else 0.0),
        rim=0.55 if low or light.night else 0.15,
    )


def paint(canvas: Canvas, look: Look, under: Paint, wet: Field) -> Paint:
    """All subjects of a look; `wet` is where the picture shows water."""
    out = under.copy()
    named = [thing for thing in look.brief.things if thing.name not in _SKY]
    for rank, thing in reversed(list(enumerate(named))):
        _one(canvas, look, out, wet, thing, rank)
    return out


def _spot(look: Look, rank: int) -> tuple[float, float]:
    """Where the first, second and third subject stand, and how large they are."""
    middle = look.aspect / 2
    if rank == 0:
        return look.spot, 1.0
    other = middle - (look.spot - middle) * 0.9
    if abs(look.spot - middle) < 0.16 * look.aspect:
        other = look.spot + 0.3 * look.aspect * (1 if look.sun[0] < middle else -1)
    return other + (0.14 * look.aspect if rank > 1 else 0.0), 0.72 if rank == 1 else 0.55


def _one(canvas: Canvas, look: Look, out: Paint, wet: Field, thing: Thing, rank: int) -> None:
    x, scale = _spot(look, rank)
    size = _TALL * look.size * scale * min(1.0, 0.55 + 0.45 * look.aspect)
    known = FIGURES.get(thing.name)
    if known is not None and known.where == "air":
        _air(canvas, look, out, thing, known, x, size)
        return
    if thing.name == "bridge":
        _bridge(canvas, look, out, thing)
        return
    base = min(0.93, look.horizon + 0.10 + 0.22 * look.size * scale)
    if known is not None and known.where == "branch":
        base = 0.66
    place = Place(x, base, size * (known.tall if known else 1.0), flip=x > look.aspect / 2)
    if known is not None and known.where == "water" and look.brief.water:
        _afloat(canvas, look, out, known, thing, place)
        return
    if _is_wet(canvas, wet, x, base):
        place = _islet(canvas, look, out, place, (known.wide if known else 0.4) + 0.25)
    _standing(canvas, look, out, thing, known, place)


def _bridge(canvas: Canvas, look: Look, out: Paint, thing: Thing) -> None:
    """From side to side: hung from towers over wide water, an arch over small."""
    hung = look.brief.place in {"sea", "city", "canyon", "island"} or look.brief.flags.aspect > 1.7
    text, wide, tone = (BRIDGE, 0.36, "#b8432f") if hung else (ARCH, 0.52, "#a89a88")
    known = Figure(text, tone, where="water")
    place = Place(look.aspect / 2 + (look.spot - look.aspect / 2) * 0.3, look.horizon + 0.06, wide * look.aspect)
    _afloat(canvas, look, out, known, thing, place)


def _is_wet(canvas: Canvas, wet: Field, x: float, y: float) -> bool:
    column = int(np.clip(canvas.column(x), 0, canvas.width - 1))
    row = int(np.clip(canvas.row(y), 0, canvas.height - 1))
    return bool(wet[row, column] > 0.5)


def _standing(canvas: Canvas, look: Look, out: Paint, thing: Thing, known: Figure | None, place: Place) -> None:
    light = lighting(look, x=place.x)
    _shadow(canvas, look, out, place, known.wide if known else 0.3)
    seed = seeded(look.detail, thing.name)
    tone = NAMED[thing.colour] if thing.colour else None
    match thing.name:
        case "tree" | "cherry":
            plants.tree(canvas, out, replace(place, size=place.size * 1.1), light, kind=_foliage(look, thing), seed=seed, tone=tone)
        case "palm":
            plants.palm(canvas, out, replace(place, size=place.size * 1.2), light, seed=seed)
        case "flower":
            _flowers(canvas, look, out, place, light, tone)
        case _ if known is not None:
            text = _variant(thing, known, look)
            figure(canvas, out, text, place, _night(look, known.colours(thing.colour, look.accent)), light)
            _lamps(canvas, look, out, place, thing.name)
        case _:
            pass


def _variant(thing: Thing, known: Figure, look: Look) -> str:
    if thing.name == "bear" and thing.colour in {"black", "white"}:
        return PANDA
    if thing.name == "fish" and thing.colour not in {None, "white", "red"}:
        return FISH
    return known.text


def _foliage(look: Look, thing: Thing) -> str:
    if thing.name == "cherry":
        return "cherry"
    if look.has("snow"):
        return "winter"
    return "autumn" if "warm" in look.brief.moods else "tree"


def _night(look: Look, colours: dict[str, Rgb]) -> dict[str, Rgb]:
    """By day a window is dark glass."""
    if look.hour in {"noon", "morning"}:
        return colours | {"lamp": colour.blend(colours["lamp"], rgb("#4a5a6c"), 0.75)}
    return colours


def _flowers(canvas: Canvas, look: Look, out: Paint, place: Place, light: Lighting, tone: Rgb | None) -> None:
    roll = dice("bouquet", look.detail)
    choice = ("#d8456a", "#f0a63a", "#e86f8f", "#8f6fd0", "#f4e4d0", "#d8402f")
    tone = tone or rgb(choice[look.pick % len(choice)])
    for k, (dx, scale) in enumerate(((-0.62, 0.6), (0.66, 0.7), (-0.28, 0.8), (0.34, 0.85), (0.0, 1.25))):
        near = replace(place, x=place.x + dx * place.size * float(roll.uniform(0.8, 1.1)), y=place.y + 0.04, size=place.size * scale * 1.1)
        shade = colour.turned(tone, float(roll.uniform(-14, 14)), 1.0, float(roll.uniform(0.92, 1.06)))
        plants.flower(canvas, out, near, light, seed=seeded(look.detail, "flower", k), tone=shade)


def _shadow(canvas: Canvas, look: Look, out: Paint, place: Place, wide: float) -> None:
    reach = wide * place.size
    away = float(np.clip((place.x - look.sun[0]) * 0.5, -0.5, 0.5))
    dx = (canvas.x - place.x - away * reach * 0.9) / (reach * (1.25 + abs(away)))
    dy = (canvas.y - place.y) / (reach * 0.16)
    dark = np.exp(-(dx * dx + dy * dy) * 1.3) * (0.5 if not look.light.night else 0.3)
    out *= 1.0 - dark[..., None].astype(np.float32)


def _islet(canvas: Canvas, look: Look, out: Paint, place: Place, wide: float) -> Place:
    """A rock in the water to stand on."""
    reach = wide * place.size * 1.15
    high = 0.05 + 0.10 * reach
    offset = (canvas.x - place.x) / reach
    top = place.y + high * 0.55 * offset**2 * 1.6 + line(canvas.x, 9.0, look.detail + 5, pixel=canvas.pixel, gain=0.62) * 0.035
    foot = place.y + high + 0.006 * np.sin(canvas.x * 90)
    inside = np.clip((canvas.y - top) / canvas.pixel, 0, 1) * np.clip((foot - canvas.y) / canvas.pixel, 0, 1)
    light = lighting(look)
    rough = fbm(canvas, 16, look.detail + 6, gain=0.62) - 0.5
    across = np.gradient(rough, axis=1) / canvas.pixel * light.direction[0]
    down = np.gradient(rough, axis=0) / canvas.pixel * light.direction[1]
    lit = np.clip(0.45 - (across + down) * 0.05 + rough * 0.8 - offset * 0.25 * light.direction[0], 0.1, 1.1)
    depth = np.clip((canvas.y - top) / high, 0, 1)
    tone = colour.array(light.sun) * lit[..., None] + colour.array(light.shade) * 0.35
    green = smooth(0.28, 0.0, depth + rough * 0.5)[..., None]
    stone = colour.array(rgb("#7d7468")) * (1 - green) + colour.array(rgb("#7f9450")) * green
    mirror = np.clip((canvas.y - foot) / canvas.pixel, 0, 1) * smooth(high * 1.2, 0.0, canvas.y - foot) * smooth(1.15, 0.7, np.abs(offset))
    out *= 1.0 - (mirror * 0.45)[..., None]
    out += (stone * tone * (1.0 - 0.45 * depth)[..., None] - out) * inside[..., None].astype(np.float32)
    return replace(place, y=place.y + 0.012)


def _afloat(canvas: Canvas, look: Look, out: Paint, known: Figure, thing: Thing, place: Place) -> None:
    """A thing on the water and its broken image in it."""
    before = out.copy()
    light = lighting(look, x=place.x)
    colours = _night(look, known.colours(thing.colour, look.accent))
    figure(canvas, out, known.text, place, colours, light)
    drawn = np.abs(out - before).sum(-1) > 0.02
    row = canvas.row(place.y)
    below = np.clip(canvas.y - place.y, 0, None)
    sway = (fbm(canvas, 24, look.detail + 12, stretch=5, most=3) - 0.5) * (0.01 + below * 0.12)
    rows = 2 * row - canvas.row(0) - (canvas.y * 1.0 + below * 0.25) / canvas.pixel
    columns = canvas.column(0.0) + (canvas.x + sway) / canvas.pixel
    image = clamped(out, columns, rows + 0 * columns)
    seen = clamped(blur(drawn.astype(np.float32), 0.8), columns, rows + 0 * columns)
    fade = seen * (canvas.y > place.y) * np.exp(-below * 3.2) * 0.72
    out += (image * 0.8 - out) * fade[..., None].astype(np.float32)


def _air(canvas: Canvas, look: Look, out: Paint, thing: Thing, known: Figure, x: float, size: float) -> None:
    roll = dice("air", look.detail, thing.name)
    light = lighting(look, mist=0.12, x=x)
    colours = known.colours(thing.colour, look.accent)
    text = _variant(thing, known, look)
    single = thing.name in {"whale", "dragon", "rocket", "heart"}
    count = 1 if single else {"birds": 11, "lantern": 9, "fish": 5, "jellyfish": 4, "butterfly": 4}.get(thing.name, 3)
    middle = 0.30 if look.brief.place != "underwater" else 0.48
    for k in range(count)[::-1]:
        near = 1.0 if k == 0 else float(roll.uniform(0.28, 0.62))
        far = 0.0 if k == 0 else 1.0
        px = x + far * float(roll.uniform(-0.55, 0.55)) * look.aspect
        py = look.horizon * middle * 1.7 + far * float(roll.uniform(-0.24, 0.2))
        high = size * known.tall * near * 1.15
        mist = replace(light, mist=min(0.6, light.mist + 0.35 * (1 - near)))
        flip = k % 2 == 1 if thing.name in {"butterfly", "birds"} else px < look.aspect / 2
        place = Place(px, py + high * 0.5, high, flip=flip, lean=float(roll.uniform(-0.12, 0.12)))
        tones = colours if k == 0 else _other(colours, roll, thing)
        figure(canvas, out, text, place, tones, mist)
        if thing.name == "lantern":
            _halo(canvas, out, place.of((0, 0.5)), high * 1.1, 0.34)
    if thing.name == "birds" and look.brief.water and not look.light.night:
        near = Place(x, min(0.9, look.horizon + 0.2), size * 0.55, flip=x < look.aspect / 2)
        figure(canvas, out, CRANE, near, colours, light)


def _other(colours: dict[str, Rgb], roll: np.random.Generator, thing: Thing) -> dict[str, Rgb]:
    if thing.colour or thing.name in {"birds", "lantern"}:
        return colours
    turn = float(roll.uniform(-150, 150)) if thing.name == "balloon" else float(roll.uniform(-35, 35))
    return colours | {role: colour.turned(colours[role], turn) for role in ("body", "accent", "light")}


def _lamps(canvas: Canvas, look: Look, out: Paint, place: Place, name: str) -> None:
    if look.hour in {"noon", "morning"}:
        return
    if name == "lighthouse":
        _beams(canvas, look, out, place)
    spots = {"house": (0.15, 0.25), "castle": (0.0, 0.5), "pagoda": (0.0, 0.12), "lighthouse": (0.0, 0.83), "train": (-0.1, 0.29)}
    if name in spots:
        power = 0.38 if look.light.night or look.hour in {"dusk", "blue hour"} else 0.16
        _halo(canvas, out, place.of(spots[name]), place.size * 0.55, power)


def _halo(canvas: Canvas, out: Paint, at: tuple[float, float], reach: float, power: float) -> None:
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
