"""Pictures of nothing in particular: for prompts whose words say nothing to the painter."""

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, blur, mix, smooth
from mjgate.sandbox.draw.colour import Rgb, rgb
from mjgate.sandbox.draw.noise import dice, fbm, line, sample, texture
from mjgate.sandbox.draw.scene import Look

_PALETTES = (
    "#1d2b4a #3f5c8a #e88d67 #f4c095 #f9ede0",
    "#0f3d3e #2a7f78 #e2b04a #f1dfb4 #faf4e6",
    "#3b1f3b #8a3a5c #e2725b #f2b48c #f8e6d2",
    "#20304f #5a6fa5 #c7a0c8 #f3c6c6 #fbeee6",
    "#12263a #06708a #7fc8a9 #f4d58d #fdf6e3",
    "#2d1e2f #7b2d43 #d9594c #f6ae2d #f8eac8",
    "#1b3a2f #4f7f5a #c9b458 #e8a15c #f4ead2",
    "#26264f #5b4b9a #d16ba5 #ffa987 #ffe9d0",
)


def palette(look: Look) -> list[Rgb]:
    """Five colours from dark to light; named colours and references take their share."""
    stops = [rgb(text) for text in _PALETTES[look.pick // 4 % len(_PALETTES)].split()]
    turn = (look.pick % 4) * 14 - 21
    stops = [colour.turned(stop, turn) for stop in stops]
    for tint, amount in look.tints:
        key = colour.luma(tint) + 0.08
        stops = [
            colour.blend(
                stop,
                colour.scaled(tint, min(1.6, (colour.luma(stop) + 0.06) / key)),
                min(1.0, amount * 1.2),
            )
            for stop in stops
        ]
    if look.light.night or "dark" in look.brief.moods:
        stops = [colour.scaled(stop, 0.62) for stop in stops]
    return stops


def paint(canvas: Canvas, look: Look) -> Paint:
    """One of four kinds, the same kind for a prompt's four takes but for chaos."""
    kinds = (_waves, _marble, _rounds, _threads)
    which = look.brief.salt + (look.pick % 4 if look.brief.flags.chaos > 30 else 0)
    return kinds[which % 4](canvas, look, palette(look))


def _grain(canvas: Canvas, look: Look) -> Field:
    return (fbm(canvas, 60, look.detail, gain=0.7) - 0.5) * np.float32(0.08)


def _waves(canvas: Canvas, look: Look, stops: list[Rgb]) -> Paint:
    """Sheets of cut paper, one behind the other, under a round sun."""
    out = colour.gradient(
        (stops[4], stops[3], colour.blend(stops[3], stops[2], 0.6)),
        canvas.y * np.ones_like(canvas.x),
    )
    x, y, radius = look.sun[0], 0.34, 0.13 * look.size
    far = np.sqrt((canvas.x - x) ** 2 + (canvas.y - y) ** 2)
    out = mix(out, out + 0.10, np.exp(-far * 3.5).astype(np.float32))
    out = mix(
        out,
        colour.array(colour.blend(stops[2], stops[4], 0.25)),
        np.clip((radius - far) / canvas.pixel + 0.5, 0, 1),
    )
    count = 8
    for k in range(count):
        t = k / (count - 1)
        top = (
            0.40
            + 0.56 * t**1.15
            + line(
                canvas.x, 1.3 + 0.3 * (k % 3), look.ground + 13 * k, pixel=canvas.pixel, gain=0.28
            )
            * (0.2 + 0.06 * t)
        )
        drop = np.exp(-np.clip(top - canvas.y, 0, None) / 0.022) * (canvas.y < top)
        out = out * (1.0 - 0.34 * drop[..., None])
        tone = colour.gradient(stops[::-1], np.full((1, 1), 0.22 + 0.78 * t, np.float32))[0, 0]
        light = 1.06 - 0.5 * np.clip(canvas.y - top, 0, 0.5) + _grain(canvas, look)
        edge = np.exp(-np.clip(canvas.y - top, 0, None) / 0.004) * 0.10
        out = mix(
            out,
            tone * (light + edge)[..., None],
            np.clip((canvas.y - top) / canvas.pixel + 0.5, 0, 1),
        )
    return out


def _marble(canvas: Canvas, look: Look, stops: list[Rgb]) -> Paint:
    """Ink in oil: noise bent by noise bent by noise, with veins of gold."""
    field = texture(look.ground, 512, cells=4, gain=0.5)
    u, v = canvas.x * 0.32, canvas.y * 0.32 + 0.0 * canvas.x
    a = sample(field, u, v) - 0.5
    b = sample(field, u + a * 0.5 + 0.2, v + a * 0.3) - 0.5
    c = sample(field, u + b * 0.75 + 0.5, v + a * 0.4 + b * 0.4)
    out = colour.gradient(stops, smooth(0.12, 0.88, c + a * 0.25))
    light = np.clip((c - np.roll(c, (1, 1), (0, 1))) / canvas.pixel * 0.006, -0.10, 0.14)
    out = out + light[..., None]
    vein = np.exp(-((np.abs(b - 0.02 + 0.2 * (c - 0.5)) / 0.012) ** 2)) * smooth(0.4, 0.6, c)
    gold = colour.gradient(
        (rgb("#8a5a1e"), rgb("#e8b85a"), rgb("#fff0c0")), fbm(canvas, 9, look.detail)
    )
    return mix(out, gold, vein * 0.9)


def _rounds(canvas: Canvas, look: Look, stops: list[Rgb]) -> Paint:
    """Discs, rings and half discs on a quiet ground, each with its shadow."""
    out = colour.gradient(
        (stops[4], colour.blend(stops[4], stops[3], 0.8)), canvas.y * np.ones_like(canvas.x)
    )
    roll = dice("rounds", look.ground)
    for k in range(13):
        big = 0.30 * 0.86**k + 0.02
        x = look.aspect * (0.5 + float(roll.normal(0, 0.22)))
        y = 0.5 + float(roll.normal(0, 0.2))
        far = np.sqrt((canvas.x - x) ** 2 + (canvas.y - y) ** 2)
        cover = np.clip((big - far) / canvas.pixel + 0.5, 0, 1)
        kind = int(roll.integers(4))
        if kind == 1:
            cover = cover * np.clip((far - big * 0.72) / canvas.pixel + 0.5, 0, 1)
        turn = float(roll.uniform(0, 6.28))
        if kind == 2:
            cut = (canvas.x - x) * np.cos(turn) + (canvas.y - y) * np.sin(turn)
            cover = cover * np.clip(cut / canvas.pixel + 0.5, 0, 1)
        shadow = np.roll(
            blur(cover, 0.018 / canvas.pixel),
            (round(0.014 / canvas.pixel), round(0.01 / canvas.pixel)),
            (0, 1),
        )
        out = out * (1.0 - 0.30 * shadow * (1 - cover))[..., None]
        first, second = stops[int(roll.integers(4))], stops[int(roll.integers(4))]
        along = np.clip(
            0.5 + ((canvas.x - x) * np.cos(turn) + (canvas.y - y) * np.sin(turn)) / big * 0.5, 0, 1
        )
        tone = colour.gradient((first, colour.blend(first, second, 0.6)), along)
        out = mix(out, tone * (1.0 + _grain(canvas, look))[..., None], cover * 0.96)
    return out


def _threads(canvas: Canvas, look: Look, stops: list[Rgb]) -> Paint:
    """Contour lines of a slow landscape, lit like folded silk."""
    field = fbm(canvas, 1.2, look.ground, gain=0.36, most=5)
    bend = fbm(canvas, 2.1, look.ground + 5, gain=0.4, most=4) - 0.5
    value = field * 1.2 + bend * 0.25 + (canvas.y - 0.5) * 0.5
    steps = value * 17.0
    part = steps - np.floor(steps)
    level = (np.floor(steps) - steps.min()) / max(1e-6, float(steps.max() - steps.min()))
    out = colour.gradient(stops, np.clip(level, 0, 1))
    fold = 0.80 + 0.32 * part - 0.25 * smooth(0.14, 0.0, part)
    out = out * (fold + _grain(canvas, look))[..., None]
    slope = np.abs(np.gradient(steps, axis=0)) + np.abs(np.gradient(steps, axis=1)) + 1e-4
    rim = np.clip(1.2 - np.minimum(part, 1 - part) / slope, 0, 1)
    return mix(out, colour.array(colour.blend(stops[4], (1, 0.95, 0.8), 0.5)), rim * 0.45)
