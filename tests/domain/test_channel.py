"""The choice among channels."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.action import Action, Mode
from mjgate.domain.channel import Channel, ChannelStatus, Choice, Load, Need, choose

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


def choice_of(*channels: Channel, need: Need = NEED) -> Choice:
    """The choice where the loads are as the channels have them."""
    return choose(need, channels, {each.id: each.loads for each in channels}, NOW)


def chosen(*channels: Channel, need: Need = NEED) -> list[int]:
    return [each.id for each in choice_of(*channels, need=need).ready]


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
    assert (choice.enabled, choice.configured) == (1, 1)


def test_a_named_instance_is_the_only_one() -> None:
    need = Need(action=Action.IMAGINE, mode=Mode.FAST, group="default", instance_id="instance-2")

    assert chosen(channel(1), channel(2), need=need) == [2]
    assert choice_of(channel(1), need=need).configured == 0


@pytest.mark.parametrize("status", [ChannelStatus.DISABLED, ChannelStatus.DRAINING])
def test_a_channel_out_of_service_is_configured_but_not_enabled(status: ChannelStatus) -> None:
    choice = choice_of(channel(1, status=status))

    assert (choice.ready, choice.enabled, choice.configured) == ((), 0, 1)


def test_a_channel_that_said_no_is_not_asked_again() -> None:
    need = Need(action=Action.IMAGINE, mode=Mode.FAST, group="default", without=frozenset({1}))

    assert chosen(channel(1), channel(2), need=need) == [2]


def test_a_full_or_resting_channel_is_enabled_but_not_ready() -> None:
    full = channel(1, running=3)
    resting = channel(2, loads={Mode.FAST: Load(0, 3, busy_until=NOW + 1)})
    rested = channel(3, loads={Mode.FAST: Load(0, 3, busy_until=NOW)})

    choice = choice_of(full, resting, rested)

    assert [each.id for each in choice.ready] == [3]
    assert (choice.enabled, choice.configured) == (3, 3)
    assert choice.why == "3 able, 3 enabled, 1 with a free slot"


def test_the_loads_of_this_moment_count_and_not_those_remembered() -> None:
    free, full = channel(1), channel(2)
    loads = {1: {Mode.FAST: Load(3, 3)}, 2: {Mode.FAST: Load(0, 3)}}

    choice = choose(NEED, [free, full, channel(3)], loads, NOW)

    assert [each.id for each in choice.ready] == [2]
    assert choice.enabled == 3


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
