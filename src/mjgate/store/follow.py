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
    if task.state is State.FAILURE and task.reason in RESCUABLE and task.channel_id is not None:
        return Kind.RESCUE
    return _KIND_OF.get(task.state)


@dataclass(frozen=True, slots=True)
class Followed:
    """One follow row. `since` is when it was sent, `moved_at` when progress was last seen."""

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


async def start(tx: Transaction, task: Task, kind: Kind, now: int) -> None:
    """Follow the task from now on."""
    await tx.run(
        """
        INSERT INTO follow
            (task_id, kind, channel_id, credential_id, upstream_id, due_at, since, moved_at)
        VALUES
            (:task_id, :kind, :channel_id, :credential_id, :upstream_id, :due_at, :now, :now)
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


async def claim(
    tx: Transaction, channel_id: int, kind: Kind, *, now: int, until: int, limit: int
) -> list[Followed]:
    """Take up to `limit` due rows of a channel, pushing them to `until` for everybody else."""
    rows = await tx.rows(
        """
        SELECT * FROM follow
        WHERE channel_id = :channel_id AND kind = :kind AND due_at <= :now
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
        """,
        channel_id=channel_id,
        kind=kind,
        now=now,
        limit=limit,
    )
    claimed = [_from_row(row) for row in rows]
    await tx.run(
        "UPDATE follow SET due_at = :until WHERE task_id IN each(:ids)",
        until=until,
        ids=[row.task_id for row in claimed],
    )
    return claimed


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look changes on a follow row."""

    task_id: int
    due_at: int
    misses: int
    moved_at: int


async def plan(tx: Transaction, seen: Sequence[Seen]) -> None:
    """Write when each is looked at next."""
    await tx.many(
        """
        UPDATE follow SET
            due_at = :due_at, misses = :misses, moved_at = :moved_at, looks = looks + 1
        WHERE task_id = :task_id
        """,
        [
            {
                "task_id": each.task_id,
                "due_at": each.due_at,
                "misses": each.misses,
                "moved_at": each.moved_at,
            }
            for each in seen
        ],
    )


async def hasten(tx: Transaction, task_id: int, due_at: int) -> None:
    """Look at a task no later than `due_at`."""
    await tx.run(
        "UPDATE follow SET due_at = :due_at WHERE task_id = :task_id AND due_at > :due_at",
        task_id=task_id,
        due_at=due_at,
    )


def _from_row(row: Row) -> Followed:
    return Followed(
        task_id=row["task_id"],
        kind=Kind(row["kind"]),
        channel_id=row["channel_id"],
        credential_id=row["credential_id"],
        upstream_id=row["upstream_id"],
        due_at=row["due_at"],
        looks=row["looks"],
        misses=row["misses"],
        since=row["since"],
        moved_at=row["moved_at"],
    )
