"""Changes inside a picture: masked places, new styles, other faces."""

from dataclasses import replace

import numpy as np
from PIL import Image

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.canvas import (
    Canvas,
    Field,
    Paint,
    View,
    blur,
    mix,
    resize,
    smooth,
    to_image,
    to_paint,
)
from mjgate.sandbox.draw.compose import render
from mjgate.sandbox.draw.finish import styled
from mjgate.sandbox.draw.noise import seeded
from mjgate.sandbox.draw.scene import Look, Scene, look


def inpaint(
    picture: Image.Image, mask: Image.Image, scene: Scene, take: int, world: Look | None = None
) -> Image.Image:
    """
    Draw the scene where the mask is white; every other pixel stays as it is.

    With the look that the picture shows, what stood in the mask goes, the land behind it is
    drawn again, and the new subject comes into it.
    """
    picture = picture.convert("RGB")
    inside = _inside(mask, picture.size)
    if not inside.any():
        return picture.copy()
    wanted = look(scene, take) if world is None else _joined(world, scene, take)
    chosen = _placed(wanted, inside, picture.size, take % 4)
    new = render(chosen, picture.size, View(0.0, 0.0, picture.width / picture.height, 1.0))
    old = to_paint(picture)
    edge = blur(inside, 0.012 * min(picture.size))
    alpha = np.clip((edge - 0.5) * 2.0, 0.0, 1.0) * inside
    new = new + _tone(old - new, 1.0 - inside, picture.size)
    out = np.asarray(to_image(mix(old, new, alpha))).copy()
    keep = inside <= 0.0
    out[keep] = np.asarray(picture)[keep]
    return Image.fromarray(out)


def _joined(world: Look, scene: Scene, take: int) -> Look:
    """The world of a picture with the subjects of a new scene, and its place if it names one."""
    old, new = world.brief, scene.brief
    weather = old.weather | new.weather
    joined = replace(old, things=new.things, weather=weather, style=new.style or old.style)
    if new.places:
        joined = replace(joined, place=new.place, places=new.places, water=new.water)
    detail = seeded(world.detail, scene.seed, take)
    again = not new.things and not new.places
    ground = seeded(world.ground, detail) if again else world.ground
    return replace(world, brief=joined, detail=detail, ground=ground)


def _inside(mask: Image.Image, size: tuple[int, int]) -> Field:
    grey = mask.convert("L").resize(size, Image.Resampling.BILINEAR)
    return (np.asarray(grey) > 127).astype(np.float32)


def _placed(chosen: Look, inside: Field, size: tuple[int, int], take: int) -> Look:
    """Let the subject stand in the middle of the mask, about as high as it."""
    rows, columns = np.nonzero(inside)
    low, high = np.percentile(rows, (4, 96)) / size[1]
    aside = (0.0, 0.12, -0.12, 0.05)[take] * float(columns.std())
    spot = (float(columns.mean()) + aside) / size[1]
    return replace(
        chosen,
        aspect=size[0] / size[1],
        spot=spot,
        foot=float(high),
        size=float(np.clip((high - low) / (0.42, 0.5, 0.38, 0.46)[take], 0.25, 1.8)),
    )


def _tone(gap: Paint, known: Field, size: tuple[int, int]) -> Paint:
    """The soft difference between the old picture and the new one, carried into the mask."""
    radius = 0.12 * min(size)
    weight = blur(known, radius)[..., None]
    return (
        blur(gap * known[..., None], radius)
        / np.maximum(weight, 0.05)
        * np.minimum(1, weight * 2)
        * 0.6
    )


def retexture(picture: Image.Image, scene: Scene, take: int) -> Image.Image:
    """The forms of the picture in the light, colours and style of the scene."""
    chosen = replace(look(scene, take), aspect=picture.width / picture.height)
    canvas = Canvas(*picture.size, View(0.0, 0.0, chosen.aspect, 1.0))
    paint = to_paint(picture)
    grey = colour.brightness(paint)
    light = chosen.light
    ramp = colour.gradient(
        (colour.scaled(light.sky[-1], 0.35), light.shade, light.haze, light.sky[0]), grey
    )
    drawn = render(
        replace(chosen, brief=replace(chosen.brief, style=None)), picture.size, canvas.view
    )
    lab = colour.oklab(mix(mix(paint, ramp, 0.6), drawn, 0.25))
    lab[..., 0] = lab[..., 0] * 0.3 + colour.oklab(paint)[..., 0] * 0.7
    return to_image(styled(canvas, chosen, np.clip(colour.from_oklab(lab), 0, 1)))


def edit(
    pictures: list[Image.Image], mask: Image.Image | None, scene: Scene, take: int
) -> Image.Image:
    """Change the first picture by the scene: in the mask, where it is clear, or all over."""
    first = pictures[0]
    if mask is None and first.mode in {"RGBA", "LA", "PA"}:
        clear = first.getchannel("A").point([255 if v < 128 else 0 for v in range(256)])
        mask = clear if clear.getbbox() else None
    if mask is not None:
        return inpaint(first, mask, scene, take)
    return retexture(first, scene, take)


def swap(source: Image.Image, target: Image.Image) -> Image.Image:
    """Lay the middle of one portrait on the other; no face is looked for, and it shows."""
    target = target.convert("RGB")
    wide, high = target.size
    side = max(1, round(min(wide, high) * 0.46))
    face = _middle(source.convert("RGB"), side)
    left, top = (wide - side) // 2, max(0, round(high * 0.4 - side / 2))
    under = to_paint(target)
    part = under[top : top + side, left : left + side]
    face = (face - face.mean((0, 1))) * (part.std() / max(1e-3, float(face.std()))) ** 0.5
    face = face + part.mean((0, 1)) * 0.7 + to_paint(source).mean((0, 1)) * 0.3
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    far = np.sqrt((x / 0.78) ** 2 + (y / 0.95) ** 2)
    alpha = 1.0 - smooth(0.72, 1.0, far)
    ring = np.exp(-(((far - 1.0) / 0.035) ** 2)) * 0.55
    blended = mix(mix(part, face, alpha), colour.array((1.0, 1.0, 1.0)), ring)
    under = under.copy()
    under[top : top + side, left : left + side] = blended
    return to_image(under)


def _middle(picture: Image.Image, side: int) -> Paint:
    short = min(picture.size)
    crop = round(short * 0.62)
    left = (picture.width - crop) // 2
    top = max(0, round(picture.height * 0.42 - crop / 2))
    return resize(to_paint(picture.crop((left, top, left + crop, top + crop))), (side, side))
