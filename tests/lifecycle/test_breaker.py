"""Channels that keep failing: no new work, a free look, one real try, and mended."""

from dataclasses import replace

from mjgate.domain.clock import SECOND
from mjgate.domain.errors import NotSent
from mjgate.domain.task import State
from mjgate.lifecycle.breaker import heard, probe
from mjgate.lifecycle.faults import Faults
from mjgate.lifecycle.moments import Moment
from mjgate.store import channels
from mjgate.store.database import Row
from tests.lifecycle.talker import says, takes, talking
from tests.rig import Json, MakeRig, Rig

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


async def test_faults_that_lie_far_apart_or_are_few_break_nothing(rig: Rig) -> None:
    for _ in range(2 * FAULTS):
        await submit(rig, "a fox [[fault:http-500]]")
        rig.clock.pass_by(16 * SECOND)

    assert (await submit(rig, "a fox"))["code"] == 1


async def test_one_submit_at_a_time_tries_a_broken_channel_and_others_wait(
    make_rig: MakeRig,
) -> None:
    async with talking(says({}, "500 Internal Server Error")) as talker:
        rig = await make_rig(upstream_url=talker.url, answer_wait=50)
        await broken(rig)
        talker.answer = lambda asked: (
            takes(f"job-{len(talker.asked)}") if asked.submit else says([])
        )
        rig.clock.pass_by(PAUSE + SECOND)
        await probe(rig.gateway)
        talker.go.clear()

        await submit(rig, "the trial")
        meanwhile = [await submit(rig, "another") for _ in range(3)]
        rig.clock.pass_by(2 * SECOND)
        late = await submit(rig, "one more")
        tried = len(talker.submits)
        talker.go.set()
        await rig.gateway.senders.settle()
        for _ in range(4):
            rig.clock.pass_by(2 * SECOND)
            await rig.hand_on()

    assert [each["code"] for each in (*meanwhile, late)] == [1, 1, 1, 1]
    assert tried == FAULTS + 1
    assert len(talker.submits) == FAULTS + 5
    assert await rig.books() == ()


async def test_a_trial_of_refused_content_leaves_the_next_submit_to_try(make_rig: MakeRig) -> None:
    async with talking(says({}, "500 Internal Server Error")) as talker:
        rig = await make_rig(upstream_url=talker.url)
        await broken(rig)
        talker.answer = lambda asked: (
            says({"code": 24, "description": "no"}) if asked.submit else says([])
        )
        rig.clock.pass_by(PAUSE + SECOND)
        await probe(rig.gateway)

        refused = await submit(rig, "not this")
        state = await row(rig)
        talker.answer = lambda _: takes()
        taken = await submit(rig, "a fox")

    assert (refused["code"], state["broken_times"]) == (24, 1)
    assert (taken["code"], (await row(rig))["broken_times"]) == (1, 0)


async def test_that_it_is_broken_is_stored_and_counted_once_by_two_nodes(rig: Rig) -> None:
    await broken(rig)
    other = replace(rig.gateway, faults=Faults(), channels=Moment())
    (stale,) = await channels.all_in_use(rig.gateway.store.reader)
    stale = replace(stale, broken_times=0, broken_until=0)

    for _ in range(FAULTS):
        await heard(other, stale, NotSent("gone"))

    assert (await row(rig))["broken_times"] == 1
    assert (await channels.all_in_use(other.store.reader))[0].shut(rig.clock.now())


async def test_a_follow_up_waits_for_its_broken_channel(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    await broken(rig)

    upscale = await rig.press(grid, "U1")
    await rig.hand_on()
    waits = (await rig.task(upscale["result"])).state
    rig.clock.pass_by(PAUSE + SECOND)
    await probe(rig.gateway)
    await rig.hand_on()

    assert (upscale["code"], waits) == (1, State.QUEUED)
    assert (await rig.finished(upscale["result"]))["status"] == "SUCCESS"
    assert (await row(rig))["broken_times"] == 0


async def row(rig: Rig) -> Row:
    """The channel as it is stored."""
    found = await rig.gateway.store.reader.row(
        "SELECT * FROM channels WHERE id = :id", id=rig.channel_id
    )
    assert found is not None
    return found
