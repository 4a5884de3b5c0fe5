"""What follows a grid keeps what it should keep of the picture before."""

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mjgate.sandbox.draw import (
    clip,
    cut_of,
    describe,
    enlarge,
    inpaint,
    jobs,
    pan,
    retexture,
    scene,
    square,
    swap,
    tile,
    upscale,
    world,
    zoom,
)
from mjgate.sandbox.draw.canvas import Paint, to_paint
from mjgate.sandbox.draw.scene import Look

SIZE = (120, 120)
WORDS = "a lake in the mountains at sunset"


def picture(prompt: str = WORDS) -> Image.Image:
    return drawn(prompt).copy()


@cache
def drawn(prompt: str) -> Image.Image:
    return tile(scene(prompt, seed=5), 0, size=SIZE)


@cache
def known() -> Look | None:
    """What is round the picture, from the scene it was drawn of."""
    return world(picture(), scene(WORDS, seed=5))


def encoded(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def alike(one: Paint, other: Paint) -> float:
    a, b = one - one.mean(), other - other.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


@pytest.mark.parametrize("words", [WORDS, "a cat, oil painting", "neon city", "qwerty", "saturn"])
def test_an_upscale_is_its_tile_with_more_detail(words: str) -> None:
    made = scene(words, seed=5)
    wide, high = made.brief.flags.tile
    small = tile(made, 2, size=(wide // 2, high // 2))

    large = upscale(made, 2, factor=0.75)

    back = large.resize(small.size, Image.Resampling.BOX)
    assert large.width == wide * 0.75
    assert alike(to_paint(small), to_paint(back)) > 0.85


def test_a_creative_upscale_changes_more_than_a_subtle_one() -> None:
    made = scene(WORDS, seed=5)

    subtle, creative = (
        to_paint(upscale(made, 1, factor=0.5, variant=name)) for name in ("subtle", "creative")
    )

    assert (subtle != creative).any()
    assert alike(subtle, creative) > 0.9


def test_one_of_four_is_cut_from_a_grid() -> None:
    sheet = Image.new("RGB", (80, 60), "red")
    sheet.paste(Image.new("RGB", (40, 30), "blue"), (0, 30))

    part = cut_of(sheet, 2)

    assert part.size == (40, 30)
    assert part.getpixel((20, 15)) == (0, 0, 255)


def test_an_enlargement_is_the_picture_it_came_from() -> None:
    small = picture()

    large = enlarge(small, factor=2)

    assert large.size == (240, 240)
    assert alike(to_paint(small), to_paint(large.resize(SIZE, Image.Resampling.BOX))) > 0.98


@pytest.mark.parametrize("told", [True, False])
def test_zooming_out_keeps_the_picture_in_the_middle(told: bool) -> None:  # noqa: FBT001  a parameter
    old = picture()
    look = known() if told else None

    new = zoom(old, look, 1, factor=2.0)

    inner = new.crop((30, 30, 90, 90))
    want = old.resize((60, 60), Image.Resampling.LANCZOS)
    assert new.size == old.size
    assert np.array_equal(np.asarray(inner), np.asarray(want))


@pytest.mark.parametrize(
    ("direction", "size", "at"),
    [
        ("left", (180, 120), (60, 0)),
        ("right", (180, 120), (0, 0)),
        ("up", (120, 180), (0, 60)),
        ("down", (120, 180), (0, 0)),
    ],
)
def test_panning_keeps_every_pixel(
    direction: str, size: tuple[int, int], at: tuple[int, int]
) -> None:
    old = picture()

    new = pan(old, known(), 0, direction=direction)

    kept = new.crop((at[0], at[1], at[0] + 120, at[1] + 120))
    assert new.size == size
    assert np.array_equal(np.asarray(kept), np.asarray(old))


def test_what_is_round_a_picture_goes_on_without_a_seam() -> None:
    old = picture()

    new = pan(old, known(), 2, direction="right")

    pixels = to_paint(new)
    jump = np.abs(pixels[:, 120] - pixels[:, 119]).mean()
    usual = np.abs(np.diff(pixels[:, 60:119], axis=1)).mean()
    assert jump < usual * 2 + 0.03


def test_a_square_holds_the_whole_picture() -> None:
    wide = picture().crop((0, 20, 120, 100))

    new = square(wide, None, 0)

    assert new.size == (120, 120)
    assert np.array_equal(np.asarray(new.crop((0, 20, 120, 100))), np.asarray(wide))


def test_a_picture_of_something_else_is_not_taken_for_the_scene() -> None:
    stranger = Image.effect_noise(SIZE, 90).convert("RGB")

    assert world(stranger, scene(WORDS, seed=5)) is None


def test_painting_inside_a_mask_changes_nothing_outside() -> None:
    old = picture()
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).ellipse((40, 50, 90, 100), fill=255)

    new = inpaint(old, mask, scene("a red boat on the sea at noon", seed=3), 0)

    outside = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(new)[outside], np.asarray(old)[outside])
    assert (np.asarray(new)[~outside] != np.asarray(old)[~outside]).mean() > 0.3


def test_a_new_subject_comes_into_the_land_of_the_picture() -> None:
    made = scene("a cat on a hill at noon", seed=5)
    old = tile(made, 0, size=SIZE)
    everything = Image.new("L", SIZE, 255)

    new = inpaint(old, everything, scene("a brown dog", seed=3), 0, world(old, made))

    sky = to_paint(old)[:25] - to_paint(new)[:25]
    assert np.abs(sky).mean() < 0.02
    assert np.abs(to_paint(old) - to_paint(new)).max() > 0.3


def test_an_empty_mask_changes_nothing() -> None:
    old = picture()

    new = inpaint(old, Image.new("L", SIZE, 0), scene("a cat", seed=3), 0)

    assert np.array_equal(np.asarray(new), np.asarray(old))


def test_where_a_picture_is_clear_it_is_edited() -> None:
    old = picture().convert("RGBA")
    hole = Image.new("L", SIZE, 255)
    ImageDraw.Draw(hole).rectangle((30, 30, 80, 80), fill=0)
    old.putalpha(hole)

    new = opened(jobs.draw_edit((encoded(old),), None, "a green forest", 2).data)

    kept = np.asarray(hole) == 255
    assert np.array_equal(np.asarray(new)[kept], np.asarray(old.convert("RGB"))[kept])


def test_a_new_texture_keeps_the_forms() -> None:
    old = picture()

    new = retexture(old, scene("oil painting, blue night", seed=1), 0)

    assert new.size == old.size
    assert 0.3 < alike(to_paint(old), to_paint(new)) < 0.999


def test_a_swap_shows_both_pictures() -> None:
    source, target = Image.new("RGB", (90, 90), "red"), Image.new("RGB", (120, 100), "blue")

    new = swap(source, target)

    corner, middle = new.getpixel((2, 2)), new.getpixel((60, 40))
    assert isinstance(corner, tuple)
    assert isinstance(middle, tuple)
    assert corner == (0, 0, 255)
    assert middle[0] > corner[0]


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3)])
def test_a_swap_of_hardly_a_picture_is_one_too(size: tuple[int, int]) -> None:
    pixel, face = Image.new("RGB", size, "red"), Image.new("RGB", (90, 90), "blue")

    assert swap(pixel, pixel).size == swap(face, pixel).size == size
    assert swap(pixel, face).size == face.size


@pytest.mark.parametrize("name", ["red", "green", "blue", "yellow", "black", "white"])
def test_a_description_names_the_dominant_colour(name: str) -> None:
    prompts = describe(Image.new("RGB", (60, 40), name))

    assert len(set(prompts)) == 4
    assert all(name in prompt or prompt.startswith("water") for prompt in prompts)


@pytest.mark.parametrize(
    ("size", "ratio"), [((90, 60), "3:2"), ((60, 60), "1:1"), ((90, 160), "9:16")]
)
def test_a_description_keeps_the_aspect(size: tuple[int, int], ratio: str) -> None:
    assert all(prompt.endswith(f"--ar {ratio}") for prompt in describe(Image.new("RGB", size)))


def test_dark_and_bright_pictures_are_described_differently() -> None:
    dark, bright = (describe(picture(f"hills at {hour}"))[0] for hour in ("night", "noon"))

    assert "night" in dark
    assert "night" not in bright


def test_a_blend_looks_at_all_its_inputs() -> None:
    a, b, c = (encoded(picture(words)) for words in ("red desert", "blue sea", "green forest"))

    ab, ac = (opened(jobs.draw_blend(pair, 4).data) for pair in ((a, b), (a, c)))

    assert ab.size == (1024, 1024)
    for take in range(4):
        one, other = to_paint(cut_of(ab, take)), to_paint(cut_of(ac, take))
        assert np.abs(one - other).mean() > 0.01


@pytest.mark.parametrize(
    ("dimensions", "wider"), [("PORTRAIT", False), ("LANDSCAPE", True), ("SQUARE", None)]
)
def test_a_blend_has_its_dimensions(dimensions: str, wider: bool | None) -> None:  # noqa: FBT001  a parameter
    inputs = encoded(picture()), encoded(picture("sea"))

    made = jobs.draw_blend(inputs, 4, dimensions)

    assert (None if made.width == made.height else made.width > made.height) is wider
    assert jobs.plan_blend(inputs, 4, dimensions)


def test_a_clip_is_a_film_that_moves() -> None:
    film, kind = clip(picture(), seed=3, motion="high", seconds=0.5)

    assert kind == "video/mp4"
    assert film[4:12] == b"ftypisom"
    assert film.count(b"vide") == 1
    assert b"av01" in film


def test_a_clip_is_the_same_every_time() -> None:
    made = [jobs.draw_clip(encoded(picture()), 3, "low", 0.4).data for _ in range(2)]

    assert made[0] == made[1]


def test_more_motion_makes_another_clip() -> None:
    low, high = (jobs.draw_clip(encoded(picture()), 3, name, 0.4).data for name in ("low", "high"))

    assert low != high


def test_a_clip_ends_on_its_end_picture() -> None:
    start, end = encoded(picture()), encoded(Image.new("RGB", SIZE, "red"))

    with_end = jobs.draw_clip(start, 3, "low", 0.4, end).data

    assert with_end != jobs.draw_clip(start, 3, "low", 0.4).data


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"not a picture"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="picture"):
        jobs.describe(data)


def test_a_follow_up_of_an_odd_picture_is_drawn() -> None:
    thin = encoded(Image.new("RGBA", (300, 3), (10, 200, 30, 90)))

    made = jobs.draw_zoom(thin, None)

    assert (made.width, made.height) == (600, 6)


def test_every_wrapper_answers_with_its_size() -> None:
    data = encoded(picture())

    made = (
        jobs.cut_take(data, 1),
        jobs.sketched(data, 30),
        jobs.draw_pan(data, None, "left"),
        jobs.draw_square(data, None),
        jobs.draw_inpaint(data, encoded(Image.new("L", (10, 10), 255)), "a cat", 1),
        jobs.draw_retexture(data, "noir", 1),
        jobs.draw_swap(data, data),
        jobs.draw_take(jobs.plan("a fox", 2, (data,)), 0, 0.3),
    )

    assert all(opened(one.data).size == (one.width, one.height) for one in made)
