"""The sandbox's pictures follow their words."""

import io
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mjgate.sandbox.draw import Scene, grid, reference, scene, tile, vary
from mjgate.sandbox.draw.canvas import Paint, to_paint
from mjgate.sandbox.draw.jobs import draw_grid, plan, replan, reroll
from mjgate.sandbox.draw.reading import nearest
from mjgate.sandbox.draw.sheets import sketch

SMALL = (64, 64)


@cache
def painted(prompt: str, take: int = 0, seed: int = 5) -> Paint:
    paint = to_paint(tile(scene(prompt, seed=seed), take, size=SMALL))
    paint.setflags(write=False)  # many tests look at it
    return paint


def difference(one: Paint, other: Paint) -> float:
    return float(np.abs(one - other).mean())


def test_the_same_prompt_and_seed_give_the_same_bytes() -> None:
    text = plan("a lighthouse in the storm", 7)

    first, second = draw_grid(text, 40), draw_grid(text, 40)

    assert first.data == second.data


def test_another_seed_gives_another_picture() -> None:
    one, other = painted("a lighthouse", seed=1), painted("a lighthouse", seed=2)

    assert difference(one, other) > 0.03


def test_a_seed_in_the_prompt_wins() -> None:
    one, other = painted("mountains --seed 9", seed=1), painted("mountains --seed 9", seed=2)

    assert (one == other).all()


def test_a_scene_survives_being_written_down() -> None:
    photo = Image.new("RGB", (40, 30), (200, 80, 40))
    made = vary(scene("the sea", seed=3, reference=reference(photo)), 2, strength="strong", seed=8)

    read = Scene.from_json(made.to_json())

    assert read == made


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        ("1:1", (1024, 1024)),
        ("16:9", (1376, 774)),
        ("2:3", (836, 1254)),
        ("4:1", (2048, 512)),
        ("nonsense", (1024, 1024)),
        ("0:5", (1024, 1024)),
    ],
)
def test_the_grid_has_the_ratio_that_was_asked_for(ratio: str, size: tuple[int, int]) -> None:
    flags = scene(f"hills --ar {ratio}", seed=1).brief.flags

    wide, high = flags.tile

    assert (wide * 2, high * 2) == size


def test_a_grid_is_as_large_as_its_four_tiles() -> None:
    made = scene("qwerty --ar 3:2", seed=1)

    picture = grid(made)

    assert picture.size == (2 * made.brief.flags.tile[0], 2 * made.brief.flags.tile[1])


def test_progress_goes_from_blur_to_sharp() -> None:
    picture = tile(scene("a castle in the mountains", seed=4), 0, size=(256, 256))

    steps = [np.asarray(sketch(picture, p, 4).convert("L"), float) for p in (5, 50, 99)]

    sharpness = [float(np.abs(np.diff(step)).mean()) for step in steps]
    assert sharpness == sorted(sharpness)
    assert sharpness[-1] > 2 * sharpness[0]


def test_four_takes_differ() -> None:
    takes = [painted("a boat on a lake", take) for take in range(4)]

    assert min(difference(a, b) for a, b in combinations(takes, 2)) > 0.04


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mountains", "the sea"),
        ("a cat", "a dog"),
        ("city at noon", "city at sunset"),
        ("forest", "forest in fog"),
        ("lake, watercolor", "lake, pixel art"),
        ("猫", "山"),
        ("desert --v 2", "desert --v 7"),
        ("desert --niji 6", "desert --v 6"),
        ("desert --stylize 0", "desert --stylize 1000"),
    ],
)
def test_other_words_give_another_picture(one: str, other: str) -> None:
    assert difference(painted(one), painted(other)) > 0.01


@pytest.mark.parametrize(
    ("english", "other"), [("cat", "猫"), ("mountains", "山"), ("sea", "海"), ("night", "夜")]
)
def test_chinese_and_japanese_words_mean_the_same(english: str, other: str) -> None:
    one, two = scene(english, seed=1).brief, scene(other, seed=1).brief

    assert (one.places, one.things, one.hour) == (two.places, two.things, two.hour)


@pytest.mark.parametrize("name", ["red", "green", "blue", "purple", "orange"])
def test_a_colour_word_shows_in_the_mean_colour(name: str) -> None:
    takes = [painted(f"{name} mountains", take) for take in range(2)]
    plain = [painted("mountains", take) for take in range(2)]
    rank = {"red": (0, 1), "green": (1, 0), "blue": (2, 0), "purple": (2, 1), "orange": (0, 2)}
    strong, weak = rank[name]

    mean, usual = np.mean(takes, axis=(0, 1, 2)), np.mean(plain, axis=(0, 1, 2))

    assert mean[strong] - mean[weak] > usual[strong] - usual[weak] + 0.04


@pytest.mark.parametrize("place", ["mountains", "the sea", "a city", "a forest", "fields"])
def test_night_is_darker_than_noon(place: str) -> None:
    night, noon = painted(f"{place} at night"), painted(f"{place} at noon")

    assert night.mean() < noon.mean() * 0.7


def test_a_thing_has_the_colour_in_front_of_it() -> None:
    red, blue = painted("a red car in the snow at noon"), painted("a blue car in the snow at noon")

    reds = [int((one[..., 0] > 1.9 * one[..., 1:].max(-1)).sum()) for one in (red, blue)]

    assert reds[0] > 20 > reds[1]


def test_no_takes_a_thing_away() -> None:
    with_moon, without = (
        scene("sea, moon, boat", seed=1),
        scene("sea, moon, boat --no boat", seed=1),
    )

    names = {thing.name for thing in with_moon.brief.things}

    assert names - {thing.name for thing in without.brief.things} == {"boat"}


def test_without_a_known_word_there_is_still_a_picture() -> None:
    picture = painted("zxcv qwpo")

    assert picture.std() > 0.05


def test_a_reference_picture_steers_the_colours() -> None:
    green = reference(Image.new("RGB", (32, 32), (40, 160, 60)))
    made = scene("the sea at sunset", seed=2, reference=green)

    steered = to_paint(tile(made, 0, size=SMALL)).mean((0, 1))

    plain = painted("the sea at sunset", seed=2).mean((0, 1))
    assert steered[1] - steered[0] > plain[1] - plain[0] + 0.05


def test_chaos_sets_the_takes_further_apart() -> None:
    def spread(prompt: str) -> float:
        takes = [painted(prompt, take, seed=8) for take in range(4)]
        return sum(difference(a, b) for a, b in combinations(takes, 2))

    assert spread("zxcv qwpo --chaos 100") > spread("zxcv qwpo") * 1.05


@pytest.mark.parametrize("strength", ["subtle", "normal", "strong"])
def test_a_variation_keeps_the_idea_and_changes_the_details(strength: str) -> None:
    text = plan("a windmill in the fields", 6)
    old = to_paint(tile(Scene.from_json(text), 1, size=SMALL))

    varied = Scene.from_json(replan(text, 1, strength, 77))

    news = [to_paint(tile(varied, take, size=SMALL)) for take in range(4)]
    strangers = [painted("a city in space", take) for take in range(4)]
    assert all(difference(old, new) > 0.002 for new in news)
    assert np.mean([difference(old, new) for new in news]) < np.mean(
        [difference(old, other) for other in strangers]
    )


def test_a_strong_variation_goes_further_than_a_subtle_one() -> None:
    text = plan("a lake in the mountains", 6)
    old = to_paint(tile(Scene.from_json(text), 0, size=SMALL))

    def far(strength: str) -> float:
        made = Scene.from_json(replan(text, 0, strength, 5))
        return sum(difference(old, to_paint(tile(made, k, size=SMALL))) for k in range(4))

    assert far("subtle") < far("strong")


def test_a_variation_of_a_variation_is_another_scene() -> None:
    once = replan(plan("a fox", 6), 0, "subtle", 1)

    twice = replan(once, 3, "subtle", 1)

    assert twice != once
    assert Scene.from_json(twice).brief == Scene.from_json(once).brief


def test_an_unknown_strength_is_refused() -> None:
    with pytest.raises(ValueError, match="subtle"):
        vary(scene("a fox", seed=1), 0, strength="wild", seed=1)


def test_a_reroll_keeps_the_words() -> None:
    again = Scene.from_json(reroll(plan("a fox", 6), 7))

    assert (again.prompt, again.seed) == ("a fox", 7)


def test_a_grid_is_a_file_of_its_form() -> None:
    text = plan("a fox", 6)

    pictures = [Image.open(io.BytesIO(draw_grid(text, 50, form).data)) for form in ("png", "webp")]

    assert [picture.format for picture in pictures] == ["PNG", "WEBP"]


def test_colours_are_called_by_their_names() -> None:
    assert nearest((0.8, 0.15, 0.15)) == "red"
    assert nearest((0.05, 0.05, 0.05)) == "black"
    assert nearest((0.15, 0.35, 0.8)) == "blue"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.integers(0, 2**32))
def test_no_prompt_stops_the_painter(prompt: str, seed: int) -> None:
    made = scene(prompt, seed=seed)

    picture = tile(made, seed % 4, size=(24, 24))

    assert picture.size == (24, 24)


@pytest.mark.parametrize(
    "prompt",
    ["", "   ", "🦊🌊", "\x00\x1b[31m", "a" * 8000, "cat 山 --no " * 900, "--ar --v --niji --no"],
)
def test_odd_prompts_are_drawn_too(prompt: str) -> None:
    assert tile(scene(prompt, seed=1), 0, size=(32, 32)).size == (32, 32)


STYLES = [
    "watercolor",
    "ink",
    "oil painting",
    "pixel art",
    "vaporwave",
    "poster",
    "pencil",
    "stained glass",
    "low poly",
    "noir",
    "ukiyo-e",
    "anime",
]
PLACES = [
    "mountains",
    "fuji",
    "lake",
    "sea",
    "desert",
    "forest",
    "city",
    "hills",
    "lavender field",
    "canyon",
    "island",
    "river",
    "waterfall",
    "nebula",
    "mars",
    "underwater",
    "still life",
    "abstract",
]
WEATHER = "fog, rain, snow, storm, clouds, aurora, stars, rainbow, sunbeams, petals, fireworks"


@pytest.mark.parametrize("style", STYLES)
def test_every_style_looks_different_from_none(style: str) -> None:
    assert difference(painted(f"{style} house by a lake"), painted("house by a lake")) > 0.02


@pytest.mark.parametrize("place", PLACES)
def test_every_place_has_something_to_see(place: str) -> None:
    picture = painted(f"{place} in the morning")

    assert picture.std() > 0.03


@pytest.mark.parametrize("weather", WEATHER.split(", "))
def test_every_weather_shows(weather: str) -> None:
    assert difference(painted(f"mountains, {weather}, dusk"), painted("mountains, dusk")) > 0.004
