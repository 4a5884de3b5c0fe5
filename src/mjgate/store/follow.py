"""Which tasks are looked at upstream, and when: a narrow row for each, claimed by its due time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mjgate.domain.clock import MINUTE, SECOND
from mjgate.domain.party import led
from mjgate.domain.task import RESCUABLE, State, Task
from mjgate.store.database import Reader, Row, Transaction


class Kind(StrEnum):
    """What a look is for."""

    LOOK = "look"  # the task runs upstream
    ADOPT = "adopt"  # nobody knows whether it arrived
    RESCUE = "rescue"  # it failed by our clock, but may still succeed


_KIND_OF: Final[Mapping[State, Kind]] = MappingProxyType(
    {State.SUBMITTED: Kind.LOOK, State.RUNNING: Kind.LOOK, State.UNKNOWN: Kind.ADOPT}
)

FIRST_DUE: Final[Mapping[Kind, int]] = MappingProxyType(
    {Kind.LOOK: 1 * SECOND, Kind.ADOPT: 0, Kind.RESCUE: 1 * MINUTE}
)
"""How long after a task is followed for something it is first looked at."""


def kind_of(task: Task) -> Kind | None:
    """What a task is followed for, as it stands; None if it is not."""
    if led(task):
        return None
    may_be_rescued = task.reason in RESCUABLE and not task.cancel_wanted
    if task.state is State.FAILURE and may_be_rescued and task.channel_id is not None:
        return Kind.RESCUE
    return _KIND_OF.get(task.state)


@dataclass(frozen=True, slots=True)
class Followed:
    """
    One follow row, as it was claimed: `due_at` is when others would take it over.

    `since` is when it was sent, `moved_at` when progress was last seen, `empty_since` when the
    upstream first said SUCCESS without a result.
    """

    task_id: int
    kind: Kind
    channel_id: int
    credential_id: int
    upstream_id: str
    due_at: int
    looks: int
    misses: int
    since: int
    moved_at: int
    empty_since: int | None = None


async def start(tx: Transaction, task: Task, kind: Kind, now: int) -> None:
    """
    Follow the task from now on.

    The clocks of a look run from the send, however late its answer came or the job was found; those
    of other kinds from now.
    """
    await tx.add(
        """
        INSERT INTO follow
            (task_id, kind, channel_id, credential_id, upstream_id, due_at, hasty_at, since,
             moved_at)
        SELECT
            :task_id, :kind, :channel_id, :credential_id, :upstream_id, :due_at, :due_at,
            COALESCE(MAX(opened_at), :now), COALESCE(MAX(opened_at), :now)
        FROM attempts WHERE task_id = :task_id AND :kind = 'look'
        """,
        task_id=task.id,
        kind=kind,
        channel_id=task.channel_id,
        credential_id=task.credential_id,
        upstream_id=task.upstream_id,
        due_at=now + FIRST_DUE[kind],
        now=now,
    )


async def stop(tx: Transaction, task_id: int) -> None:
    """Follow the task no more."""
    await tx.run("DELETE FROM follow WHERE task_id = :task_id", task_id=task_id)


async def due_channels(reader: Reader, now: int) -> list[tuple[int, Kind]]:
    """Channels with something due, and for what."""
    rows = await reader.rows(
        """
        SELECT c.id AS channel_id, k.kind FROM channels c CROSS JOIN (
            SELECT 'look' AS kind UNION ALL SELECT 'adopt' UNION ALL SELECT 'rescue'
        ) k
        WHERE EXISTS (
            SELECT 1 FROM follow f
            WHERE f.channel_id = c.id AND f.kind = k.kind AND f.due_at <= :now
        )
        """,
        now=now,
    )
    return [(int(row["channel_id"]), Kind(row["kind"])) for row in rows]


AHEAD: Final[Mapping[Kind, int]] = MappingProxyType({Kind.LOOK: 500, Kind.ADOPT: 0, Kind.RESCUE: 0})
"""How much too early a task may be looked at, in a batch that has room for it."""


async def claim(
    tx: Transaction, channel_id: int, kind: Kind, *, now: int, until: int, limit: int
) -> list[Followed]:
    """
    Take up to `limit` due rows of a channel, pushing them to `until` for everybody else.

    When there are more than that, half of those taken are the ones that became due last.
    """
    rows = await tx.rows(
        """
        SELECT * FROM follow
        WHERE channel_id = :channel_id AND kind = :kind AND due_at <= :soon
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
        """,
        channel_id=channel_id,
        kind=kind,
        soon=now + AHEAD[kind],
        limit=limit,
    )
    if not rows or rows[0]["due_at"] > now:
        return []
    if len(rows) == limit and rows[-1]["due_at"] <= now:
        newest = await _newest(tx, channel_id, kind, now, limit // 2)
        merged = {row["task_id"]: row for row in (*rows[: limit - len(newest)], *newest)}
        rows = list(merged.values())
    claimed = [_from_row(row, until) for row in rows]
    await tx.run(
        "UPDATE follow SET due_at = :until, hasty_at = :until WHERE task_id IN each(:ids)",
        until=until,
        ids=[row.task_id for row in claimed],
    )
    return claimed


async def _newest(
    tx: Transaction, channel_id: int, kind: Kind, now: int, limit: int
) -> Sequence[Row]:
    return await tx.rows(
        """
        SELECT * FROM follow
        WHERE channel_id = :channel_id AND kind = :kind AND due_at <= :now
        ORDER BY due_at DESC LIMIT :limit FOR UPDATE SKIP LOCKED
        """,
        channel_id=channel_id,
        kind=kind,
        now=now,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look changes on the row that was claimed for it; `hasty_at` is for who waits."""

    row: Followed
    due_at: int
    hasty_at: int
    misses: int
    moved_at: int
    empty_since: int | None = None


async def plan(tx: Transaction, seen: Sequence[Seen]) -> None:
    """
    Write when each is looked at next.

    What was hastened since it was claimed stays due: the look may have begun before the notice.
    """
    await tx.many(
        """
        UPDATE follow SET
            due_at = CASE WHEN due_at < :claimed_to THEN due_at ELSE :due_at END,
            hasty_at = :hasty_at, misses = :misses, moved_at = :moved_at,
            empty_since = :empty_since, looks = looks + 1
        WHERE task_id = :task_id AND kind = :kind AND since = :since
        """,
        [
            {
                "task_id": each.row.task_id,
                "kind": each.row.kind,
                "since": each.row.since,
                "claimed_to": each.row.due_at,
                "due_at": each.due_at,
                "hasty_at": each.hasty_at,
                "misses": each.misses,
                "moved_at": each.moved_at,
                "empty_since": each.empty_since,
            }
            for each in sorted(seen, key=_by_task)
        ],
    )


async def follows(reader: Reader, task_id: int) -> bool:
    """Whether somebody looks at the task from time to time."""
    row = await reader.row("SELECT 1 AS one FROM follow WHERE task_id = :task_id", task_id=task_id)
    return row is not None


async def hasten(tx: Transaction, task_id: int, due_at: int) -> None:
    """Look at a task no later than `due_at`."""
    await tx.run(
        "UPDATE follow SET due_at = :due_at WHERE task_id = :task_id AND due_at > :due_at",
        task_id=task_id,
        due_at=due_at,
    )


async def defer(tx: Transaction, task_id: int, until: int) -> None:
    """Look at a task no sooner than `until`, but for a notice."""
    await tx.run(
        "UPDATE follow SET due_at = :until, hasty_at = :until WHERE task_id = :task_id",
        task_id=task_id,
        until=until,
    )


async def hurry(tx: Transaction, task_ids: Sequence[int]) -> int:
    """Look sooner at running tasks that clients wait for; how many that concerns."""
    return await tx.run(
        """
        UPDATE follow SET due_at = hasty_at WHERE task_id IN (
            SELECT task_id FROM follow
            WHERE task_id IN each(:ids) AND kind = 'look' AND due_at > hasty_at
            ORDER BY task_id FOR UPDATE SKIP LOCKED
        )
        """,
        ids=list(task_ids),
    )


def _by_task(seen: Seen) -> int:
    return seen.row.task_id


def _from_row(row: Row, until: int) -> Followed:
    return Followed(
        task_id=row["task_id"],
        kind=Kind(row["kind"]),
        channel_id=row["channel_id"],
        credential_id=row["credential_id"],
        upstream_id=row["upstream_id"],
        due_at=until,
        looks=row["looks"],
        misses=row["misses"],
        since=row["since"],
        moved_at=row["moved_at"],
        empty_since=row["empty_since"],
    )
