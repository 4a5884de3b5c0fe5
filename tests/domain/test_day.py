"""Days in time zones."""

from zoneinfo import ZoneInfo

import pytest

from mjgate.domain.clock import HOUR
from mjgate.domain.day import UTC, begin, following, named

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = 1_774_738_800_000  # 2026-03-29 00:00 in Berlin, where that day has 23 hours


def test_a_day_begins_at_midnight_of_its_zone() -> None:
    assert begin(SPRING + 5 * HOUR, BERLIN) == SPRING
    assert begin(SPRING - 1, BERLIN) == SPRING - 24 * HOUR
    assert begin(SPRING, UTC) == SPRING - 23 * HOUR
    assert (named(SPRING, BERLIN), named(SPRING, UTC)) == ("2026-03-29", "2026-03-28")


def test_a_day_may_be_shorter_or_longer_than_24_hours() -> None:
    assert following(SPRING, BERLIN) - SPRING == 23 * HOUR


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Asia/Beirut", "America/Havana", "Asia/Kolkata"])
def test_every_moment_is_in_exactly_one_day(zone: str) -> None:
    there = ZoneInfo(zone)

    for moment in range(SPRING, SPRING + 400 * 24 * HOUR, 7 * HOUR):
        day = begin(moment, there)
        assert day <= moment < following(day, there)
        assert begin(day, there) == day
