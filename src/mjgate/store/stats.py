"""Sums of the tallies over whole days: by day, channel, action, mode or user."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, LiteralString

from mjgate.domain import took
from mjgate.store.database import Reader, Row, Value
from mjgate.store.tally import EVERYBODY, REFUNDS, Outcome

LINES_MOST: Final[LiteralString] = "1000"
LIMIT: Final = 10.0
"""Seconds."""

What = int | str


class By(StrEnum):
    """What stands in a line of its own."""

    DAY = "day"
    CHANNEL = "channel"
    ACTION = "action"
    MODE = "mode"
    USER = "user"


_COLUMN: Final[Mapping[By, LiteralString]] = {
    By.DAY: "day",
    By.CHANNEL: "channel_id",
    By.ACTION: "action",
    By.MODE: "mode",
    By.USER: "user_id",
}
_CONDITIONS: Final[Mapping[str, LiteralString]] = {
    "channel_id": "AND channel_id = :channel_id",
    "action": "AND action = :action",
    "mode": "AND mode = :mode",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days from the one that begins at `first` to the one at `last`, and whose tasks of them."""

    first: int
    last: int
    user_id: int | None = None
    channel_id: int | None = None
    action: str | None = None
    mode: str | None = None


@dataclass(slots=True)
class Line:
    """What became of the tasks that were submitted then; money in quota units."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    quotas: dict[str, int] = field(default_factory=dict[str, int])
    times: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def accepted(self) -> int:
        """How many there were."""
        return self.counts.get(Outcome.ACCEPTED, 0)

    @property
    def succeeded(self) -> int:
        """How many of them succeeded."""
        return self.counts.get(Outcome.SUCCESS, 0)

    @property
    def failed(self) -> int:
        """How many failed, or were cancelled."""
        return self.counts.get(Outcome.FAILURE, 0) + self.counts.get(Outcome.CANCELLED, 0)

    @property
    def rate(self) -> float | None:
        """The share of successes among those that have ended."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else None

    @property
    def cost(self) -> int:
        """What was paid for them."""
        paid = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.CANCELLED)
        return sum(self.quotas.get(each, 0) for each in paid)

    @property
    def refunds(self) -> int:
        """What of that was given back."""
        return sum(self.quotas.get(each, 0) for each in REFUNDS)

    def within(self, share: float) -> int | None:
        """The milliseconds from submission to result that this share of successes kept to."""
        return took.at(self.times, share)


async def lines(reader: Reader, by: By, span: Span) -> dict[What, Line]:
    """A line for each that had tasks, of users the LINES_MOST largest alone. TimeoutError."""
    async with asyncio.timeout(LIMIT):
        counted = await _scan(reader, by, span, "tally", "outcome", "SUM(quota)")
        times = await _scan(reader, by, span, "tally_took", "bucket", "0")
    found: dict[What, Line] = defaultdict(Line)
    for what, outcome, count, quota in counted:
        line = found[what]
        line.counts[outcome], line.quotas[outcome] = int(count), int(quota)
    for what, bucket, count, _ in times:
        found[what].times[bucket] = int(count)
    return {what: line for what, line in found.items() if line.accepted or line.rate is not None}


async def _scan(
    reader: Reader,
    by: By,
    span: Span,
    table: LiteralString,
    inner: LiteralString,
    quota: LiteralString,
) -> list[Row]:
    column = _COLUMN[by]
    everybodys = by is By.USER and span.user_id is None
    where = " ".join(
        [
            "WHERE day BETWEEN :first AND :last",
            "AND day > 0 AND user_id > :user_id" if everybodys else "AND user_id = :user_id",
            *[text for name, text in _CONDITIONS.items() if getattr(span, name) is not None],
        ]
    )
    largest = f"""
        AND {column} IN (
            SELECT {column} FROM {table} {where}
            GROUP BY {column} ORDER BY SUM(count) DESC, {column} LIMIT {LINES_MOST}
        )
    """  # noqa: S608  of LiteralStrings
    asked = " ".join(
        [
            f"SELECT {column}, {inner}, SUM(count), {quota} FROM {table} {where}",  # noqa: S608  the same
            largest if everybodys else "",
            f"GROUP BY {column}, {inner}",
        ]
    )
    values: dict[str, Value] = {
        name: getattr(span, name) for name in _CONDITIONS if getattr(span, name) is not None
    }
    user_id = EVERYBODY if span.user_id is None else span.user_id
    rows = await reader.scan(asked, first=span.first, last=span.last, user_id=user_id, **values)
    return list(rows)
