"""The rows that say what is looked at when: claimed, planned, hastened."""

from dataclasses import replace

from mjgate.domain.clock import SECOND
from mjgate.domain.task import State, Task
from mjgate.lifecycle.hurry import hurry
from mjgate.lifecycle.party import submitted_in
from mjgate.lifecycle.verdict import unknown_in
from mjgate.store import attempts, follow
from mjgate.store.follow import Followed, Kind, Seen
from tests.lifecycle.conftest import Bench
from tests.lifecycle.hands import accept, submitted

LEASE = 10 * SECOND


async def claim(bench: Bench, limit: int = 50, kind: Kind = Kind.LOOK) -> list[Followed]:
    now = bench.clock.now()
    return await bench.gateway.store.write(
        follow.claim, bench.channel_id, kind, now=now, until=now + LEASE, limit=limit
    )


async def due_in(bench: Bench, task: Task) -> int:
    """Milliseconds until the task is looked at."""
    row = await bench.gateway.store.reader.row(
        "SELECT due_at FROM follow WHERE task_id = :id", id=task.id
    )
    assert row is not None
    return row["due_at"] - bench.clock.now()


def seen(bench: Bench, row: Followed, rest: int) -> Seen:
    """A look that changed nothing; the next one comes after `rest`, or half of it."""
    now = bench.clock.now()
    return Seen(row, now + rest, now + rest // 2, misses=0, moved_at=row.moved_at)


async def each_second(bench: Bench, count: int, *, apart: int = SECOND) -> list[int]:
    """Tasks that were taken so long after one another."""
    ids: list[int] = []
    for _ in range(count):
        ids.append((await submitted(bench.gateway, bench.alice)).id)
        bench.clock.pass_by(apart)
    return ids


async def test_half_of_a_backlog_are_those_that_became_due_last(bench: Bench) -> None:
    ids = await each_second(bench, 10)

    first = [row.task_id for row in await claim(bench, 4)]
    second = [row.task_id for row in await claim(bench, 4)]

    assert sorted(first) == [*ids[:2], *ids[-2:]]
    assert sorted(second) == [*ids[2:4], *ids[-4:-2]]


async def test_a_batch_with_room_takes_along_what_is_due_in_a_moment(bench: Bench) -> None:
    ids = await each_second(bench, 3, apart=400)
    bench.clock.pass_by(-3 * 400)

    nothing = await claim(bench)
    bench.clock.pass_by(SECOND)
    taken = [row.task_id for row in await claim(bench)]

    assert nothing == []
    assert taken == ids[:2]


async def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(bench: Bench) -> None:
    await each_second(bench, 2)

    first = await claim(bench)
    at_once = await claim(bench)
    bench.clock.pass_by(LEASE)
    later = await claim(bench)

    assert (len(first), len(at_once), len(later)) == (2, 0, 2)


async def test_what_was_hastened_during_a_look_stays_due_after_it(bench: Bench) -> None:
    noticed, quiet = [await submitted(bench.gateway, bench.alice) for _ in range(2)]
    bench.clock.pass_by(SECOND)
    rows = await claim(bench)

    await bench.gateway.store.write(follow.hasten, noticed.id, bench.clock.now())
    await bench.gateway.store.write(follow.plan, [seen(bench, row, 5 * SECOND) for row in rows])

    assert await due_in(bench, noticed) == 0
    assert await due_in(bench, quiet) == 5 * SECOND


async def test_a_search_that_ends_late_does_not_delay_the_looks_at_what_was_found(
    bench: Bench,
) -> None:
    task = await accept(bench.gateway, bench.alice)
    now = bench.clock.now()
    (sent,) = await attempts.of_task(bench.gateway.store.reader, task.id)
    await bench.gateway.store.write(unknown_in, sent, actor="sender", now=now, why="silence")
    (row,) = await claim(bench, kind=Kind.ADOPT)
    bench.clock.pass_by(1)
    await bench.gateway.store.write(submitted_in, task.id, "job-1", now=bench.clock.now())

    await bench.gateway.store.write(follow.plan, [seen(bench, row, 60 * SECOND)])

    assert await due_in(bench, task) == SECOND


async def test_a_client_that_waits_brings_the_next_look_forward(bench: Bench) -> None:
    asked, other = [await submitted(bench.gateway, bench.alice) for _ in range(2)]
    bench.clock.pass_by(SECOND)
    rows = await claim(bench)
    await bench.gateway.store.write(follow.plan, [seen(bench, row, 10 * SECOND) for row in rows])

    bench.gateway.waiting.add(asked.id)
    await hurry(bench.gateway)
    await hurry(bench.gateway)

    assert (await due_in(bench, asked), await due_in(bench, other)) == (5_000, 10_000)
    assert bench.gateway.waiting == set()


async def test_a_client_that_waits_starts_no_second_look_beside_one_under_way(
    bench: Bench,
) -> None:
    task = await submitted(bench.gateway, bench.alice)
    bench.clock.pass_by(SECOND)
    await claim(bench)

    bench.gateway.waiting.add(task.id)
    await hurry(bench.gateway)

    assert await due_in(bench, task) == LEASE


async def test_a_look_leaves_what_was_planned_for_it_alone_when_the_task_has_moved(
    bench: Bench,
) -> None:
    task = await submitted(bench.gateway, bench.alice)
    bench.clock.pass_by(SECOND)
    (row,) = await claim(bench)

    stale = replace(row, since=row.since - 1)
    await bench.gateway.store.write(follow.plan, [seen(bench, stale, SECOND)])

    assert await due_in(bench, task) == LEASE
    assert task.state is State.SUBMITTED
