"""Subjects in the air or the deep: one near, others of its kind further off."""

from dataclasses import replace

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.brief import Thing
from mjgate.sandbox.draw.canvas import Canvas, Paint
from mjgate.sandbox.draw.colour import Rgb
from mjgate.sandbox.draw.figures import Figure
from mjgate.sandbox.draw.figures_life import CRANE
from mjgate.sandbox.draw.lit import halo, lighting, variant
from mjgate.sandbox.draw.noise import dice
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Place, figure


def paint(
    canvas: Canvas, look: Look, out: Paint, thing: Thing, known: Figure, x: float, size: float
) -> None:
    roll = dice("air", look.detail, thing.name)
    light = lighting(look, mist=0.12, x=x)
    colours = known.colours(thing.colour, look.accent)
    text = variant(thing, known)
    single = thing.name in {"whale", "dragon", "rocket", "heart"}
    count = (
        1
        if single
        else {"birds": 11, "lantern": 9, "fish": 5, "jellyfish": 4, "butterfly": 4}.get(
            thing.name, 3
        )
    )
    middle = 0.30 if look.brief.place != "underwater" else 0.48
    for k in range(count)[::-1]:
        near = 1.0 if k == 0 else float(roll.uniform(0.28, 0.62))
        far = 0.0 if k == 0 else 1.0
        px = x + far * float(roll.uniform(-0.55, 0.55)) * look.aspect
        py = look.horizon * middle * 1.7 + far * float(roll.uniform(-0.24, 0.2))
        high = size * known.tall * near * 1.15
        if k == 0 and look.foot is not None:
            py = look.foot - high * 0.5
        mist = replace(light, mist=min(0.6, light.mist + 0.35 * (1 - near)))
        flip = k % 2 == 1 if thing.name in {"butterfly", "birds"} else px < look.aspect / 2
        place = Place(px, py + high * 0.5, high, flip=flip, lean=float(roll.uniform(-0.12, 0.12)))
        tones = colours if k == 0 else _other(colours, roll, thing)
        figure(canvas, out, text, place, tones, mist)
        if thing.name == "lantern":
            halo(canvas, out, place.of((0, 0.5)), high * 1.1, 0.34)
    if thing.name == "birds" and look.brief.water and not look.light.night:
        near = Place(x, min(0.9, look.horizon + 0.2), size * 0.55, flip=x < look.aspect / 2)
        figure(canvas, out, CRANE, near, colours, light)


def _other(colours: dict[str, Rgb], roll: np.random.Generator, thing: Thing) -> dict[str, Rgb]:
    if thing.colour or thing.name in {"birds", "lantern"}:
        return colours
    turn = (
        float(roll.uniform(-150, 150)) if thing.name == "balloon" else float(roll.uniform(-35, 35))
    )
    return colours | {
        role: colour.turned(colours[role], turn) for role in ("body", "accent", "light")
    }
