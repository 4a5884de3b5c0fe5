"""How often a task is looked at upstream."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.action import Mode
from mjgate.domain.clock import HOUR, MINUTE, SECOND
from mjgate.domain.pace import CLOSE, LEAST, MOST, pause, waited

AGES = st.integers(0, 4 * HOUR)
USUAL = st.none() | st.integers(1, 4 * HOUR)
MODES = st.sampled_from(Mode)
QUICK = st.sampled_from([Mode.FAST, Mode.TURBO])


def looks(until: int, usual: int | None, mode: Mode) -> Iterator[int]:
    """The ages at which a task is looked at, up to the first look that finds it finished."""
    age = LEAST
    yield age
    while age < until:
        age += pause(age, usual, mode)
        yield age


@given(AGES, USUAL, MODES)
def test_a_look_is_never_later_than_the_mode_allows(
    age: int, usual: int | None, mode: Mode
) -> None:
    rest = pause(age, usual, mode)

    assert LEAST <= rest <= MOST[mode]
    assert MOST == {Mode.FAST: 10 * SECOND, Mode.TURBO: 10 * SECOND, Mode.RELAX: 30 * SECOND}


@given(st.integers(1, HOUR), QUICK, st.data())
def test_what_ends_about_when_it_usually_does_is_seen_within_three_seconds(
    usual: int, mode: Mode, data: st.DataObject
) -> None:
    end = data.draw(st.integers(usual * 3 // 5, usual * 2))

    seen = list(looks(max(end, LEAST), usual, mode))[-1]

    assert seen - max(end, LEAST) <= CLOSE[mode] < 3 * SECOND


@given(st.integers(1, MINUTE), MODES, st.data())
def test_a_task_that_takes_a_minute_needs_few_looks(
    usual: int, mode: Mode, data: st.DataObject
) -> None:
    end = data.draw(st.integers(0, usual * 3 // 2))

    assert len(list(looks(end, usual, mode))) <= 30


@given(AGES, AGES)
def test_of_an_unknown_kind_an_older_task_is_not_looked_at_more_often(one: int, two: int) -> None:
    younger, older = sorted((one, two))

    assert pause(younger, None, Mode.FAST) <= pause(older, None, Mode.FAST)


@pytest.mark.parametrize(
    ("age", "usual", "mode", "rest"),
    [
        (1_000, None, Mode.FAST, 1_000),
        (60_000, None, Mode.FAST, 6_000),
        (1_000, 60_000, Mode.FAST, 10_000),
        (31_000, 60_000, Mode.FAST, 5_000),
        (36_000, 60_000, Mode.FAST, 2_500),
        (120_000, 60_000, Mode.FAST, 2_500),
        (160_000, 60_000, Mode.FAST, 6_500),
        (900_000, 60_000, Mode.FAST, 10_000),
        (1_000, 60_000, Mode.RELAX, 30_000),
        (36_000, 60_000, Mode.RELAX, 3_000),
        (400_000, 600_000, Mode.RELAX, 10_000),
        (5_000, 8_000, Mode.TURBO, 1_000),
    ],
)
def test_the_pause_follows_from_age_and_what_is_usual(
    age: int, usual: int | None, mode: Mode, rest: int
) -> None:
    assert pause(age, usual, mode) == rest


@given(st.integers(0, 30 * SECOND))
def test_a_waiting_client_halves_the_pause_but_not_below_two_seconds(rest: int) -> None:
    shorter = waited(rest)

    assert shorter <= rest
    assert shorter == rest // 2 or shorter == min(rest, 2 * SECOND)
