"""The lanes of the queue, and their names."""

import pytest

from mjgate.domain.action import Bot, Mode
from mjgate.domain.lane import Lane


@pytest.mark.parametrize(
    ("name", "lane", "pinned"),
    [
        ("vip people FAST NIJI_JOURNEY", Lane(Mode.FAST, "vip people", Bot.NIJI_JOURNEY), False),
        ("channel FAST MID_JOURNEY", Lane(Mode.FAST, "channel", Bot.MID_JOURNEY), False),
        ("channel 12 RELAX", Lane(Mode.RELAX, channel_id=12), True),
        ("instance 0a-1b TURBO", Lane(Mode.TURBO, instance_id="0a-1b"), True),
    ],
)
def test_a_lane_is_read_as_it_was_named(name: str, lane: Lane, *, pinned: bool) -> None:
    assert Lane.named(name) == lane
    assert (lane.name, lane.pinned) == (name, pinned)
