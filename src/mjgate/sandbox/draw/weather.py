"""What falls, drifts and shines between the viewer and the land."""

import numpy as np

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, blur, mix, smooth
from mjgate.sandbox.draw.colour import Rgb, rgb
from mjgate.sandbox.draw.noise import dice, fbm
from mjgate.sandbox.draw.scene import Look
from mjgate.sandbox.draw.shapes import Patch, Point, mask


def front(canvas: Canvas, look: Look, out: Paint) -> Paint:
    """All that is nearer than the subject."""
    if look.has("rays") or ("dramatic" in look.brief.moods and not look.light.night):
        out = out + rays(canvas, look, out)
    if look.has("fog"):
        out = fog(canvas, look, out)
    if look.has("rain", "storm"):
        out = _rain(canvas, look, out)
    if look.has("snow"):
        out = _flakes(canvas, look, out, (0.97, 0.98, 1.0), 1.0)
    if look.has("petals") or look.thing("cherry"):
        out = _flakes(canvas, look, out, (1.0, 0.78, 0.84), 0.35)
    return out


def fog(canvas: Canvas, look: Look, out: Paint) -> Paint:
    """Banks that lie low and wander."""
    drift = fbm(canvas, 1.8, look.sky + 60, stretch=3.2, gain=0.55)
    low = np.exp(-(((canvas.y - look.horizon - 0.04) / 0.17) ** 2))
    alpha = np.clip(smooth(0.3, 0.75, drift) * low * 0.85 + 0.10, 0, 0.9)
    tone = colour.array(colour.blend(look.light.haze, look.light.sun, 0.25))
    return mix(out, tone * max(0.45, look.light.power), alpha)


def rays(canvas: Canvas, look: Look, out: Paint) -> Paint:
    """Light that streams from the sun past whatever is dark before it."""
    dx, dy = canvas.x - look.sun[0], canvas.y - look.sun[1]
    angle = np.arctan2(dy, dx)
    far = np.sqrt(dx * dx + dy * dy)
    beat = np.zeros_like(far)
    roll = dice("rays", look.sky)
    for _ in range(9):
        beat += np.sin(angle * float(roll.integers(5, 40)) + float(roll.uniform(0, 6.3))) / 3.0
    beam = smooth(0.1, 1.1, beat) * np.exp(-far * 1.6) * smooth(0.0, 0.12, far)
    glow = smooth(0.15, 0.8, colour.brightness(out) + 0.3)
    return (beam * glow * 0.38)[..., None].astype(np.float32) * colour.array(look.light.sun)


def _rain(canvas: Canvas, look: Look, out: Paint) -> Paint:
    roll = dice("rain", look.detail)
    whole = Patch(0, 0, canvas.width, canvas.height)
    slant = float(roll.uniform(-0.12, 0.2)) + (0.12 if look.has("storm") else 0.0)
    view = canvas.view
    for count, length, width, power in ((260, 0.030, 0.0010, 0.16), (90, 0.07, 0.0016, 0.22)):
        x = roll.uniform(view.left - 0.1, view.right + 0.1, count).tolist()
        y = roll.uniform(view.top - 0.1, view.bottom, count).tolist()
        long = (length * roll.uniform(0.6, 1.3, count)).tolist()
        drops: list[tuple[list[Point], float]] = [
            ([(a, b), (a - slant * h, b + h)], width) for a, b, h in zip(x, y, long, strict=True)
        ]
        out = mix(
            out,
            colour.array(colour.blend(look.light.haze, (1, 1, 1), 0.55)),
            mask(canvas, whole, drops) * power,
        )
    return out


def _flakes(canvas: Canvas, look: Look, out: Paint, tone: Rgb, amount: float) -> Paint:
    roll = dice("flakes", look.detail, amount)
    whole = Patch(0, 0, canvas.width, canvas.height)
    view = canvas.view
    turns = np.linspace(0, 2 * np.pi, 9)[:-1]
    for count, size, soft, power in (
        (300, 0.0016, 0.0, 0.75),
        (90, 0.0034, 0.0012, 0.8),
        (22, 0.009, 0.006, 0.5),
    ):
        dots: list[tuple[list[Point], float]] = []
        for _ in range(round(count * amount)):
            x, y = (
                float(roll.uniform(view.left, view.right)),
                float(roll.uniform(view.top, view.bottom)),
            )
            r = size * float(roll.uniform(0.6, 1.4)) * (1.6 if amount < 1 else 1.0)
            tall = 0.6 if amount < 1 else 1.0
            dots.append(
                ([(x + r * float(np.cos(t)), y + r * tall * float(np.sin(t))) for t in turns], 0.0)
            )
        cover = blur(mask(canvas, whole, dots), soft / canvas.pixel)
        light = colour.scaled(tone, max(0.6, min(1.0, look.light.power + 0.15)))
        out = mix(out, colour.array(light), cover * power)
    return out


def wonders(canvas: Canvas, look: Look, out: Paint) -> Paint:
    """What hangs in the sky behind the land."""
    if look.has("aurora"):
        out = out + _aurora(canvas, look)
    if look.has("rainbow"):
        out = _rainbow(canvas, look, out)
    if look.has("storm") and not look.has("clear"):
        out = _bolt(canvas, look, out)
    if look.has("fireworks"):
        out = out + _fireworks(canvas, look)
    return out


def _aurora(canvas: Canvas, look: Look) -> Paint:
    """Curtains: bright along a winding foot, fading upwards in fine folds."""
    total = np.zeros((canvas.height, canvas.width, 3), dtype=np.float32)
    roll = dice("aurora", look.sky)
    sets = (
        ("#46f0a0", "#37c8c8", "#8a5ae8"),
        ("#5cf08a", "#4ab8e8", "#e05ab8"),
        ("#7af0c0", "#56a0f0", "#b86af0"),
    )
    stops = [rgb(text) for text in sets[look.pick % 3]]
    for tint, amount in look.tints:
        stops = [colour.blend(stop, tint, amount) for stop in stops]
    for k in range(3):
        wave = fbm(canvas, 1.1 + 0.4 * k, look.sky + 80 + k, stretch=1.0, most=3) - 0.5
        foot = (
            look.horizon * (0.78 - 0.2 * k)
            + 0.10 * np.sin(canvas.x * float(roll.uniform(2, 4)) + k * 2)
            + wave * 0.22
        )
        fold = fbm(canvas, 5.0, look.sky + 90 + k, stretch=0.16, gain=0.62)
        height = foot - canvas.y
        body = np.exp(-np.clip(height, 0, None) * (4.2 + k)) * smooth(-0.03, 0.02, height)
        strength = body * (0.25 + 1.1 * smooth(0.3, 0.8, fold)) * (0.85, 0.6, 0.42)[k]
        tone = colour.gradient(stops, np.clip(height * 2.2, 0, 1))
        total += strength[..., None] * tone
    return total * np.float32(0.85)


def _rainbow(canvas: Canvas, look: Look, out: Paint) -> Paint:
    middle = look.aspect - look.sun[0]
    far = np.sqrt((canvas.x - middle) ** 2 + ((canvas.y - look.horizon - 0.12) * 1.02) ** 2)
    hues = [
        rgb(text)
        for text in ("#6a3ad0", "#3a5ae8", "#3ac8d8", "#58d868", "#f0e858", "#f89a3a", "#e83a3a")
    ]
    for radius, wide, power in ((0.56, 0.055, 0.42), (0.72, 0.07, 0.14)):
        t = (far - radius) / wide + 0.5
        if radius > 0.6:
            t = 1.0 - t
        band = colour.gradient(hues, t)
        edge = smooth(0.0, 0.2, t) * smooth(1.0, 0.8, t) * power * (canvas.y < look.horizon + 0.02)
        out = out + band * edge[..., None] * 0.55 + (band - out) * edge[..., None] * 0.45
    return out


def _bolt(canvas: Canvas, look: Look, out: Paint) -> Paint:
    roll = dice("bolt", look.sky)
    x, y = look.aspect - look.sun[0] + float(roll.uniform(-0.1, 0.1)), 0.02
    whole = Patch(0, 0, canvas.width, canvas.height)
    strokes: list[tuple[list[Point], float]] = []
    points: list[Point] = [(x, y)]
    while y < look.horizon:
        x, y = x + float(roll.normal(0, 0.022)), y + float(roll.uniform(0.012, 0.04))
        points.append((x, min(y, look.horizon)))
        if roll.random() < 0.22:
            strokes.append((_twig(roll, (x, y)), 0.0016))
    strokes.append((points, 0.0042))
    core = mask(canvas, whole, strokes)
    glow = blur(core, 0.02 / canvas.pixel) * 2.6 + blur(core, 0.09 / canvas.pixel) * 3.2
    tone = colour.array((0.80, 0.84, 1.0))
    return mix(
        out + glow[..., None] * tone * 0.55,
        colour.array((1.0, 0.99, 1.0)),
        np.clip(core * 1.2, 0, 1),
    )


def _twig(roll: np.random.Generator, start: Point) -> list[Point]:
    side = 1 if roll.random() < 0.5 else -1
    points = [start]
    for _ in range(int(roll.integers(3, 8))):
        x, y = points[-1]
        points.append(
            (x + side * float(roll.uniform(0.005, 0.035)), y + float(roll.uniform(0.006, 0.03)))
        )
    return points


def _fireworks(canvas: Canvas, look: Look) -> Paint:
    roll = dice("fireworks", look.sky)
    total = np.zeros((canvas.height, canvas.width, 3), dtype=np.float32)
    tones = ("#ff5a5a", "#ffd25a", "#5ad8ff", "#c87aff", "#7aff9a", "#ff8ad0")
    whole = Patch(0, 0, canvas.width, canvas.height)
    for k in range(5):
        x = look.aspect * float(roll.uniform(0.12, 0.88))
        y, reach = look.horizon * float(roll.uniform(0.18, 0.62)), float(roll.uniform(0.09, 0.2))
        strokes: list[tuple[list[Point], float]] = []
        for turn in np.linspace(0, 2 * np.pi, 34)[:-1].tolist():
            long = reach * float(roll.uniform(0.7, 1.05))
            t = np.linspace(0.25, 1.0, 8)
            arm = [
                (
                    x + long * s * float(np.cos(turn)),
                    y + long * s * float(np.sin(turn)) + 0.05 * s * s,
                )
                for s in t.tolist()
            ]
            strokes.append((arm, 0.0022))
        core = mask(canvas, whole, strokes)
        far = np.sqrt((canvas.x - x) ** 2 + (canvas.y - y) ** 2) / reach
        tone = colour.array(rgb(tones[(look.pick + k) % len(tones)]))
        light: Field = (
            core * (0.45 + 0.75 * np.clip(far, 0, 1)) + blur(core, 0.008 / canvas.pixel) * 0.9
        )
        total += (
            light[..., None] * tone
            + (np.exp(-far * 1.8) * 0.16).astype(np.float32)[..., None] * tone
        )
    return total
