"""Our own clocks: they run whatever the upstream says, and wait when it was we who were away."""

from mjgate.domain.clock import HOUR, SECOND
from tests.rig import RICH, MakeRig, Rig


async def ended(rig: Rig, task_id: str) -> tuple[str, str | None]:
    task = await rig.fetch(task_id)
    return task["status"], task["properties"].get("reason")


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
    rig.gateway.absence.beat(rig.clock.now())
    rig.clock.pass_by(HOUR)
    rig.gateway.absence.beat(rig.clock.now())

    await rig.look(after=SECOND)
    at_once = await ended(rig, task_id)
    await rig.look(after=rig.gateway.timing.grace + SECOND)
    await rig.look(after=rig.gateway.timing.no_progress + SECOND)

    assert at_once[0] == "IN_PROGRESS"
    assert (await ended(rig, task_id))[0] == "FAILURE"
