"""Sums of the tallies over whole days: by day, channel, action, mode or user."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, LiteralString, NamedTuple

from mjgate.domain import took
from mjgate.store.database import Reader, Row, Value
from mjgate.store.tally import EVERYBODY, REFUNDS, Outcome

LINES_MOST: Final = 1_000
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


async def lines(reader: Reader, by: By, span: Span, *, limit: float) -> dict[What, Line]:
    """
    A line for each that had tasks, of users the LINES_MOST largest alone.

    TimeoutError after `limit` seconds.
    """
    found: dict[What, Line] = defaultdict(Line)
    async with asyncio.timeout(limit):
        users = [EVERYBODY if span.user_id is None else span.user_id]
        if by is By.USER and span.user_id is None:
            users = await _users(reader)
        for row in await _scan(reader, by, span, users, _COUNTS):
            what, outcome, count, quota = row
            line = found[what]
            line.counts[outcome], line.quotas[outcome] = int(count), int(quota)
        if len(users) > 1:
            found = _largest(found)
            users = [int(what) for what in found]
        for what, bucket, count, _ in await _scan(reader, by, span, users, _times(by, span)):
            found[what].times[bucket] = int(count)
    return {what: line for what, line in found.items() if line.accepted or line.rate is not None}


def _largest(found: Mapping[What, Line]) -> dict[What, Line]:
    ordered = sorted(found.items(), key=lambda each: (-each[1].accepted, each[0]))
    return dict(ordered[:LINES_MOST])


async def _users(reader: Reader) -> list[int]:
    """Whoever has counts, from one to the next by the table's own key."""
    rows = await reader.scan(
        """
        WITH RECURSIVE users (id) AS (
            SELECT MIN(user_id) FROM tally WHERE user_id > :nobody
            UNION ALL
            SELECT (SELECT MIN(user_id) FROM tally WHERE user_id > users.id) FROM users
            WHERE users.id IS NOT NULL
        )
        SELECT id FROM users WHERE id IS NOT NULL
        """,
        nobody=EVERYBODY,
    )
    return [int(row["id"]) for row in rows]


class _Table(NamedTuple):
    name: LiteralString
    inner: LiteralString
    quota: LiteralString = "0"
    which: LiteralString = ""


_COUNTS: Final = _Table("tally", "outcome", quota="SUM(quota)")


def _times(by: By, span: Span) -> _Table:
    """Of times there are lines for each channel, action and mode, and for all of them together."""
    asked = [getattr(span, name) for name in ("user_id", *_CONDITIONS)]
    together = by is By.DAY and not any(asked)
    which: LiteralString = "AND action = ''" if together else "AND action <> ''"
    return _Table("tally_took", "bucket", which=which)


async def _scan(
    reader: Reader, by: By, span: Span, users: Sequence[int], table: _Table
) -> Sequence[Row]:
    """Lines of the days of these users, which lie together."""
    column = _COLUMN[by]
    asked = " ".join(
        [
            f"SELECT {column}, {table.inner}, SUM(count), {table.quota} FROM {table.name}",  # noqa: S608  of LiteralStrings
            "WHERE user_id IN each(:users) AND day BETWEEN :first AND :last AND day > 0",
            table.which,
            *[text for name, text in _CONDITIONS.items() if getattr(span, name) is not None],
            f"GROUP BY {column}, {table.inner}",
        ]
    )
    values: dict[str, Value] = {
        name: getattr(span, name) for name in _CONDITIONS if getattr(span, name) is not None
    }
    return await reader.scan(asked, first=span.first, last=span.last, users=users, **values)
