"""Styles that put a picture together from pieces: stained glass and low poly."""

import numpy as np
from PIL import Image, ImageDraw

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import Canvas, Field, Paint, Whole, blur, mix, smooth, to_paint
from mjgate.sandbox.draw.colour import rgb
from mjgate.sandbox.draw.noise import dice, fbm, lattice
from mjgate.sandbox.draw.scene import Look


def glass(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """Cells of coloured glass in lead, brighter than the picture they stand for."""
    near, next_, cell = _cells(canvas, look, 21.0)
    count = int(cell.max()) + 1
    flat = cell.ravel()
    sizes = np.maximum(np.bincount(flat, minlength=count), 1)[:, None]
    sums = np.stack([np.bincount(flat, paint[..., c].ravel(), count) for c in range(3)], -1)
    mean = colour.saturate((sums / sizes).astype(np.float32)[None], 1.7)[0]
    # White light shows no glass: pale cells take a colour of the sky.
    panes = np.array(look.light.sky, dtype=np.float32)
    pane = panes[dice("panes", look.detail).integers(len(panes), size=count)]
    pale = smooth(0.45, 0.9, colour.brightness(mean))[:, None]
    mean = np.clip(mean * (1.2 - 0.42 * pale) + 0.05, 0, 1)
    mean = mean + (colour.saturate(pane, 1.8) - mean) * (0.04 + 0.34 * pale)
    body = mean[cell]
    streak = fbm(canvas, 9, look.detail, stretch=0.4, gain=0.6) - 0.5
    bulge = 1.12 - 0.30 * smooth(0.0, 0.055, near)
    out = body * (bulge + streak * 0.45)[..., None]
    out = out + blur(np.clip(out - 0.6, 0, 1), 0.02 / canvas.pixel) * 0.5
    gap = next_ - near
    lead = smooth(0.0075, 0.0042, gap)
    shine = np.exp(-(((gap - 0.0035) / 0.0014) ** 2)) * 0.16
    return np.clip(mix(out, colour.array(rgb("#17161a")), lead) + (shine * lead)[..., None], 0, 1)


def _cells(canvas: Canvas, look: Look, density: float) -> tuple[Field, Field, Whole]:
    """Distance to the nearest and next point of a jittered grid, and which is nearest."""
    x, y = canvas.x * np.float32(density), canvas.y * np.float32(density)
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    first_x, first_y = int(column.min()) - 1, int(row.min()) - 1
    columns, rows = range(first_x, int(column.max()) + 2), range(first_y, int(row.max()) + 2)
    jitter = lattice(look.detail, columns, rows), lattice(look.detail + 1, columns, rows)
    near = canvas.blank(9.0)
    second = canvas.blank(9.0)
    cell = np.zeros(near.shape, dtype=np.int64)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            i, j = row + dy - first_y, column + dx - first_x
            px = column + dx + 0.12 + 0.76 * jitter[0][i, j]
            py = row + dy + 0.12 + 0.76 * jitter[1][i, j]
            far = np.sqrt((px - x) ** 2 + (py - y) ** 2) / np.float32(density)
            closer = far < near
            second = np.where(closer, near, np.minimum(second, far))
            cell = np.where(closer, i * len(columns) + j, cell)
            near = np.where(closer, far, near)
    return near, second, cell


def lowpoly(canvas: Canvas, look: Look, paint: Paint) -> Paint:
    """Triangles of one colour each, smaller where more is going on."""
    view = canvas.view
    step = 1 / 30
    wide, high = int((view.right - view.left) / step) + 3, int((view.bottom - view.top) / step) + 3
    roll = dice("lowpoly", look.detail)
    shift = roll.uniform(-0.36, 0.36, (high, wide, 2)) * step
    x = view.left + (np.arange(wide) - 1) * step + shift[..., 0]
    y = view.top + (np.arange(high)[:, None] - 1) * step + shift[..., 1]
    columns, rows = (x - view.left) / canvas.pixel * _FINE, (y - view.top) / canvas.pixel * _FINE
    soft = blur(colour.saturate(paint, 1.3), 0.006 / canvas.pixel)
    sheet = Image.new("RGB", (canvas.width * _FINE, canvas.height * _FINE))
    draw = ImageDraw.Draw(sheet)
    for j in range(high - 1):
        for i in range(wide - 1):
            a, b, c, d = (j, i), (j, i + 1), (j + 1, i), (j + 1, i + 1)
            for corners in ((a, b, c), (d, c, b)) if (i + j) % 2 else ((b, d, a), (c, a, d)):
                shape = [(float(columns[at]), float(rows[at])) for at in corners]
                draw.polygon(shape, fill=_tone(soft, shape))
    return to_paint(sheet.reduce(_FINE))


_FINE = 2


def _tone(paint: Paint, shape: list[tuple[float, float]]) -> tuple[int, int, int]:
    """The colour of the middle, a little lighter or darker by the way the triangle lies."""
    x = sum(point[0] for point in shape) / 3 / _FINE
    y = sum(point[1] for point in shape) / 3 / _FINE
    row = min(max(int(y), 0), paint.shape[0] - 1)
    column = min(max(int(x), 0), paint.shape[1] - 1)
    lean = ((shape[0][0] - shape[2][0]) + (shape[1][1] - shape[0][1])) / (
        abs(shape[0][0] - shape[1][0]) + abs(shape[0][1] - shape[2][1]) + 1
    )
    r, g, b = (
        (np.clip(paint[row, column] * (1.0 + 0.035 * np.tanh(lean)), 0, 1) * 255)
        .astype(int)
        .tolist()
    )
    return r, g, b
