"""Days as people count them: from midnight to midnight in the operator's time zone."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from mjgate.domain.clock import SECOND

UTC: Final = ZoneInfo("UTC")

FURTHEST: Final = 10**14
"""Epoch milliseconds that no task will ever see: the year 5138."""


def begin(moment: int, zone: ZoneInfo) -> int:
    """The first moment of the day that `moment` is in; both in epoch milliseconds."""
    return _midnight(_date(moment, zone), zone)


def following(day: int, zone: ZoneInfo) -> int:
    """The first moment of the day after the one that `day` is in."""
    return _midnight(_date(day, zone) + timedelta(days=1), zone)


def named(day: int, zone: ZoneInfo) -> str:
    """The day as a date, 2026-11-21."""
    return _date(day, zone).isoformat()


def _date(moment: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(moment // SECOND, zone).date()


@lru_cache(maxsize=1_024)
def _midnight(day: date, zone: ZoneInfo) -> int:
    """Where the clocks skip midnight, the moment at which they do."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * SECOND
