"""
Counts of tasks: what changes is noted beside each change, and one folder adds it up.

A task counts on the day of its submission, which its id tells, whenever it ended: so every number
of a day speaks of the same tasks, and filters by time are bounds on days. `ACCEPTED` follows a task
from channel to channel; what retention takes away is counted off in outcomes of its own, which
lists subtract and statistics leave out.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from mjgate.domain import search, took
from mjgate.domain.task import State, Task
from mjgate.store import leases
from mjgate.store.database import Reader, Row, Transaction, Value

BATCH: Final = 300
"""Notes that one transaction adds up: some ten milliseconds of work."""

LEASE: Final = "tally"
LEASE_LENGTH: Final = 10_000
EVERYBODY: Final = 0
ALWAYS: Final = 0
ALL_TOGETHER: Final = (0, "", "")
"""In place of channel, action and mode, of everybody's times only: what most statistics ask for."""

Key = tuple[Value, ...]


class Outcome(StrEnum):
    """What is counted; `quota` is what was paid, or given back."""

    ACCEPTED = "ACCEPTED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"
    REFUNDED_CANCELLED = "REFUNDED_CANCELLED"
    REWRITTEN = "REWRITTEN"  # counts nothing: the words of its prompt are others now


GONE: Final = "GONE_"
"""Before an outcome: the task is no longer kept."""

ENDS: Final = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.CANCELLED)
REFUNDS: Final = (Outcome.REFUNDED, Outcome.REFUNDED_CANCELLED)


async def changed(tx: Transaction, before: Task | None, after: Task) -> None:
    """Note what a move changes of the counts: a new task, another channel, an end."""
    if before is None:
        await _note(tx, after, Outcome.ACCEPTED)
    elif before.channel_id != after.channel_id:
        await _note(tx, before, Outcome.ACCEPTED, count=-1)
        await _note(tx, after, Outcome.ACCEPTED)
    if before is not None and before.state.final:
        await _note(tx, before, before.state, count=-1, quota=-before.settled)
    if after.state.final:
        await _note(tx, after, after.state, quota=after.settled, took=_took(after))


async def refunded(tx: Transaction, task: Task, amount: int) -> None:
    """Note what was given back."""
    await _note(tx, task, _refund_of(task), quota=amount)


async def rewritten(tx: Transaction, task_id: int) -> None:
    """Note that a task has another prompt."""
    await tx.run(
        """
        INSERT INTO tally_delta
            (task_id, user_id, channel_id, action, mode, outcome, count, quota)
        SELECT id, user_id, COALESCE(channel_id, 0), action, mode, 'REWRITTEN', 0, 0
        FROM tasks WHERE id = :id
        """,
        id=task_id,
    )


async def gone(tx: Transaction, tasks: Sequence[Task]) -> None:
    """Count off ended tasks that are kept no longer."""
    for task in tasks:
        await _note(tx, task, GONE + Outcome.ACCEPTED, count=-1)
        await _note(tx, task, GONE + task.state, count=-1, quota=-task.settled)
        if task.refunded:
            await _note(tx, task, GONE + _refund_of(task), count=-1, quota=-task.refunded)


async def ever(reader: Reader) -> dict[tuple[str, ...], int]:
    """How many tasks were ever accepted and ended, by outcome, action and mode."""
    rows = await reader.rows(
        """
        SELECT outcome, action, mode, SUM(count) AS n FROM tally
        WHERE user_id = :user_id AND day = :day AND outcome IN each(:outcomes)
        GROUP BY outcome, action, mode
        """,
        user_id=EVERYBODY,
        day=ALWAYS,
        outcomes=[Outcome.ACCEPTED.value, *(each.value for each in ENDS)],
    )
    return {(row["outcome"], row["action"], row["mode"]): int(row["n"]) for row in rows}


async def pending(reader: Reader) -> bool:
    """Whether there is anything to add up."""
    return await reader.row("SELECT id FROM tally_delta LIMIT 1") is not None


async def fold(tx: Transaction, node: str, now: int, day_of: Callable[[int], int]) -> int:
    """Add up some of the notes, unless another process does that; how many."""
    if not await leases.take(tx, LEASE, node, now=now, length=LEASE_LENGTH):
        return 0
    rows = await tx.rows(
        """
        SELECT id, task_id, user_id, channel_id, action, mode, outcome, count, quota, took
        FROM tally_delta ORDER BY id LIMIT :most
        """,
        most=BATCH,
    )
    if not rows:
        return 0
    await _add(tx, rows, day_of)
    await _index(tx, rows)
    await tx.run("DELETE FROM tally_delta WHERE id IN each(:ids)", ids=[row["id"] for row in rows])
    return len(rows)


async def _note(
    tx: Transaction,
    task: Task,
    outcome: str,
    *,
    count: int = 1,
    quota: int = 0,
    took: int | None = None,
) -> None:
    await tx.add(
        """
        INSERT INTO tally_delta
            (task_id, user_id, channel_id, action, mode, outcome, count, quota, took)
        VALUES
            (:task_id, :user_id, :channel_id, :action, :mode, :outcome, :count, :quota, :took)
        """,
        task_id=task.id,
        user_id=task.user_id,
        channel_id=task.channel_id or 0,
        action=task.action,
        mode=task.mode,
        outcome=str(outcome),
        count=count,
        quota=quota,
        took=took,
    )


def _refund_of(task: Task) -> Outcome:
    cancelled = task.state is State.CANCELLED
    return Outcome.REFUNDED_CANCELLED if cancelled else Outcome.REFUNDED


def _took(task: Task) -> int | None:
    """How long somebody waited for the result; a rescued one came when nobody did any more."""
    if task.state is not State.SUCCESS or task.rescued or task.finish_at is None:
        return None
    return max(task.finish_at - task.submit_at, 0)


async def _add(tx: Transaction, rows: Sequence[Row], day_of: Callable[[int], int]) -> None:
    """Add each note to its user's and to everybody's counts, of its day and of all days."""
    counts: Counter[Key] = Counter()
    quotas: Counter[Key] = Counter()
    times: Counter[Key] = Counter()
    for row in rows:
        day = day_of(row["task_id"] // 1_000)
        what = (row["channel_id"], row["action"], row["mode"])
        for user in (row["user_id"], EVERYBODY):
            for when in (day, ALWAYS):
                key = (user, when, *what, row["outcome"])
                counts[key] += row["count"]
                quotas[key] += row["quota"]
            if row["took"] is not None:
                times[user, day, *what, took.bucket(row["took"])] += 1
        if row["took"] is not None:
            times[EVERYBODY, day, *ALL_TOGETHER, took.bucket(row["took"])] += 1
    await tx.many(
        """
        INSERT INTO tally (user_id, day, channel_id, action, mode, outcome, count, quota)
        VALUES (:user_id, :day, :channel_id, :action, :mode, :outcome, :count, :quota)
        ON CONFLICT (user_id, day, channel_id, action, mode, outcome) DO UPDATE
        SET count = tally.count + excluded.count, quota = tally.quota + excluded.quota
        """,
        [
            _named(key, "outcome") | {"count": counts[key], "quota": quotas[key]}
            for key in sorted(counts, key=str)
            if counts[key] or quotas[key]
        ],
    )
    await tx.many(
        """
        INSERT INTO tally_took (user_id, day, channel_id, action, mode, bucket, count)
        VALUES (:user_id, :day, :channel_id, :action, :mode, :bucket, :count)
        ON CONFLICT (user_id, day, channel_id, action, mode, bucket) DO UPDATE
        SET count = tally_took.count + excluded.count
        """,
        [_named(key, "bucket") | {"count": times[key]} for key in sorted(times, key=str)],
    )


def _named(key: Key, last: str) -> dict[str, Value]:
    return dict(zip(("user_id", "day", "channel_id", "action", "mode", last), key, strict=True))


async def _index(tx: Transaction, rows: Sequence[Row]) -> None:
    """Write down the words of new prompts, and anew those of prompts that have changed."""
    changes = [row["task_id"] for row in rows if row["outcome"] == Outcome.REWRITTEN]
    new = [
        row["task_id"] for row in rows if row["outcome"] == Outcome.ACCEPTED and row["count"] > 0
    ]
    ids = sorted({*changes, *new})
    if not ids:
        return
    found = await tx.rows(
        "SELECT id, user_id, prompt FROM tasks WHERE id IN each(:ids) AND prompt <> ''", ids=ids
    )
    await tx.run("DELETE FROM search WHERE rowid IN each(:ids)", ids=ids)
    await tx.many(
        "INSERT INTO search (rowid, words) VALUES (:id, :words)",
        [{"id": row["id"], "words": words_of(row["user_id"], row["prompt"])} for row in found],
    )


def words_of(user_id: int, prompt: str) -> str:
    """What a prompt is found by, with whose it is."""
    return " ".join([search.owner(user_id), *search.indexed(prompt)])
