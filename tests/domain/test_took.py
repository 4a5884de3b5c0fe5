"""Medians of what was counted in buckets."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.took import at, bucket


@given(st.lists(st.integers(50, 10**8), min_size=1), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_share_is_told_within_two_per_cent(times: list[int], share: float) -> None:
    exact = sorted(times)[max(-int(-len(times) * share // 1) - 1, 0)]

    told = at(Counter(map(bucket, times)), share)

    assert told is not None
    assert abs(told - exact) <= exact * 0.0201 + 1


def test_nothing_took_no_time_and_what_took_none_is_counted() -> None:
    assert at({}, 0.5) is None
    assert at({bucket(0): 3}, 0.5) == 1
    assert all(one <= two for one, two in pairwise(bucket(number) for number in range(1, 99)))
