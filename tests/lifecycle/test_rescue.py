"""Results that come after we had given up: delivered, and free."""

from mjgate.domain.clock import DAY, HOUR, MINUTE
from mjgate.domain.reasons import FailReason
from mjgate.lifecycle.finish import fail
from tests.rig import RICH, Rig


async def given_up(rig: Rig) -> str:
    """A task whose time was over, as far as we knew."""
    task_id = await rig.imagine()
    task = await rig.task(task_id)
    await fail(rig.gateway, task, FailReason.DEADLINE_TOTAL, actor="deadline")
    assert (await rig.fetch(task_id))["status"] == "FAILURE"
    return task_id


async def test_a_late_result_is_delivered_and_costs_nothing(rig: Rig) -> None:
    task_id = await given_up(rig)
    assert await rig.balance() == (RICH, 0, 0)

    await rig.look(after=2 * MINUTE)

    task = await rig.fetch(task_id)
    assert (task["status"], task["failReason"]) == ("SUCCESS", None)
    assert task["properties"]["rescued"].startswith("deadline_")
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


async def test_after_a_day_nobody_looks_any_more(rig: Rig) -> None:
    task_id = await given_up(rig)

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
