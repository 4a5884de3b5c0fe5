"""
What the sandbox hands to a worker process: plain arguments in, bytes of a picture out.

A scene travels as the text of `Scene.to_json`; the sandbox keeps it beside the job and gives it
back for whatever follows. Pictures are encoded; what cannot be decoded raises `ValueError`.
"""

import io
from dataclasses import dataclass, replace

from PIL import Image

from mjgate.sandbox.draw import blending, reading, reframe, retouch, sheets
from mjgate.sandbox.draw.clip import clip
from mjgate.sandbox.draw.noise import seeded
from mjgate.sandbox.draw.scene import Scene, scene, vary

_MOST_PIXELS = 40_000_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """A finished file."""

    data: bytes
    content_type: str
    width: int
    height: int


def plan(prompt: str, seed: int, references: tuple[bytes, ...] = ()) -> str:
    """The scene of a prompt; the first reference picture steers its palette."""
    seen = reading.reference(_open(references[0])) if references else None
    return scene(prompt, seed=seed, reference=seen).to_json()


def replan(text: str, take: int, strength: str, seed: int, prompt: str | None = None) -> str:
    """The scene of a variation (`subtle`, `normal`, `strong`), with another prompt for a remix."""
    old = Scene.from_json(text)
    if prompt is not None:
        old = replace(old, prompt=prompt)
    return vary(old, take, strength=strength, seed=seed).to_json()


def reroll(text: str, seed: int, prompt: str | None = None) -> str:
    """The same words once more, with another seed."""
    old = Scene.from_json(text)
    return replace(old, seed=seed, prompt=old.prompt if prompt is None else prompt).to_json()


def draw_grid(text: str, progress: int = 100, form: str = "jpeg") -> Drawn:
    """The grid of a scene; under 100 a small sketch of it."""
    return _drawn(sheets.grid(Scene.from_json(text), progress=progress), form)


def draw_take(
    text: str, take: int, factor: float = 2.0, variant: str = "subtle", form: str = "jpeg"
) -> Drawn:
    """One take, drawn larger."""
    return _drawn(sheets.upscale(Scene.from_json(text), take, factor=factor, variant=variant), form)


def cut_take(data: bytes, take: int | None, factor: float = 2.0, form: str = "jpeg") -> Drawn:
    """One picture of a grid (or with no take the picture) enlarged, whatever it shows."""
    picture = _open(data)
    part = picture if take is None else sheets.cut_of(picture, take % 4)
    return _drawn(sheets.enlarge(part, factor=factor, seed=seeded(len(data))), form)


def sketched(data: bytes, progress: int, seed: int = 0, form: str = "jpeg") -> Drawn:
    """The unfinished state of any picture, at half its size."""
    picture = _open(data)
    small = picture.resize((max(1, picture.width // 2), max(1, picture.height // 2)))
    return _drawn(sheets.sketch(small, progress, seed), form)


def draw_zoom(data: bytes, text: str | None, factor: float = 2.0, form: str = "jpeg") -> Drawn:
    """Four ways to go on round a picture."""
    picture = _half(_open(data))
    known = reframe.world(picture, _scene(text))
    return _four([reframe.zoom(picture, known, take, factor=factor) for take in range(4)], form)


def draw_pan(data: bytes, text: str | None, direction: str, form: str = "jpeg") -> Drawn:
    """Four ways to go on to the `left`, `right`, `up` or `down`."""
    picture = _half(_open(data))
    known = reframe.world(picture, _scene(text))
    return _four(
        [reframe.pan(picture, known, take, direction=direction) for take in range(4)], form
    )


def draw_square(data: bytes, text: str | None, form: str = "jpeg") -> Drawn:
    """Four ways to make a picture square."""
    picture = _half(_open(data))
    known = reframe.world(picture, _scene(text))
    return _four([reframe.square(picture, known, take) for take in range(4)], form)


def draw_inpaint(
    data: bytes, mask: bytes, prompt: str, seed: int, text: str | None = None, form: str = "png"
) -> Drawn:
    """Four ways to fill the white of a mask; the light is that of the old scene."""
    picture, white = _open(data), _open(mask)
    new = _like(scene(prompt, seed=seed), picture, text)
    half = _half(picture)
    known = reframe.world(half, _scene(text))
    return _four([retouch.inpaint(half, white, new, take, known) for take in range(4)], form)


def draw_edit(
    pictures: tuple[bytes, ...], mask: bytes | None, prompt: str, seed: int, form: str = "png"
) -> Drawn:
    """The first picture changed as the prompt says, in the mask or all over."""
    opened = [_open(data) for data in pictures]
    white = _open(mask) if mask else None
    new = _like(scene(prompt, seed=seed), opened[0], None)
    return _drawn(retouch.edit(opened, white, new, 0), form)


def draw_retexture(data: bytes, prompt: str, seed: int, form: str = "jpeg") -> Drawn:
    """Four ways to give a picture the light and style of a prompt."""
    picture, new = _half(_open(data)), scene(prompt, seed=seed)
    return _four([retouch.retexture(picture, new, take) for take in range(4)], form)


def draw_blend(
    pictures: tuple[bytes, ...], seed: int, dimensions: str = "SQUARE", form: str = "jpeg"
) -> Drawn:
    """Two to six pictures as one, in four ways."""
    opened = [_open(data) for data in pictures]
    return _drawn(blending.blend(opened, seed=seed, dimensions=dimensions), form)


def plan_blend(pictures: tuple[bytes, ...], seed: int, dimensions: str = "SQUARE") -> str:
    """A scene in the spirit of the pictures, for what follows a blend."""
    opened = [_open(data) for data in pictures]
    return blending.blend_scene(opened, seed=seed, dimensions=dimensions).to_json()


def draw_swap(source: bytes, target: bytes, form: str = "jpeg") -> Drawn:
    """The middle of one portrait on the other."""
    return _drawn(retouch.swap(_open(source), _open(target)), form)


def describe(data: bytes) -> list[str]:
    """Four prompts for a picture."""
    return reading.describe(_open(data))


def draw_clip(
    data: bytes,
    seed: int,
    motion: str = "low",
    seconds: float = 2.4,
    end: bytes | None = None,
    loop: bool = False,  # noqa: FBT001, FBT002  the pool passes arguments by place
) -> Drawn:
    """A short film of a picture."""
    picture = _open(data)
    last = _open(end) if end else None
    film, kind = clip(
        picture, seed=seed, motion=motion.lower(), seconds=seconds, end=last, loop=loop
    )
    return Drawn(film, kind, picture.width, picture.height)


def _scene(text: str | None) -> Scene | None:
    return Scene.from_json(text) if text else None


def _like(new: Scene, picture: Image.Image, text: str | None) -> Scene:
    """A scene with the light of what is there already."""
    old = _scene(text)
    steer = old.reference if old else None
    return replace(new, reference=steer or reading.reference(picture, weight=0.7))


def _half(picture: Image.Image) -> Image.Image:
    """Small enough for one of four."""
    k = min(1.0, (512 * 512 / (picture.width * picture.height)) ** 0.5)
    size = (max(2, round(picture.width * k)), max(2, round(picture.height * k)))
    return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _open(data: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > _MOST_PIXELS:
            message = "the picture is too large"
            raise ValueError(message)
        picture.load()
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        message = "not a picture that can be read"
        raise ValueError(message) from error
    return picture.convert("RGBA") if "transparency" in picture.info else picture


def _four(pictures: list[Image.Image], form: str) -> Drawn:
    return _drawn(sheets.together(pictures), form)


def _drawn(picture: Image.Image, form: str) -> Drawn:
    data = io.BytesIO()
    match form:
        case "png":
            picture.save(data, "PNG", compress_level=2)
        case "webp":
            picture.save(data, "WEBP", quality=90, method=1)
        case _:
            form = "jpeg"
            picture.save(data, "JPEG", quality=92, subsampling=0)
    return Drawn(data.getvalue(), f"image/{form}", picture.width, picture.height)
