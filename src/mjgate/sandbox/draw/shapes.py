"""
Figures from outlines: soft-edged, rounded by light, laid on a picture.

An outline is text: a role, a kind and points in the figure's own units, the ground at 0, up
positive, about 1 high. Kinds: `s` smooth outline (a point ending in `!` is a corner), `p` polygon,
`e` ellipse (centre, radii), `l` stroke (width first). A role ending in `|` is drawn mirrored too;
an indented line goes on with the one before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor

import numpy as np
from PIL import Image, ImageDraw

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, blur
from mjgate.sandbox.draw.colour import Rgb

Point = tuple[float, float]

_FINE = 3
"""Pixels are drawn this many times finer and averaged."""


@dataclass(frozen=True, slots=True)
class Part:
    """One outline with its role."""

    role: str
    points: tuple[Point, ...]
    stroke: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a figure stands: its base point, its height, which way it looks."""

    x: float
    y: float
    size: float
    flip: bool = False
    lean: float = 0.0
    """Turned, in radians."""

    def of(self, point: Point) -> Point:
        """From the figure's units to the scene's."""
        x, y = (-point[0] if self.flip else point[0]), point[1]
        if self.lean:
            c, s = float(np.cos(self.lean)), float(np.sin(self.lean))
            x, y = x * c + y * s, y * c - x * s
        return self.x + x * self.size, self.y - y * self.size


@dataclass(frozen=True, slots=True)
class Lighting:
    """How a figure is lit."""

    sun: Rgb
    shade: Rgb
    direction: Point
    """Towards the light: right, down."""
    round: float = 1.0
    haze: Rgb = (0.0, 0.0, 0.0)
    mist: float = 0.0
    rim: float = 0.0
    """A bright edge, for light from behind."""


@lru_cache(maxsize=256)
def parts(text: str) -> tuple[Part, ...]:
    """Read outlines, one on each line."""
    found: list[Part] = []
    for row in filter(None, text.replace("\n  ", " ").splitlines()):
        role, kind, *rest = row.split()
        stroke = float(rest.pop(0)) if kind == "l" else 0.0
        points = _points(kind, rest)
        found.append(Part(role.rstrip("|"), points, stroke))
        if role.endswith("|"):
            found.append(Part(role.rstrip("|"), tuple((-x, y) for x, y in points), stroke))
    return tuple(found)


def _points(kind: str, words: Sequence[str]) -> tuple[Point, ...]:
    raw = [word.rstrip("!").split(",") for word in words]
    points = [(float(x), float(y)) for x, y in raw]
    sharp = [word.endswith("!") for word in words]
    if kind == "e":
        (x, y), (wide, high) = points
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        return tuple(
            zip((x + wide * np.cos(turn)).tolist(), (y + high * np.sin(turn)).tolist(), strict=True)
        )
    if kind == "p":
        return tuple(points)
    return _curve(points, sharp, closed=kind == "s")


def _curve(points: list[Point], sharp: list[bool], *, closed: bool) -> tuple[Point, ...]:
    """Catmull and Rom's spline, its tangent broken at corners."""
    count = len(points)
    at = np.array(points)
    ahead, back = np.roll(at, -1, axis=0), np.roll(at, 1, axis=0)
    if not closed:
        ahead[-1], back[0] = at[-1], at[0]
    tangent = (ahead - back) * 0.5
    tangent[sharp] = 0.0
    t = np.linspace(0, 1, 10, endpoint=False)[:, None]
    h = (2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, 3 * t**2 - 2 * t**3, t**3 - t**2)
    out: list[Point] = []
    for k in range(count if closed else count - 1):
        n = (k + 1) % count
        piece = h[0] * at[k] + h[1] * tangent[k] + h[2] * at[n] + h[3] * tangent[n]
        out += [(float(x), float(y)) for x, y in piece]
    return tuple(out if closed else [*out, points[-1]])


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of the canvas, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        """Nothing to draw here."""
        return self.right <= self.left or self.bottom <= self.top

    def of(self, paint: Paint) -> Paint:
        """The pixels of the patch; writing to them writes to the paint."""
        return paint[self.top : self.bottom, self.left : self.right]


def patch(canvas: Canvas, points: Sequence[Point], margin: float) -> Patch:
    """The pixels that some scene points and a margin round them cover."""
    x = [canvas.column(one[0]) for one in points]
    y = [canvas.row(one[1]) for one in points]
    pad = margin / canvas.pixel + 2
    return Patch(
        max(0, floor(min(x) - pad)),
        max(0, floor(min(y) - pad)),
        min(canvas.width, ceil(max(x) + pad)),
        min(canvas.height, ceil(max(y) + pad)),
    )


def mask(canvas: Canvas, area: Patch, outlines: Sequence[tuple[Sequence[Point], float]]) -> Field:
    """How much of each pixel the outlines cover; strokes have a width in scene units."""
    size = ((area.right - area.left) * _FINE, (area.bottom - area.top) * _FINE)
    sheet = Image.new("L", size)
    draw = ImageDraw.Draw(sheet)
    for points, stroke in outlines:
        places = [
            ((canvas.column(x) - area.left) * _FINE, (canvas.row(y) - area.top) * _FINE)
            for x, y in points
        ]
        if stroke:
            _stroke(draw, places, max(1.2, stroke / canvas.pixel * _FINE))
        else:
            draw.polygon(places, fill=255)
    small = sheet.reduce(_FINE)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _stroke(draw: ImageDraw.ImageDraw, places: list[Point], width: float) -> None:
    draw.line(places, fill=255, width=round(width), joint="curve")
    half = width / 2
    for x, y in (places[0], places[-1]):
        draw.ellipse((x - half, y - half, x + half, y + half), fill=255)


def figure(
    canvas: Canvas,
    paint: Paint,
    text: str,
    place: Place,
    colours: Mapping[str, Rgb],
    lighting: Lighting,
) -> None:
    """Draw all parts of a figure into the paint, in their order."""
    for part in parts(text):
        points = [place.of(point) for point in part.points]
        stroke = part.stroke * place.size
        area = patch(canvas, points, stroke)
        if area.empty:
            continue
        cover = mask(canvas, area, [(points, stroke)])
        tone = colours.get(part.role, (0.5, 0.5, 0.5))
        lay(canvas, paint, area, cover, tone, lighting, glowing=part.role in {"lamp", "glow"})


def lay(
    canvas: Canvas,
    paint: Paint,
    area: Patch,
    cover: Field,
    tone: Rgb,
    lighting: Lighting,
    *,
    glowing: bool = False,
) -> None:
    """Lay one covered area on the paint, rounded by light unless it glows."""
    under = area.of(paint)
    over = colour.array(tone) if glowing else _rounded(canvas, cover, tone, lighting)
    under += (over - under) * cover[..., None]


def _rounded(canvas: Canvas, cover: Field, tone: Rgb, lighting: Lighting) -> Paint:
    reach = min(0.03 / canvas.pixel, 0.16 * float(cover.sum()) ** 0.5 + 0.4)
    soft = blur(cover, max(0.6, reach))
    down, right = (
        (np.gradient(soft, axis=0), np.gradient(soft, axis=1))
        if min(soft.shape) > 1
        else (soft, soft)
    )
    dx, dy = lighting.direction
    slope = -(right * dx + down * dy) * np.float32(reach * 2.2)
    lit = np.clip(0.62 + slope * lighting.round, 0.0, 1.25)
    light = colour.array(lighting.sun) * lit[..., None] + colour.array(lighting.shade) * 0.5
    out = colour.array(tone) * light
    if lighting.rim:
        out += (
            colour.array(lighting.sun)
            * (np.clip(slope * 2.0 - 0.25, 0, 0.9) * lighting.rim)[..., None]
        )
    return out + (colour.array(lighting.haze) - out) * np.float32(lighting.mist)


@dataclass(frozen=True, slots=True)
class Pen:
    """A canvas, the paint on it and a light, for those who draw many small shapes."""

    canvas: Canvas
    paint: Paint
    lighting: Lighting

    def fill(self, outlines: Sequence[tuple[Sequence[Point], float]], tone: Rgb) -> None:
        """Shapes and strokes of one colour, each with its stroke width or 0."""
        points = [point for outline, _ in outlines for point in outline]
        if not points:
            return
        area = patch(self.canvas, points, max(stroke for _, stroke in outlines))
        if not area.empty:
            cover = mask(self.canvas, area, outlines)
            lay(self.canvas, self.paint, area, cover, tone, self.lighting)
