"""
Tasks by what they are: pages from the newest, how many there are, and what they cost together.

Times are bounds on ids. What lies within the dimensions of the tallies is counted exactly by them;
the rest is counted as far as COUNTED_MOST. None of it reads longer than `limit`, in seconds.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, LiteralString, NamedTuple

from mjgate.domain.action import Action, Mode
from mjgate.domain.search import owner
from mjgate.domain.task import Status, Task
from mjgate.store.columns import from_row
from mjgate.store.database import Reader, Value
from mjgate.store.tally import ENDS, EVERYBODY, GONE, REFUNDS, Outcome

COUNTED_MOST: Final = 10_001

NEWEST: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """
    Which tasks; None means all.

    `since` and `until` are epoch milliseconds of the submission, both in; `days` says that they
    are the bounds of whole days. `id` may be one that no task has. Of `words` all must stand in
    the prompt; an empty list of them finds nothing.
    """

    user_id: int | None = None
    channel_id: int | None = None
    action: Action | None = None
    mode: Mode | None = None
    status: Status | None = None
    id: int | None = None
    job_uuid: str | None = None
    since: int | None = None
    until: int | None = None
    days: bool = True
    words: tuple[str, ...] | None = None

    @property
    def tallied(self) -> bool:
        """Whether the tallies know how many there are."""
        plain = self.id is None and self.job_uuid is None and self.words is None
        return plain and self.days and self.status in _COUNTED


class Total(NamedTuple):
    """How many there are; `capped`: at least so many."""

    number: int
    capped: bool = False


class Sums(NamedTuple):
    """What the tasks cost, paid or held, and what of it was given back."""

    quota: int
    refund: int


_COUNTED: Final[Mapping[Status | None, Sequence[Outcome]]] = {
    None: (Outcome.ACCEPTED,),
    Status.SUCCESS: (Outcome.SUCCESS,),
    Status.FAILURE: (Outcome.FAILURE, Outcome.CANCELLED),
}
_PAID: Final[Mapping[Status | None, Sequence[Outcome]]] = {**_COUNTED, None: ENDS}
_BACK: Final[Mapping[Status | None, Sequence[Outcome]]] = {
    None: REFUNDS,
    Status.SUCCESS: (Outcome.REFUNDED,),
    Status.FAILURE: (Outcome.REFUNDED_CANCELLED,),
}
_STATUS: Final[Mapping[Status, LiteralString]] = {
    Status.NOT_START: """
        AND finish_at IS NULL AND state IN ('QUEUED', 'SENDING') AND confirmed = 0
    """,
    Status.SUBMITTED: """
        AND finish_at IS NULL AND state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'SUBMITTED')
        AND (confirmed = 1 OR state IN ('UNKNOWN', 'SUBMITTED'))
    """,
    Status.MODAL: "AND finish_at IS NULL AND state = 'WINDOW'",
    Status.IN_PROGRESS: "AND finish_at IS NULL AND state = 'RUNNING'",
    Status.SUCCESS: "AND state = 'SUCCESS'",
    Status.FAILURE: "AND state IN ('FAILURE', 'CANCELLED')",
}
_TALLIED: Final[Mapping[str, LiteralString]] = {
    "channel_id": "AND channel_id = :channel_id",
    "action": "AND action = :action",
    "mode": "AND mode = :mode",
}
_CONDITIONS: Final[Mapping[str, LiteralString]] = {
    "user_id": "AND user_id = :user_id",
    **_TALLIED,
    "id": "AND id = :id",
    "job_uuid": "AND job_uuid = :job_uuid",
}


async def page(
    reader: Reader,
    wanted: Filter,
    *,
    size: int,
    below: int = NEWEST,
    skipped: int = 0,
    limit: float,
) -> list[Task]:
    """A page of the tasks with ids below `below`, the newest first. TimeoutError."""
    if wanted.words == ():
        return []
    asked = " ".join(
        ["SELECT * FROM tasks WHERE id IN ( SELECT", "task_id" if wanted.words else "id",
         *_found(wanted), "ORDER BY found.task_id DESC" if wanted.words else "ORDER BY id DESC",
         "LIMIT :size OFFSET :skipped )",
         "" if wanted.user_id is None else "AND user_id = :user_id",
         "ORDER BY id DESC"]
    )  # fmt: skip
    async with asyncio.timeout(limit):
        rows = await reader.scan(asked, **_values(wanted, below), size=size, skipped=skipped)
    return [from_row(row) for row in rows]


async def total(reader: Reader, wanted: Filter, *, limit: float, seen: int = 0) -> Total:
    """
    How many there are; where counting them takes too long, at least the `seen` ones.

    TimeoutError of what is only added up.
    """
    if wanted.words == ():
        return Total(0)
    if wanted.tallied:
        async with asyncio.timeout(limit):
            return Total((await _tallied(reader, wanted, _COUNTED[wanted.status])).number)
    asked = " ".join(
        ["SELECT COUNT(*) AS n FROM ( SELECT 1 AS one", *_found(wanted), "LIMIT :most ) AS counted"]
    )
    values = _values(wanted)
    if wanted.words and not _narrow(wanted):
        values.pop("user_id", None)
    try:
        async with asyncio.timeout(limit):
            rows = await reader.scan(asked, **values, most=COUNTED_MOST)
    except TimeoutError:
        return Total(seen, capped=True)
    count = int(rows[0]["n"])
    return Total(count, capped=count >= COUNTED_MOST)


async def sums(reader: Reader, wanted: Filter, *, limit: float) -> Sums | None:
    """What they cost together; None where that takes too long to find out."""
    if wanted.words == ():
        return Sums(0, 0)
    with suppress(TimeoutError):
        async with asyncio.timeout(limit):
            return await (_tallied_sums if wanted.tallied else _counted_sums)(reader, wanted)
    return None


async def _tallied_sums(reader: Reader, wanted: Filter) -> Sums:
    """Of ended tasks by the tallies, of the others by what they hold."""
    paid = (await _tallied(reader, wanted, _PAID[wanted.status])).quota
    back = (await _tallied(reader, wanted, _BACK[wanted.status])).quota
    if wanted.status is not None:
        return Sums(paid, back)
    held = " ".join(
        ["SELECT COALESCE(SUM(price), 0) AS held", *_found(wanted),
         "AND finish_at IS NULL AND hold_open = 1",
         "AND state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'SUBMITTED', 'RUNNING')"]
    )  # fmt: skip
    rows = await reader.scan(held, **_values(wanted))
    return Sums(paid + int(rows[0]["held"]), back)


async def _counted_sums(reader: Reader, wanted: Filter) -> Sums:
    asked = " ".join(
        ["SELECT COALESCE(SUM(CASE WHEN hold_open = 1 THEN price ELSE settled END), 0) AS quota,",
         "COALESCE(SUM(refunded), 0) AS refund", *_joined(wanted)]
    )  # fmt: skip
    rows = await reader.scan(asked, **_values(wanted))
    return Sums(int(rows[0]["quota"]), int(rows[0]["refund"]))


def _joined(wanted: Filter) -> Iterator[LiteralString]:
    """All that is found, in whatever order."""
    if not wanted.words:
        yield from _found(wanted)
        return
    yield "FROM found(:whose, :words, :low, :below) CROSS JOIN tasks WHERE id = found.task_id"
    yield from _conditions(wanted)


class _Tallied(NamedTuple):
    number: int
    quota: int


async def _tallied(reader: Reader, wanted: Filter, outcomes: Sequence[Outcome]) -> _Tallied:
    """What is added up, and what is still to be."""
    conditions: list[LiteralString] = [
        text for name, text in _TALLIED.items() if getattr(wanted, name) is not None
    ]
    bounded = wanted.since is not None or wanted.until is not None
    asked = " ".join(
        ["SELECT COALESCE(SUM(count), 0) AS count, COALESCE(SUM(quota), 0) AS quota FROM (",
         "SELECT count, quota FROM tally WHERE user_id = :user_id AND day BETWEEN :first AND :last",
         "AND outcome IN each(:outcomes)", *conditions,
         "UNION ALL SELECT count, quota FROM tally_delta",
         "WHERE (user_id = :user_id OR :user_id = 0) AND task_id BETWEEN :low AND :high",
         "AND outcome IN each(:outcomes)", *conditions, ") AS added"]
    )  # fmt: skip
    since, until = wanted.since or 0, NEWEST if wanted.until is None else wanted.until
    values: dict[str, Value] = {
        "user_id": EVERYBODY if wanted.user_id is None else wanted.user_id,
        "first": max(since, 1) if bounded else 0,
        "last": until if bounded else 0,
        "low": min(since * 1_000, NEWEST),
        "high": min(until * 1_000 + 999, NEWEST),
        "outcomes": [*map(str, outcomes), *(GONE + each for each in outcomes)],
    }
    rows = await reader.scan(asked, **values, **_named(wanted, _TALLIED))
    return _Tallied(int(rows[0]["count"]), int(rows[0]["quota"]))


def _found(wanted: Filter) -> Iterator[LiteralString]:
    """
    What is found, by the rows' own indexes; of words by theirs, which knows whose they are.

    A task that words lead to is asked about in a question of its own, which leaves them in order.
    """
    if not wanted.words:
        yield "FROM tasks WHERE id >= :low AND id < :below"
        yield from _conditions(wanted)
        return
    yield "FROM found(:whose, :words, :low, :below)"
    if _narrow(wanted):
        yield "WHERE ( SELECT 1 FROM tasks WHERE id = found.task_id"
        yield from _conditions(wanted)
        yield ") = 1"


def _conditions(wanted: Filter) -> Iterator[LiteralString]:
    for name, condition in _CONDITIONS.items():
        if getattr(wanted, name) is not None:
            yield condition
    if wanted.status is not None:
        yield _STATUS[wanted.status]


def _narrow(wanted: Filter) -> bool:
    """Whether words alone do not tell what is wanted."""
    others = [name for name in _CONDITIONS if name != "user_id"]
    return wanted.status is not None or any(getattr(wanted, name) is not None for name in others)


def _values(wanted: Filter, below: int = NEWEST) -> dict[str, Value]:
    values = _named(wanted, _CONDITIONS)
    values["low"] = min((wanted.since or 0) * 1_000, NEWEST)
    values["below"] = below if wanted.until is None else min((wanted.until + 1) * 1_000, below)
    if wanted.words:
        values["whose"] = "" if wanted.user_id is None else owner(wanted.user_id)
        values["words"] = wanted.words
    return values


def _named(wanted: Filter, names: Mapping[str, LiteralString]) -> dict[str, Value]:
    """Only what a condition asks for: an engine refuses names that a statement does not have."""
    found: dict[str, Value] = {name: getattr(wanted, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}
