"""Many finish a task at once: one wins, and money and clients hear of it once."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

import pytest

from mjgate.domain.task import State, Status, Task
from mjgate.lifecycle.finish import succeed
from mjgate.lifecycle.look import apply
from mjgate.lifecycle.routing import line
from mjgate.store.columns import encode_result
from mjgate.store.moves import move, note_progress
from tests.lifecycle.conftest import Bench
from tests.lifecycle.finisher import finish_often
from tests.lifecycle.hands import PICTURE, fresh, look_at, rows_of, submitted, told

MONEY = {State.SUCCESS: "settle", State.FAILURE: "release"}


async def some_tasks(bench: Bench, number: int) -> list[Task]:
    return [await submitted(bench.gateway, bench.alice) for _ in range(number)]


async def assert_ended_once(bench: Bench, tasks: Sequence[Task]) -> None:
    for task in tasks:
        state = (await fresh(bench.gateway, task)).state
        money, outbox = await rows_of(bench.gateway, task)
        assert [row["kind"] for row in money] == ["hold", MONEY[state]]
        assert [row["state"] for row in outbox if row["kind"] == "final"] == [state]
    assert await bench.books() == ()


async def test_of_fifty_finishers_one_wins(bench: Bench) -> None:
    tasks = await some_tasks(bench, 5)

    winners = await asyncio.gather(*(finish_often(bench.gateway, task) for task in tasks))

    assert [len(won) for won in winners] == [1] * 5
    for task, (won,) in zip(tasks, winners, strict=True):
        assert (await fresh(bench.gateway, task)).state is won.state
    await assert_ended_once(bench, tasks)


@pytest.mark.slow
@pytest.mark.usefixtures("loopback")
async def test_of_finishers_in_several_processes_one_wins(bench: Bench, database_url: str) -> None:
    tasks = await some_tasks(bench, 20)
    ids = [str(task.id) for task in tasks]

    won = await asyncio.to_thread(finish_in_processes, database_url, ids)

    assert sum(won) == len(tasks)
    await assert_ended_once(bench, tasks)


def finish_in_processes(url: str, ids: list[str]) -> list[int]:
    """Four processes that begin together; how many tasks each of them ended."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.lifecycle.finisher", url, *ids],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for each in processes:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return [int(each.communicate(timeout=60)[0]) for each in processes]


async def test_a_success_that_races_with_progress_is_not_lost(bench: Bench) -> None:
    tasks = await some_tasks(bench, 10)
    write = bench.gateway.store.write
    picture = encode_result(PICTURE)

    await asyncio.gather(
        *(
            write(note_progress, {task.id: (n, picture) for task in tasks}, now=n)
            for n in range(1, 40)
        ),
        *(succeed(bench.gateway, task, PICTURE, actor="look") for task in tasks),
        *(
            write(note_progress, {task.id: (n, picture) for task in tasks}, now=n)
            for n in range(40, 80)
        ),
    )

    for task in tasks:
        ended = await fresh(bench.gateway, task)
        assert (ended.state, ended.progress, ended.result) == (State.SUCCESS, 100, PICTURE)
    await assert_ended_once(bench, tasks)


async def test_looks_that_cross_do_not_undo_each_other(bench: Bench) -> None:
    tasks = await some_tasks(bench, 10)
    began = bench.clock.now()
    to = await line(bench.gateway, bench.channel_id, tasks[0].credential_id or 0)

    looks = [
        look_at(task, told(task, status, progress), began=began, since=began)
        for task in tasks
        for status, progress in (
            (Status.IN_PROGRESS, 30),
            (Status.SUCCESS, 100),
            (Status.IN_PROGRESS, 60),
            (Status.SUBMITTED, 0),
        )
    ]
    await asyncio.gather(*(apply(bench.gateway, to, [look]) for look in looks))

    states = Counter([(await fresh(bench.gateway, task)).state for task in tasks])
    assert states == {State.SUCCESS: 10}
    await assert_ended_once(bench, tasks)


async def test_each_move_is_an_event_of_its_own(bench: Bench) -> None:
    (task,) = await some_tasks(bench, 1)
    write = bench.gateway.store.write
    now = bench.clock.now()

    moved = await asyncio.gather(
        *(write(move, task.id, State.RUNNING, actor="look", now=now) for _ in range(20))
    )

    events = await bench.gateway.store.reader.rows(
        "SELECT seq, kind FROM events WHERE task_id = :id ORDER BY seq", id=task.id
    )
    assert sum(each is not None for each in moved) == 1
    assert [row["kind"] for row in events] == ["SENDING", "SUBMITTED", "RUNNING"]
    assert [row["seq"] for row in events] == [1, 2, 3]
