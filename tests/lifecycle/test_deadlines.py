"""Our own clocks: they run whatever the upstream says, and wait when it was we who were away."""

from dataclasses import replace
from typing import LiteralString

import pytest

from mjgate.domain.clock import HOUR, MINUTE, SECOND
from mjgate.lifecycle import Gateway, nodes
from mjgate.lifecycle.absence import Absence
from mjgate.lifecycle.track import Tracker
from mjgate.store.database import Transaction
from tests.lifecycle.talker import says, takes, talking
from tests.rig import RICH, HandClock, MakeRig, Rig


async def ended(rig: Rig, task_id: str) -> tuple[str, str | None]:
    task = await rig.fetch(task_id)
    return task["status"], task["properties"].get("reason")


def live_on(gateway: Gateway, clock: HandClock, milliseconds: int) -> None:
    """Let time pass in which the process is awake."""
    for _ in range(0, milliseconds, 10 * SECOND):
        clock.pass_by(10 * SECOND)
        gateway.absence.beat(clock.now())


async def test_what_never_gets_further_ends_by_our_clock(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")

    await rig.look()
    await rig.look(after=rig.gateway.timing.no_progress + SECOND)

    assert await ended(rig, task_id) == ("FAILURE", "deadline_no_progress")
    assert await rig.books() == ()


async def test_what_lists_leave_out_is_asked_for_alone(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:omit]]")

    for _ in range(3):
        await rig.look()

    assert await ended(rig, task_id) == ("SUCCESS", None)


async def test_what_lists_leave_out_is_asked_for_alone_before_a_deadline_ends_it(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:omit]]")

    await rig.look(after=rig.gateway.timing.no_progress + SECOND)

    assert await ended(rig, task_id) == ("SUCCESS", None)


async def test_an_upstream_that_is_gone_ends_by_the_deadline_and_costs_nothing(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig()
    task_id = await rig.imagine("a fox [[fault:hang]]")
    await rig.move_channel("http://127.0.0.1:9")

    await rig.look(after=rig.gateway.timing.no_progress + SECOND)

    assert await ended(rig, task_id) == ("FAILURE", "deadline_no_progress")
    assert await rig.balance() == (RICH, 0, 0)


async def test_what_finished_while_we_were_away_succeeds(rig: Rig) -> None:
    task_id = await rig.imagine()

    await rig.look(after=2 * HOUR)

    assert await ended(rig, task_id) == ("SUCCESS", None)


async def test_after_our_own_absence_deadlines_wait(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")
    await nodes.join(rig.gateway, "this")
    rig.clock.pass_by(HOUR)

    await rig.look(after=SECOND)
    unnoticed = await ended(rig, task_id)
    await nodes.beat(rig.gateway)
    await rig.look(after=SECOND)
    at_once = await ended(rig, task_id)
    live_on(rig.gateway, rig.clock, rig.gateway.timing.grace)
    await rig.look(after=SECOND)

    assert (unnoticed[0], at_once[0]) == ("IN_PROGRESS", "IN_PROGRESS")
    assert (await ended(rig, task_id))[0] == "FAILURE"


@pytest.mark.parametrize("again", ["restarted", "held up"])
async def test_who_starts_within_the_grace_has_what_is_left_of_it(rig: Rig, again: str) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")
    await nodes.join(rig.gateway, "first")
    rig.clock.pass_by(HOUR)
    back = rig.gateway
    if again == "restarted":
        back = replace(rig.gateway, node="node-2", absence=Absence())
        await nodes.join(back, "second")
    for _ in range(5):
        await nodes.beat(back)
        rig.clock.pass_by(20 * SECOND)
    late = replace(rig.gateway, node="node-3", absence=Absence())
    await nodes.join(late, "third")
    tracker = Tracker(late)

    await tracker.step()
    await tracker.settle()
    within = await ended(rig, task_id)
    live_on(late, rig.clock, 20 * SECOND)
    await tracker.step()
    await tracker.settle()

    assert within[0] == "IN_PROGRESS"
    assert (await ended(rig, task_id))[0] == "FAILURE"


async def test_a_beat_that_could_not_be_written_is_none(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")
    await nodes.join(rig.gateway, "this")
    await rig.gateway.store.write(in_the_way, "ALTER TABLE nodes RENAME TO kept")
    for _ in range(60):
        rig.clock.pass_by(MINUTE)
        with pytest.raises(Exception, match="nodes"):
            await nodes.beat(rig.gateway)
    await rig.gateway.store.write(in_the_way, "ALTER TABLE kept RENAME TO nodes")

    await rig.look()
    await nodes.beat(rig.gateway)
    await rig.look()

    assert (await ended(rig, task_id))[0] == "IN_PROGRESS"


async def in_the_way(tx: Transaction, sql: LiteralString) -> None:
    await tx.run(sql)


async def test_the_clocks_start_when_a_task_is_sent_and_not_when_it_was_accepted(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(max_running=1)
    first = await rig.imagine("a fox [[fault:hang]]")
    waiting = await rig.imagine("another fox [[fault:hang]]")
    await rig.look()
    await rig.look(after=rig.gateway.timing.no_progress + SECOND)
    assert (await ended(rig, first))[1] == "deadline_no_progress"

    await rig.hand_on()
    await rig.look()
    sent = await ended(rig, waiting)
    await rig.look(after=rig.gateway.timing.no_progress + SECOND)

    assert sent == ("IN_PROGRESS", None)
    assert await ended(rig, waiting) == ("FAILURE", "deadline_no_progress")


async def test_the_clocks_of_a_job_that_was_found_late_have_run_since_it_was_sent(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]] [[fault:drop-after-accept]]")
    found_after = 9 * MINUTE
    rig.clock.pass_by(found_after)
    await rig.look()
    quiet = rig.gateway.timing.no_progress

    followed = await rig.gateway.store.reader.row(
        "SELECT since, moved_at FROM follow WHERE task_id = :id", id=int(task_id)
    )
    await rig.look()
    await rig.look(after=2 * quiet - found_after)

    sent_at = (await rig.task(task_id)).submit_at
    assert followed is not None
    assert (followed["since"], followed["moved_at"]) == (sent_at, sent_at)
    assert await ended(rig, task_id) == ("FAILURE", "deadline_total")


async def test_progress_resets_the_first_clock_and_not_the_second(make_rig: MakeRig) -> None:
    told = {"id": "job-1", "status": "IN_PROGRESS", "progress": "1%"}
    async with talking(lambda asked: takes() if asked.submit else says([told])) as talker:
        rig = await make_rig(upstream_url=talker.url)
        task_id = await rig.imagine()
        seen: list[tuple[str, str | None]] = []
        for percent in (10, 20, 30):
            told["progress"] = f"{percent}%"
            await rig.look(after=rig.gateway.timing.no_progress - MINUTE)
            seen.append(await ended(rig, task_id))

    assert seen == [("IN_PROGRESS", None)] * 2 + [("FAILURE", "deadline_total")]
    assert await rig.balance() == (RICH, 0, 0)


async def test_back_from_an_absence_three_looks_must_fail_before_a_deadline_counts(
    make_rig: MakeRig,
) -> None:
    async with talking(lambda asked: takes() if asked.submit else None) as talker:
        rig = await make_rig(upstream_url=talker.url)
        task_id = await rig.imagine()
        await nodes.join(rig.gateway, "this")
        rig.clock.pass_by(2 * HOUR)
        await nodes.beat(rig.gateway)

        seen: list[str] = []
        for pause in (0, rig.gateway.timing.grace, 10 * SECOND):
            live_on(rig.gateway, rig.clock, pause)
            await rig.look(after=0)
            seen.append((await ended(rig, task_id))[0])

    assert seen == ["SUBMITTED", "SUBMITTED", "FAILURE"]
    assert await rig.balance() == (RICH, 0, 0)


async def test_what_finished_while_we_were_away_succeeds_though_the_first_look_fails(
    make_rig: MakeRig,
) -> None:
    done = {
        "id": "job-1",
        "status": "SUCCESS",
        "imageUrl": "http://pictures.test/fox.png",
        "buttons": [{"customId": "MJ::JOB::upsample::1::abc", "label": "U1"}],
    }
    looks = [says({}, "502 Bad Gateway"), says([done])]
    async with talking(lambda asked: takes() if asked.submit else looks.pop(0)) as talker:
        rig = await make_rig(upstream_url=talker.url)
        task_id = await rig.imagine()
        await nodes.join(rig.gateway, "this")
        rig.clock.pass_by(2 * HOUR)
        await nodes.beat(rig.gateway)

        await rig.look(after=SECOND)
        await rig.look(after=10 * SECOND)

    assert await ended(rig, task_id) == ("SUCCESS", None)
