"""Looks at real channels: how many at once, how often, and what they write."""

from collections import Counter
from contextlib import AsyncExitStack

from mjgate.domain.clock import MINUTE, SECOND
from mjgate.lifecycle.hurry import hurry
from mjgate.lifecycle.turns import IN_FLIGHT
from mjgate.store.database import Row
from tests.lifecycle.talker import Asked, says, takes, talking
from tests.rig import PLAIN, MakeRig, Rig, a_channel, running


async def rows_of(rig: Rig, task_id: str) -> Row:
    row = await rig.gateway.store.reader.row(
        "SELECT * FROM follow WHERE task_id = :id", id=int(task_id)
    )
    assert row is not None
    return row


async def pause_of(rig: Rig, task_id: str) -> int:
    """Milliseconds until the task is looked at."""
    return (await rows_of(rig, task_id))["due_at"] - rig.clock.now()


async def test_a_hanging_channel_gets_two_calls_and_delays_no_other(make_rig: MakeRig) -> None:
    numbers = iter(range(1, 999))

    def answer(asked: Asked) -> bytes:
        return takes(f"job-{next(numbers)}") if asked.submit else says([])

    async with AsyncExitStack() as stack:
        hanging = await stack.enter_async_context(talking(answer))
        port = await stack.enter_async_context(running(PLAIN))
        rig = await make_rig(upstream_url=hanging.url, max_running=200)
        there = [await rig.imagine(f"stuck {number}") for number in range(130)]
        await a_channel(rig.gateway, "healthy", f"http://127.0.0.1:{port}", priority=1)
        rig.clock.pass_by(2 * SECOND)
        here = await rig.imagine("goes on")
        hanging.go.clear()
        rig.clock.pass_by(2 * SECOND)
        looks_before = len(hanging.asked)

        with rig.gateway.store.changes.of(int(here)) as bell:
            await rig.tracker.step()
            assert await bell.rung(10)
        for _ in range(5):
            await rig.tracker.step()
        ended = await rig.fetch(here)
        hung = len(hanging.asked) - looks_before
        hanging.go.set()
        await rig.tracker.settle()

    assert (ended["status"], ended["progress"]) in {("SUCCESS", "100%"), ("IN_PROGRESS", "99%")}
    assert hung <= IN_FLIGHT
    assert len(there) == 130
    asked = Counter(each for look in hanging.asked[looks_before:] for each in look.body["ids"])
    assert set(asked.values()) == {1}
    assert len(asked) == 130


async def test_a_look_that_shows_nothing_new_writes_only_when_to_look_again(
    make_rig: MakeRig,
) -> None:
    told = {"id": "job-1", "status": "IN_PROGRESS", "progress": "30%"}
    async with talking(lambda asked: takes() if asked.submit else says([told])) as talker:
        rig = await make_rig(upstream_url=talker.url)
        task_id = await rig.imagine()
        await rig.look()
        before, row = await rig.task(task_id), await rows_of(rig, task_id)

        await rig.look()
        await rig.look()

    after = await rows_of(rig, task_id)
    assert await rig.task(task_id) == before
    assert after["looks"] == row["looks"] + 2
    assert after["moved_at"] == row["moved_at"]


async def test_looks_are_planned_by_what_such_tasks_took_before(make_rig: MakeRig) -> None:
    shown = {"status": "IN_PROGRESS", "progress": "1%"}
    numbers = iter(range(1, 99))

    def answer(asked: Asked) -> bytes:
        if asked.submit:
            return takes(f"job-{next(numbers)}")
        return says([{"id": each, **shown} for each in asked.body["ids"]])

    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url)
        first = await rig.imagine()
        await rig.look(after=SECOND)
        unknown = await pause_of(rig, first)
        shown |= {"status": "SUCCESS", "imageUrl": "http://127.0.0.1/x.png", "buttons": [
            {"customId": "MJ::JOB::upsample::1::abc", "label": "U1"}
        ]}  # fmt: skip
        await rig.look(after=MINUTE - SECOND)
        shown |= {"status": "IN_PROGRESS"}
        rig.clock.pass_by(10 * SECOND)

        task_id = await rig.imagine()
        await rig.look(after=SECOND)
        early = await pause_of(rig, task_id)
        await rig.fetch(task_id)
        await hurry(rig.gateway)
        waited = await pause_of(rig, task_id)
        for _ in range(4):
            await rig.look(after=10 * SECOND)
        close = await pause_of(rig, task_id)

    assert (unknown, early, waited, close) == (1_000, 10_000, 5_000, 2_500)


async def test_a_fetch_that_is_answered_from_memory_waits_as_well(make_rig: MakeRig) -> None:
    told = {"id": "job-1", "status": "IN_PROGRESS", "progress": "30%"}
    async with talking(lambda asked: takes() if asked.submit else says([told])) as talker:
        rig = await make_rig(upstream_url=talker.url)
        task_id = await rig.imagine()
        await rig.look(after=30 * SECOND)
        planned = await pause_of(rig, task_id)
        await rig.fetch(task_id)
        rig.gateway.waiting.clear()

        await rig.fetch(task_id)
        await hurry(rig.gateway)
        waited = await pause_of(rig, task_id)
        await rig.get(f"/mj-fast/mj/task/{task_id}/fetch")

    assert (planned, waited) == (3_000, 2_000)
    assert rig.gateway.waiting == {int(task_id)}


async def test_what_lists_leave_out_is_asked_for_alone_every_third_time(make_rig: MakeRig) -> None:
    def answer(asked: Asked) -> bytes:
        if asked.submit:
            return takes()
        one = {"id": "job-1", "status": "IN_PROGRESS", "progress": "30%"}
        return says(one if asked.method == "GET" else [])

    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url)
        task_id = await rig.imagine()
        for _ in range(7):
            await rig.look(after=10 * SECOND)

    alone = [each.method == "GET" for each in talker.asked[1:]]
    assert alone == [False, False, False, True, False, False, False, True, False]
    assert (await rig.fetch(task_id))["progress"] == "30%"


async def test_a_task_that_is_finished_is_not_waited_for(rig: Rig) -> None:
    task_id = await rig.imagine()
    await rig.finished(task_id)
    rig.gateway.waiting.clear()

    for _ in range(2):
        await rig.fetch(task_id)

    assert rig.gateway.waiting == set()
