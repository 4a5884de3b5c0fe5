"""Results that come after we had given up: delivered, and free."""

from mjgate.domain.clock import DAY, HOUR, MINUTE
from mjgate.domain.timing import Timing
from mjgate.sandbox.settings import SandboxSettings
from tests.rig import RICH, MakeRig, Rig

SOON = SandboxSettings(port=0, seconds=2, pictures="plain")


async def given_up(make_rig: MakeRig) -> tuple[Rig, str]:
    """A task that was still running when its time was over."""
    rig = await make_rig(sandbox=SOON, timing=Timing(no_progress=1))
    task_id = await rig.imagine()
    await rig.look()
    await rig.look(after=11_000)
    assert (await rig.fetch(task_id))["status"] == "FAILURE"
    return rig, task_id


async def test_a_late_result_is_delivered_and_costs_nothing(make_rig: MakeRig) -> None:
    rig, task_id = await given_up(make_rig)
    assert await rig.balance() == (RICH, 0, 0)

    task = await rig.rescued(task_id)

    assert (task["status"], task["failReason"]) == ("SUCCESS", None)
    assert task["properties"]["rescued"].startswith("deadline_")
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


async def test_after_a_day_nobody_looks_any_more(make_rig: MakeRig) -> None:
    rig, task_id = await given_up(make_rig)

    await rig.look(after=DAY + HOUR)

    row = await rig.gateway.store.reader.row(
        "SELECT 1 AS one FROM follow WHERE task_id = :id", id=int(task_id)
    )
    assert row is None
    assert (await rig.fetch(task_id))["status"] == "FAILURE"


async def test_an_upstreams_own_failure_is_never_looked_at_again(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:fail=broken]]")
    await rig.finished(task_id)

    await rig.look(after=5 * MINUTE)

    row = await rig.gateway.store.reader.row(
        "SELECT 1 AS one FROM follow WHERE task_id = :id", id=int(task_id)
    )
    assert row is None
