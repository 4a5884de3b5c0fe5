"""Words in prompts: one form for all their letters, whole words only, and where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.words import plain, readable, whole
from mjgate.lifecycle.automaton import Automaton, Hit
from mjgate.store.words import Word

SCUNTHORPE = [
    "Scunthorpe", "Penistone", "Cockburn", "Clitheroe", "Lightwater", "Arsenal", "a grass skirt",
    "the bass player", "class assignment", "an assassin", "gr**ass**", "Essex and Sussex",
    "cockpit",
    "an analyst", "analog clock", "Dickens", "a titmouse", "shiitake", "peacock", "cucumber",
    "a therapist", "document", "circumstances", "button", "embarrass", "Massachusetts", "weapon",
]  # fmt: skip
RUDE = [
    "ass",
    "cunt",
    "penis",
    "cock",
    "clit",
    "tits",
    "sex",
    "anal",
    "dick",
    "shit",
    "cum",
    "rapist",
    "butt",
    "arse",
    "twat",
]


def automaton(*words: str) -> Automaton:
    return Automaton([Word(n, word, plain(word), 0) for n, word in enumerate(words)])


@pytest.mark.parametrize("prompt", SCUNTHORPE)
def test_a_word_within_a_word_is_none(prompt: str) -> None:
    assert automaton(*RUDE).first(prompt) is None


@pytest.mark.parametrize(
    ("word", "prompt", "offset"),
    [
        ("blood", "blood", 0),
        ("blood", "a BLOOD moon", 2),
        ("Blood", "red,blood!", 4),
        ("blood", "blood's", 0),
        ("blood", "dark_blood_moon", 5),
        ("blood", "\U0001f98a\U0001f98a blood", 3),
        ("blood", "\uff42\uff4c\uff4f\uff4f\uff44", 0),
        ("blood", "bl\u200bo\u00adod", 0),
        ("blood", "**blood** bath", 2),
        ("stra\u00dfe", "die STRASSE", 4),
        ("red blood", "red \n\t BLOOD", 0),
        ("血", "一滴血液", 2),
        ("血液", "一滴血液。", 2),
        ("血", "a血b", 1),
        ("ass", "猫ass猫", 1),
        ("ちち", "うちちう", 1),
        ("피", "커피", 1),
        ("blood", "a fox --no blood", 11),
        ("c++", "use c++ now", 4),
        ("18+", "only 18+", 5),
    ],
)
def test_a_word_is_found_where_it_stands_in_the_prompt_as_sent(
    word: str, prompt: str, offset: int
) -> None:
    assert automaton(word).first(prompt) == Hit(word, offset)


@pytest.mark.parametrize(
    ("word", "prompt"),
    [
        ("no", "a fox --no blue"),
        ("no", "a fox \u2014no blue"),
        ("blood", "https://pictures.example/blood.png a fox"),
        ("blood", "a fox HTTP://blood.example"),
        ("blood", "bloody"),
        ("blood", "lifeblood"),
        ("blood", "blood1"),
        ("red blood", "red, blood"),
        ("血液", "血 液"),
    ],
)
def test_addresses_and_names_of_flags_and_longer_words_pass(word: str, prompt: str) -> None:
    assert automaton(word).first(prompt) is None


def test_of_several_the_first_is_told_and_of_those_the_longest() -> None:
    assert automaton("moon", "blood", "blood moon").first("a blood moon") == Hit("blood moon", 2)
    assert automaton().first("a blood moon") is None


@pytest.mark.parametrize("word", ["", "  ", "!?", "x" * 101, "https://a.example", "--no", "\u200b"])
def test_what_cannot_be_a_word_is_none(word: str) -> None:
    assert plain(word) == ""


@given(st.text(max_size=60))
def test_every_character_of_the_one_form_has_its_place_in_the_original(prompt: str) -> None:
    text, places = readable(prompt)

    assert len(text) == len(places)
    assert list(places) == sorted(places)
    assert all(0 <= place < len(prompt) for place in places)


WORDS = st.text(st.sampled_from("abcXYZ猫血 "), min_size=1, max_size=6).filter(
    lambda w: bool(plain(w))
)


@given(WORDS, st.text(st.sampled_from("abc XYZ猫血,-*\u200b"), max_size=20), st.text(max_size=5))
def test_a_word_between_blanks_is_always_found_and_none_is_made_up(
    word: str, before: str, after: str
) -> None:
    prompt = f"{before} {word} {after}"

    hit = automaton(word).first(prompt)

    assert hit is not None
    assert hit.offset <= len(before) + 1 + len(word)
    text, places = readable(prompt)
    start = places.index(hit.offset)
    assert text.startswith(plain(word), start)
    assert whole(text, start, start + len(plain(word)))
