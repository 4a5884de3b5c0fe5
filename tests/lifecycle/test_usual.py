"""What tasks of a kind usually take is learned from those that were done."""

from mjgate.domain.action import Action, Mode
from mjgate.domain.clock import MINUTE, SECOND
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import Task
from mjgate.lifecycle.finish import fail, succeed
from mjgate.lifecycle.usual import usual
from mjgate.store import tasks
from mjgate.store.columns import INSERT, columns
from mjgate.store.database import Reader, Transaction
from tests.lifecycle.conftest import Bench
from tests.lifecycle.hands import PICTURE, submitted


async def done(bench: Bench, seconds: int) -> Task:
    """A task that took so long."""
    task = await submitted(bench.gateway, bench.alice)
    bench.clock.pass_by(seconds * SECOND)
    ended = await succeed(bench.gateway, task, PICTURE, actor="look")
    assert ended is not None
    return ended


async def of_pictures(bench: Bench, mode: Mode = Mode.FAST) -> int | None:
    return await usual(bench.gateway, bench.channel_id, Action.IMAGINE, mode)


async def test_it_is_the_median_of_what_was_done_lately(bench: Bench) -> None:
    before = await of_pictures(bench)
    for seconds in (4, 60, 11):
        await done(bench, seconds)
    failed = await submitted(bench.gateway, bench.alice)
    bench.clock.pass_by(10 * MINUTE)
    await fail(bench.gateway, failed, FailReason.UPSTREAM_FAILED, actor="look")

    learned = await of_pictures(bench)

    assert (before, learned) == (None, 11 * SECOND)
    assert await of_pictures(bench, Mode.RELAX) is None
    assert await usual(bench.gateway, bench.channel_id, Action.DESCRIBE, Mode.FAST) is None
    assert await usual(bench.gateway, bench.channel_id + 1, Action.IMAGINE, Mode.FAST) is None


async def test_it_is_asked_of_the_database_now_and_then(bench: Bench) -> None:
    await done(bench, 4)
    first = await of_pictures(bench)
    await done(bench, 1)

    at_once = await of_pictures(bench)
    bench.clock.pass_by(10 * SECOND)
    later = await of_pictures(bench)

    assert (first, at_once, later) == (4_000, 4_000, 2_500)


async def test_only_the_latest_two_hundred_count(bench: Bench) -> None:
    one = await done(bench, 4)
    await bench.gateway.store.write(copied, one, 300, took=7 * SECOND)

    took = await tasks.durations(
        bench.gateway.store.reader, bench.channel_id, Action.IMAGINE, Mode.FAST
    )

    assert took == [7 * SECOND] * 200
    assert "tasks_done" in await plan(bench.gateway.store.reader, bench)


async def copied(tx: Transaction, task: Task, times: int, *, took: int) -> None:
    """So many younger tasks like `task` that took so long."""
    for number in range(1, times + 1):
        copy = task._replace(
            id=task.id + number,
            job_uuid=f"copy-{number}",
            finish_at=(task.start_at or 0) + took,
        )
        await tx.run(INSERT, **columns(copy))


async def plan(reader: Reader, bench: Bench) -> str:
    """How the database finds them; PostgreSQL needs no reminder of a small table."""
    if bench.gateway.store.engine != "sqlite":
        return "tasks_done"
    rows = await reader.rows(
        """
        EXPLAIN QUERY PLAN
        SELECT finish_at - start_at AS took FROM tasks
        WHERE channel_id = :channel_id AND action = 'IMAGINE' AND mode = 'FAST'
        AND state = 'SUCCESS' AND rescued = 0 AND finish_at > start_at
        ORDER BY id DESC LIMIT 200
        """,
        channel_id=bench.channel_id,
    )
    return " ".join(str(row["detail"]) for row in rows)
