"""Channels that keep failing: no new work, a free look, one real try, and mended."""

from mjgate.domain.clock import SECOND
from mjgate.lifecycle.breaker import probe
from tests.rig import Json, Rig

FAULTS = 5
PAUSE = 30 * SECOND


async def submit(rig: Rig, prompt: str) -> Json:
    return (await rig.post("/mj/submit/imagine", {"prompt": prompt})).json()


async def broken(rig: Rig) -> None:
    """Let the channel fail until it gets no more work."""
    for _ in range(FAULTS):
        await submit(rig, "a fox [[fault:http-500]]")


async def test_a_channel_that_keeps_failing_gets_no_more_work(rig: Rig) -> None:
    await broken(rig)

    answer = await submit(rig, "a fox")

    assert (answer["code"], answer["properties"]["reason"]) == (3, "no_channel")
    assert (await rig.stats())["submits"] == FAULTS


async def test_refused_content_breaks_nothing(rig: Rig) -> None:
    for _ in range(2 * FAULTS):
        await submit(rig, "a fox [[fault:reject-24]]")

    assert (await submit(rig, "a fox"))["code"] == 1


async def test_a_broken_channel_is_looked_at_for_nothing_before_it_is_tried(rig: Rig) -> None:
    await broken(rig)
    rig.clock.pass_by(PAUSE + SECOND)
    before = (await submit(rig, "a fox"))["code"]

    await probe(rig.gateway)

    assert before == 3
    assert (await rig.stats())["submits"] == FAULTS
    assert (await submit(rig, "a fox"))["code"] == 1


async def test_one_success_mends_it(rig: Rig) -> None:
    await broken(rig)
    rig.clock.pass_by(PAUSE + SECOND)
    await probe(rig.gateway)

    answers = [await submit(rig, "a fox") for _ in range(3)]

    assert [each["code"] for each in answers] == [1, 1, 1]


async def test_a_relapse_doubles_the_pause(rig: Rig) -> None:
    await broken(rig)
    rig.clock.pass_by(PAUSE + SECOND)
    await probe(rig.gateway)
    await submit(rig, "a fox [[fault:http-500]]")

    rig.clock.pass_by(PAUSE + SECOND)
    await probe(rig.gateway)
    too_soon = (await submit(rig, "a fox"))["code"]
    rig.clock.pass_by(PAUSE)
    await probe(rig.gateway)

    assert too_soon == 3
    assert (await submit(rig, "a fox"))["code"] == 1


async def test_tasks_that_run_there_are_looked_at_as_ever(rig: Rig) -> None:
    task_id = await rig.imagine("a fox")
    await broken(rig)

    task = await rig.finished(task_id)

    assert task["status"] == "SUCCESS"
