"""Put the subjects where the look wants them."""

from dataclasses import replace

import numpy as np

from mjgate.sandbox.draw import aloft, colour, flowers, plants
from mjgate.sandbox.draw.afloat import afloat, islet
from mjgate.sandbox.draw.brief import Thing
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint
from mjgate.sandbox.draw.colour import NAMED, Rgb, rgb
from mjgate.sandbox.draw.figures import FIGURES, Figure
from mjgate.sandbox.draw.figures_made import ARCH, BRIDGE
from mjgate.sandbox.draw.lit import by_day, lamps, lighting, shadow, variant
from mjgate.sandbox.draw.noise import dice, seeded
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Lighting, Pen, Place, figure

_SKY = {"moon", "sun"}
_PEOPLE = {"person", "samurai", "robot", "astronaut"}
_TALL = 0.40
"""How much of the picture's height a subject of size 1 takes."""


def paint(canvas: Canvas, look: Look, under: Paint, wet: Field) -> Paint:
    """All subjects of a look; `wet` is where the picture shows water."""
    out = under.copy()
    named = [thing for thing in look.brief.things if thing.name not in _SKY]
    held = _held(named)
    for rank, thing in reversed(list(enumerate(thing for thing in named if thing is not held))):
        place = _one(canvas, look, out, wet, thing, rank)
        if held and place and thing.name in _PEOPLE:
            _umbrella(canvas, look, out, held, place)
    return out


def _held(named: list[Thing]) -> Thing | None:
    """An umbrella is held when there is somebody to hold it."""
    people = any(thing.name in _PEOPLE for thing in named)
    return next((thing for thing in named if people and thing.name == "umbrella"), None)


def _spot(look: Look, rank: int) -> tuple[float, float]:
    """Where the first, second and third subject stand, and how large they are."""
    middle = look.aspect / 2
    if rank == 0:
        return look.spot, 1.0
    other = middle - (look.spot - middle) * 0.9
    if abs(look.spot - middle) < 0.16 * look.aspect:
        other = look.spot + 0.3 * look.aspect * (1 if look.sun[0] < middle else -1)
    return other + (0.14 * look.aspect if rank > 1 else 0.0), 0.72 if rank == 1 else 0.55


def _one(
    canvas: Canvas, look: Look, out: Paint, wet: Field, thing: Thing, rank: int
) -> Place | None:
    """Draw one subject; its place when it stands on the ground."""
    x, scale = _spot(look, rank)
    size = _TALL * look.size * scale * min(1.0, 0.55 + 0.45 * look.aspect)
    known = FIGURES.get(thing.name)
    if known is not None and known.where == "air":
        aloft.paint(canvas, look, out, thing, known, x, size)
        return None
    if thing.name == "bridge":
        _bridge(canvas, look, out, thing)
        return None
    base = min(0.93, look.horizon + 0.10 + 0.22 * look.size * scale)
    if rank == 0 and look.foot is not None:
        base = look.foot
    if known is not None and known.where == "branch" and look.foot is None:
        base = 0.66
    place = Place(x, base, size * (known.tall if known else 1.0), flip=x > look.aspect / 2)
    if known is not None and known.where == "water" and look.brief.water:
        afloat(canvas, look, out, known, thing, place)
        return None
    if _is_wet(canvas, wet, x, base):
        place = islet(canvas, look, out, place, (known.wide if known else 0.4) + 0.25)
    _standing(canvas, look, out, thing, known, place)
    return place


def _umbrella(canvas: Canvas, look: Look, out: Paint, thing: Thing, place: Place) -> None:
    """Over the head of whoever holds it."""
    known = FIGURES["umbrella"]
    x, y = place.of((0.17, 0.40))
    over = replace(place, x=x, y=y, size=place.size * 0.86, lean=0.08 if place.flip else -0.08)
    light = lighting(look, x=place.x)
    figure(canvas, out, known.text, over, known.colours(thing.colour, look.accent), light)


def _bridge(canvas: Canvas, look: Look, out: Paint, thing: Thing) -> None:
    """From side to side: hung from towers over wide water, an arch over small."""
    hung = look.brief.place in {"sea", "city", "canyon", "island"} or look.brief.flags.aspect > 1.7
    text, wide, tone = (BRIDGE, 0.36, "#b8432f") if hung else (ARCH, 0.52, "#a89a88")
    known = Figure(text, tone, where="water")
    place = Place(
        look.aspect / 2 + (look.spot - look.aspect / 2) * 0.3,
        look.horizon + 0.06,
        wide * look.aspect,
    )
    afloat(canvas, look, out, known, thing, place)


def _is_wet(canvas: Canvas, wet: Field, x: float, y: float) -> bool:
    column = int(np.clip(canvas.column(x), 0, canvas.width - 1))
    row = int(np.clip(canvas.row(y), 0, canvas.height - 1))
    return bool(wet[row, column] > 0.5)


def _standing(
    canvas: Canvas, look: Look, out: Paint, thing: Thing, known: Figure | None, place: Place
) -> None:
    light = lighting(look, x=place.x)
    shadow(canvas, look, out, place, known.wide if known else 0.3)
    seed = seeded(look.detail, thing.name)
    tone = NAMED[thing.colour] if thing.colour else None
    match thing.name:
        case "tree" | "cherry":
            plants.tree(
                canvas,
                out,
                replace(place, size=place.size * 1.1),
                light,
                kind=_foliage(look, thing),
                seed=seed,
                tone=tone,
            )
        case "palm":
            plants.palm(canvas, out, replace(place, size=place.size * 1.2), light, seed=seed)
        case "flower":
            _flowers(canvas, look, out, place, light, tone)
        case _ if known is not None:
            text = variant(thing, known)
            figure(
                canvas,
                out,
                text,
                place,
                by_day(look, known.colours(thing.colour, look.accent)),
                light,
            )
            lamps(canvas, look, out, place, thing.name)
        case _:
            pass


def _foliage(look: Look, thing: Thing) -> str:
    if thing.name == "cherry":
        return "cherry"
    if look.has("snow"):
        return "winter"
    return "autumn" if "warm" in look.brief.moods else "tree"


def _flowers(
    canvas: Canvas, look: Look, out: Paint, place: Place, light: Lighting, tone: Rgb | None
) -> None:
    roll = dice("bouquet", look.detail)
    choice = ("#d8456a", "#f0a63a", "#e86f8f", "#8f6fd0", "#f4e4d0", "#d8402f")
    tone = tone or rgb(choice[look.pick % len(choice)])
    for k, (dx, scale) in enumerate(
        ((-0.62, 0.6), (0.66, 0.7), (-0.28, 0.8), (0.34, 0.85), (0.0, 1.25))
    ):
        near = replace(
            place,
            x=place.x + dx * place.size * float(roll.uniform(0.8, 1.1)),
            y=place.y + 0.04,
            size=place.size * scale * 1.1,
        )
        shade = colour.turned(
            tone, float(roll.uniform(-14, 14)), 1.0, float(roll.uniform(0.92, 1.06))
        )
        flowers.flower(
            Pen(canvas, out, light), near, seed=seeded(look.detail, "flower", k), tone=shade
        )
