"""Prompts: cleaning, flags in every form that keyboards make of them, and counting jobs."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mjgate.domain.action import Mode
from mjgate.domain.errors import MultipleJobs
from mjgate.domain.prompt import MOST_JOBS, clean, jobs, mode_flag, wants_video, without_mode_flags

DASHES = [
    "--", "---", "\u2014", "\u2013", "\u2012", "\u2015", "\u2212", "\u2014\u2014", "\u2013\u2013",
    "\u2010\u2010", "\u2011\u2011", "-\u2011", "\uff0d\uff0d", "\ufe63\ufe63", "\ufe58", "\u2e3a",
    "\u2014-", "-\u2014", "\u2013-", "\u2014\u2014\u2014",
]  # fmt: skip
PROMPTS = st.lists(
    st.sampled_from(
        ["a", "fox", "--", "-", "\u2014", "fast", "relax", "turbo", "repeat", "r", "video", "4",
         " ", "  ", "\n", "\u3000", "{", "}", ",", "\\", "猫", "2", ".", "--fast", "--repeat 2"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("dash", DASHES, ids=ascii)
@pytest.mark.parametrize("word", ["fast", "Relax", "TURBO"])
def test_a_mode_flag_is_read_and_leaves_in_every_dash_form(dash: str, word: str) -> None:
    prompt = f"a red {dash}{word} fox --ar 3:2"

    assert mode_flag(prompt) is Mode(word.upper())
    assert without_mode_flags(prompt) == "a red fox --ar 3:2"


@pytest.mark.parametrize(
    "prompt",
    [
        "--fast", "a --fast", "--fast a", "a\n--fast\nb", "a\u3000--fast\u3000b", "猫 --fast",
        "a --FaSt", "a\t--fast",
    ],
)  # fmt: skip
def test_a_mode_flag_stands_anywhere_between_blanks(prompt: str) -> None:
    assert mode_flag(prompt) is Mode.FAST
    assert mode_flag(without_mode_flags(prompt)) is None
    assert "fast" not in without_mode_flags(prompt).lower()


@pytest.mark.parametrize(
    "prompt",
    [
        "a fast fox", "a -fast fox", "a --faster fox", "a --fastball", "x--fast", "a --fast-food",
        "a --turbofan", "a --relaxed", "a -- fast", "https://a.example/x--fast.png", "a --fast猫",
        "a slow\u2014fast fox", "a --fast_1",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_mode_flag_stays(prompt: str) -> None:
    assert mode_flag(prompt) is None
    assert without_mode_flags(prompt) == prompt


def test_the_last_mode_flag_wins() -> None:
    assert mode_flag("a --turbo fox --relax") is Mode.RELAX
    assert mode_flag("--relax --fast --turbo") is Mode.TURBO


def test_a_prompt_without_mode_flags_travels_byte_for_byte() -> None:
    prompt = "  two  blanks,\t a tab  --ar 3:2 "

    assert without_mode_flags(prompt) == prompt


@given(PROMPTS)
def test_no_mode_flag_is_left_and_nothing_else_goes(prompt: str) -> None:
    rest = without_mode_flags(prompt)

    assert mode_flag(rest) is None
    assert without_mode_flags(rest) == rest
    words = [word for word in prompt.split() if mode_flag(word) is None]
    assert rest.split() == words


@given(PROMPTS)
def test_the_jobs_that_are_counted_are_the_jobs_that_are_sent(prompt: str) -> None:
    try:
        counted = jobs(prompt)
    except MultipleJobs:
        return

    assert jobs(without_mode_flags(prompt)) == counted
    assert 1 <= counted <= MOST_JOBS


@pytest.mark.parametrize(
    ("prompt", "count"),
    [
        ("a fox", 1),
        ("", 1),
        ("a fox --repeat 4", 4),
        ("a fox --r 3", 3),
        ("a fox --REPEAT 04", 4),
        ("a fox \u2014repeat 4", 4),
        ("a fox --r\n2 --ar 3:2", 2),
        ("a fox --repeat 40", 40),
        ("a {red, green} fox", 2),
        ("a {red,green,blue} {fox,cat}", 6),
        ("a {red,} fox", 2),
        ("a {red} fox", 1),
        ("a {} fox", 1),
        (r"a {red\, and green,blue} fox", 2),
        (r"a \{red,green\} fox", 1),
        ("a {red,green} fox --repeat 3", 6),
        ("a fox --ar {3:2,2:3}", 2),
        ("a fox --repeated 4", 1),
        ("a fox --rr 4", 1),
        ("x--repeat 4", 1),
        ("a {fast,slow} fox --turbo", 2),
    ],
)
def test_the_jobs_of_a_prompt_are_counted(prompt: str, count: int) -> None:
    assert jobs(prompt) == count


@pytest.mark.parametrize(
    "prompt",
    [
        "a fox --repeat", "a fox --repeat x", "a fox --repeat 0", "a fox --repeat 00",
        "a fox --repeat -4", "a fox --repeat 4.5", "a fox --repeat \uff14", "a fox --repeat 4x",
        "a fox --r=4", "a fox --repeat4", "a fox --repeat:4",
        "a fox --repeat 2 --repeat 2", "a fox --r 2 --repeat 3", "a fox --repeat --fast 4",
        "a fox --repeat {2,3}", "a fox --repeat 2{,0}", "a fox --{repeat,x} 4",
        "{a,{b,c}}", "{a,b", "a,b}", "}{", "{a,b}}", r"\\{a,b\\}", r"{a\},b}",
        "--{fast,turbo} fox", "a {--turbo,--fast} fox", "a --tur{bo,} fox", "a {\u2014turbo,x} fox",
        "a --{video,x} fox", "a --vid{eo,} fox",
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(prompt: str) -> None:
    with pytest.raises(MultipleJobs) as refused:
        jobs(prompt)

    assert (refused.value.code, refused.value.reason) == (4, "multiple_jobs")


@pytest.mark.parametrize(
    "prompt", ["a --repeat 41", "{a,b}" * 30, "{" + "a," * 40 + "a}", "a --r 99"]
)
def test_more_jobs_than_anybody_takes_are_refused(prompt: str) -> None:
    with pytest.raises(MultipleJobs):
        jobs(prompt)


@given(st.lists(st.integers(1, 4), max_size=3), st.integers(1, 9))
def test_jobs_multiply(groups: list[int], repeat: int) -> None:
    product = repeat
    for options in groups:
        product *= options
    assume(product <= MOST_JOBS)
    braces = " ".join("{" + ",".join("x" * options) + "}" for options in groups)

    assert jobs(f"a fox {braces} --repeat {repeat}") == product


@pytest.mark.parametrize("prompt", ["a --video", "a --VIDEO 1", "\u2014video a", "--video"])
def test_a_video_flag_makes_a_video(prompt: str) -> None:
    assert wants_video(prompt)


@pytest.mark.parametrize("prompt", ["a video", "a --videos", "a -video", "x--video", "a --video-x"])
def test_what_only_looks_like_a_video_flag_makes_none(prompt: str) -> None:
    assert not wants_video(prompt)


@given(st.text())
def test_a_clean_text_has_no_control_characters_and_loses_nothing_else(text: str) -> None:
    cleaned = clean(text)

    kept = [sign for sign in text if unicodedata.category(sign) != "Cc" or sign in "\t\n\r"]
    assert cleaned == "".join(kept)
    assert clean(cleaned) == cleaned
    cleaned.encode()


def test_lone_surrogates_go_so_that_the_text_can_be_written() -> None:
    assert clean("a\ud800b\x00c\x1bd\x85e\n\t") == "abcde\n\t"
