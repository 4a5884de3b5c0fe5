"""The choice among channels."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.action import Action, Mode
from mjgate.domain.channel import (
    Channel,
    ChannelStatus,
    Choice,
    Load,
    Manner,
    Need,
    Strategy,
    choose,
    eta,
)

NOW = 1_763_712_000_000
NEED = Need(action=Action.IMAGINE, mode=Mode.FAST, group="default")


def channel(channel_id: int, running: int = 0, most: int = 3, **different: Any) -> Channel:  # noqa: ANN401  any of its fields
    plain: dict[str, Any] = {
        "id": channel_id,
        "instance_id": f"instance-{channel_id}",
        "name": f"channel {channel_id}",
        "provider": "mjproxy",
        "base_url": "https://a.example",
        "loads": {Mode.FAST: Load(running, most)},
    }
    return Channel(**{**plain, **different})


def choice_of(*channels: Channel, need: Need = NEED, manner: Manner | None = None) -> Choice:
    """The choice where the loads are as the channels have them."""
    return choose(need, channels, {each.id: each.loads for each in channels}, NOW, manner)


def chosen(*channels: Channel, need: Need = NEED, manner: Manner | None = None) -> list[int]:
    return [each.id for each in choice_of(*channels, need=need, manner=manner).ready]


def test_the_highest_priority_comes_first_then_the_least_loaded() -> None:
    found = chosen(
        channel(1, running=2),
        channel(2, running=1),
        channel(3, running=2, priority=1),
        channel(4, running=2, most=8),
        channel(5, running=1),
    )

    assert found == [3, 4, 2, 5, 1]


@pytest.mark.parametrize(
    "unable",
    [
        channel(1, loads={Mode.RELAX: Load(0, 3)}),
        channel(1, actions=frozenset({Action.BLEND})),
        channel(1, groups=frozenset({"vip"})),
    ],
)
def test_a_channel_that_cannot_do_it_is_not_counted(unable: Channel) -> None:
    choice = choice_of(unable, channel(2))

    assert [each.id for each in choice.ready] == [2]
    assert (len(choice.enabled), choice.configured) == (1, 1)


def test_a_named_instance_is_the_only_one() -> None:
    need = Need(action=Action.IMAGINE, mode=Mode.FAST, group="default", instance_id="instance-2")

    assert chosen(channel(1), channel(2), need=need) == [2]
    assert choice_of(channel(1), need=need).configured == 0


@pytest.mark.parametrize("status", [ChannelStatus.DISABLED, ChannelStatus.DRAINING])
def test_a_channel_out_of_service_is_configured_but_not_enabled(status: ChannelStatus) -> None:
    choice = choice_of(channel(1, status=status))

    assert (choice.ready, choice.enabled, choice.configured) == ((), (), 1)


def test_a_channel_that_said_no_is_not_asked_again() -> None:
    need = Need(action=Action.IMAGINE, mode=Mode.FAST, group="default", without=frozenset({1}))

    assert chosen(channel(1), channel(2), need=need) == [2]


def test_a_full_or_resting_channel_is_enabled_but_not_ready() -> None:
    full = channel(1, running=3)
    resting = channel(2, loads={Mode.FAST: Load(0, 3, busy_until=NOW + 1)})
    rested = channel(3, loads={Mode.FAST: Load(0, 3, busy_until=NOW, next_submit_at=NOW)})
    hasty = channel(4, loads={Mode.FAST: Load(0, 3, next_submit_at=NOW + 1)})

    choice = choice_of(full, resting, rested, hasty)

    assert [each.id for each in choice.ready] == [3]
    assert (len(choice.enabled), choice.configured) == (4, 4)


def test_the_reason_says_who_was_passed_over_and_why() -> None:
    need = Need(action=Action.IMAGINE, mode=Mode.FAST, group="default", without=frozenset({5}))

    why = choice_of(
        channel(1, running=1),
        channel(2, running=3),
        channel(3, status=ChannelStatus.DISABLED),
        channel(4, broken_times=1, broken_until=NOW + 1),
        channel(5),
        channel(6, priority=-1),
        channel(7, actions=frozenset({Action.BLEND})),
        need=need,
    ).why

    assert why == {
        "strategy": "least_loaded",
        "tier": 0,
        "ready": [1, 6],
        "passed": {"2": "full", "3": "disabled", "4": "broken", "5": "said no"},
    }


def test_weights_are_the_shares_in_which_equals_are_chosen() -> None:
    some = [channel(1, weight=1), channel(2, weight=3), channel(3, weight=6, priority=-1)]
    manner = Manner(strategy=Strategy.WEIGHTED, chance=Random(7).random)

    first = Counter(chosen(*some, manner=manner)[0] for _ in range(4_000))

    assert set(first) == {1, 2}
    assert first[2] / first[1] == pytest.approx(3, rel=0.1)


def test_in_rounds_everybody_has_his_turn_though_others_are_less_loaded() -> None:
    some = [channel(1), channel(2, running=2), channel(3, running=1), channel(4, priority=-1)]
    latest: dict[int, int] = {}
    manner = Manner(strategy=Strategy.ROUND_ROBIN, latest=latest)

    turns: list[int] = []
    for number in range(1, 7):
        turns.append(chosen(*some, manner=manner)[0])
        latest[turns[-1]] = number

    assert turns == [1, 2, 3, 1, 2, 3]


def test_what_is_preferred_orders_a_tier_and_excludes_nobody() -> None:
    need = Need(
        action=Action.IMAGINE,
        mode=Mode.FAST,
        group="default",
        prefers=frozenset({"remix", "channel 3"}),
    )

    found = chosen(
        channel(1),
        channel(2, running=2, options={"remix": "on"}),
        channel(3, running=1, options={"remix": "on"}),
        channel(4, priority=1),
        need=need,
    )

    assert found == [4, 3, 2, 1]


def test_a_task_that_waits_is_done_after_those_before_it_and_its_own_time() -> None:
    assert eta(ahead=0, slots=1, usual=60_000) == 120_000
    assert eta(ahead=5, slots=3, usual=60_000) == 180_000
    assert eta(ahead=0, slots=0, usual=60_000) == 120_000


def test_the_loads_of_this_moment_count_and_not_those_remembered() -> None:
    free, full = channel(1), channel(2)
    loads = {1: {Mode.FAST: Load(3, 3)}, 2: {Mode.FAST: Load(0, 3)}}

    choice = choose(NEED, [free, full, channel(3)], loads, NOW)

    assert [each.id for each in choice.ready] == [2]
    assert len(choice.enabled) == 3


def test_a_channel_without_slots_is_full() -> None:
    assert (Load(0, 0).full, Load(0, 0).share) == (True, 1.0)
    assert (Load(1, 4).full, Load(1, 4).share) == (False, 0.25)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=6), st.randoms())
def test_the_order_of_the_channels_plays_no_part(rows: list[tuple[int, int]], chance: Any) -> None:  # noqa: ANN401  random.Random
    channels = [
        channel(place, running=running, priority=priority)
        for place, (running, priority) in enumerate(rows)
    ]
    shuffled = list(channels)
    chance.shuffle(shuffled)

    assert chosen(*channels) == chosen(*shuffled)
