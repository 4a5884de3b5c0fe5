"""/api/stats/: what became of tasks, by day, channel, action, mode or user."""

from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from mjgate.domain import day
from mjgate.domain.action import Action, Mode
from mjgate.domain.clock import DAY
from mjgate.domain.errors import BadField, Overloaded
from mjgate.store import stats
from mjgate.store.stats import By, Line, Span, What
from mjgate.web.api.rows import Call, Row, Who, looks
from mjgate.web.api.words import one_of, since, until

USUAL_DAYS: Final = 30


class Stat(Struct, frozen=True, kw_only=True):
    """
    A line. All its numbers speak of the tasks that were submitted on those days.

    Times are milliseconds from submission to result, within 2 per cent; money is quota units.
    """

    day: str | UnsetType = UNSET
    channel_id: int | UnsetType = UNSET
    action: str | UnsetType = UNSET
    mode: str | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    count: int
    succeeded: int
    failed: int
    success_rate: float | None
    median_time: int | None
    p95_time: int | None
    cost: int
    refunds: int


class Stats(Struct, frozen=True):
    """The lines; days are those of `timezone`, both named ones in."""

    by: str
    timezone: str
    first_day: str
    last_day: str
    items: list[Stat]


_NAMES: Final = {
    By.DAY: "day",
    By.CHANNEL: "channel_id",
    By.ACTION: "action",
    By.MODE: "mode",
    By.USER: "user_id",
}


async def _stats(call: Call) -> Stats:
    zone = call.gateway.zone
    by = By(one_of(call, "by", By) or By.DAY)
    end, now = until(call), call.gateway.clock.now()
    last = _day(call, now if end is None else end, "end_timestamp")
    begin = since(call)
    first = _day(call, last - (USUAL_DAYS - 1) * DAY if begin is None else begin, "start_timestamp")
    span = Span(
        first=first,
        last=last,
        user_id=call.number("user_id") or None,
        channel_id=call.number("channel_id") or None,
        action=one_of(call, "action", Action),
        mode=one_of(call, "mode", Mode),
    )
    try:
        limit = call.gateway.reading.stats
        lines = await stats.lines(call.gateway.store.reader, by, span, limit=limit)
    except TimeoutError:
        raise Overloaded("This takes too long: ask for fewer days.", retry_after=5) from None
    ordered = sorted(lines.items(), key=lambda each: _order(by, *each), reverse=True)
    return Stats(
        by=by,
        timezone=zone.key,
        first_day=day.named(first, zone),
        last_day=day.named(last, zone),
        items=[_stat(call, by, what, line) for what, line in ordered],
    )


def _day(call: Call, moment: int, field: str) -> int:
    if moment >= day.FURTHEST:
        msg = f"{field} is beyond all days."
        raise BadField(msg, field=field)
    return day.begin(max(moment, DAY), call.gateway.zone)


def _order(by: By, what: What, line: Line) -> tuple[What, ...]:
    """Days from the newest, the rest from the largest."""
    return (what,) if by is By.DAY else (line.accepted, str(what))


def _stat(call: Call, by: By, what: What, line: Line) -> Stat:
    shown: Any = day.named(int(what), call.gateway.zone) if by is By.DAY else what
    return Stat(
        **{_NAMES[by]: shown},
        count=line.accepted,
        succeeded=line.succeeded,
        failed=line.failed,
        success_rate=None if line.rate is None else round(line.rate, 4),
        median_time=line.within(0.5),
        p95_time=line.within(0.95),
        cost=line.cost,
        refunds=line.refunds,
    )


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/stats/", Who.ADMIN, _stats,
          "Counts, success, time to the result, cost and refunds `by` day, channel, action, mode"
          " or user; of the last 30 days where nothing else is asked for.",
          gives=Stats,
          query=("by", "start_timestamp", "end_timestamp", "user_id", "channel_id", "action",
                 "mode")),
)  # fmt: skip
