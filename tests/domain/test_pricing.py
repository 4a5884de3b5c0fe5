"""Prices: the engine's list, and one rounding."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.action import Action, Mode
from mjgate.domain.pricing import ACTION_PRICES, MODE_FACTORS, UNIT, PriceTable

CHEAP = {
    Action.DESCRIBE, Action.UPSCALE, Action.UPSCALE_HD, Action.SWAP_FACE, Action.UPLOAD,
    Action.SHORTEN,
}  # fmt: skip

ACTIONS = st.sampled_from(Action)
MODES = st.sampled_from(Mode)
RATIOS = st.integers(0, 10_000)
JOBS = st.integers(1, 40)


@pytest.mark.parametrize("action", Action)
def test_an_action_costs_what_the_list_says(action: Action) -> None:
    expected = Fraction(1, 20) if action in CHEAP else Fraction(1, 10)
    if action is Action.VIDEO:
        expected = Fraction(8, 10)
    if action is Action.BOOKMARK:
        expected = Fraction(0)

    price = PriceTable().of(action, Mode.FAST)

    assert Fraction(price, UNIT) == expected


def test_relax_costs_half_and_turbo_twice_of_fast() -> None:
    assert dict(MODE_FACTORS) == {Mode.RELAX: 500, Mode.FAST: 1_000, Mode.TURBO: 2_000}
    assert set(ACTION_PRICES) == set(Action)


@pytest.mark.parametrize(
    ("base", "ratio", "price"),
    [(1, 499, 0), (1, 500, 1), (1, 501, 1), (3, 500, 2), (5, 500, 3), (1, 1_500, 2), (7, 0, 0)],
)
def test_half_a_unit_is_rounded_up(base: int, ratio: int, price: int) -> None:
    table = PriceTable(actions={Action.IMAGINE: base})

    assert table.of(Action.IMAGINE, Mode.FAST, ratio=ratio) == price


@given(st.integers(0, 10**9), st.integers(0, 5_000), RATIOS, JOBS)
def test_the_product_is_rounded_half_up_and_only_once(
    base: int, factor: int, ratio: int, jobs: int
) -> None:
    table = PriceTable(actions={Action.IMAGINE: base}, modes={Mode.FAST: factor})
    exact = Fraction(base * jobs) * Fraction(factor, 1_000) * Fraction(ratio, 1_000)

    price = table.of(Action.IMAGINE, Mode.FAST, ratio=ratio, jobs=jobs)

    assert price == floor(exact + Fraction(1, 2))


@given(ACTIONS, RATIOS, JOBS)
def test_a_slower_mode_is_never_dearer(action: Action, ratio: int, jobs: int) -> None:
    prices = [PriceTable().of(action, mode, ratio=ratio, jobs=jobs) for mode in MODE_FACTORS]

    assert prices == sorted(prices)


@given(ACTIONS, MODES, RATIOS, JOBS, JOBS)
def test_more_jobs_or_a_dearer_group_never_cost_less(
    action: Action, mode: Mode, ratio: int, jobs: int, more: int
) -> None:
    table = PriceTable()

    price = table.of(action, mode, ratio=ratio, jobs=jobs)

    assert table.of(action, mode, ratio=ratio, jobs=jobs + more) >= price
    assert table.of(action, mode, ratio=ratio + more, jobs=jobs) >= price
    assert abs(table.of(action, mode, ratio=ratio) * jobs - price) <= jobs
