"""Cancel, in every state that a task can be in."""

from mjgate.sandbox.settings import SandboxSettings
from tests.rig import RICH, Json, MakeRig, Rig

PRICE = 50_000
SLOW = SandboxSettings(port=0, seconds=600, pictures="plain")


async def cancel(rig: Rig, task_id: str) -> Json:
    return (await rig.post(f"/mj/task/{task_id}/cancel", {})).json()


async def test_a_waiting_task_is_cancelled_at_once_and_costs_nothing(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    await rig.imagine("one")
    waiting = await rig.imagine("two")

    answer = await cancel(rig, waiting)

    task = await rig.fetch(waiting)
    assert answer["code"] == 1
    assert (task["status"], task["failReason"]) == ("FAILURE", "cancelled")
    assert task["properties"]["cancelled"] is True
    assert await rig.balance() == (RICH - PRICE, PRICE, 0)


async def test_a_running_task_that_the_channel_stops_costs_nothing(make_rig: MakeRig) -> None:
    rig = await make_rig(sandbox=SLOW)
    task_id = await rig.imagine()

    await cancel(rig, task_id)

    assert (await rig.fetch(task_id))["failReason"] == "cancelled"
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


async def test_a_result_that_the_last_look_finds_wins(rig: Rig) -> None:
    task_id = await rig.imagine()

    await cancel(rig, task_id)

    assert (await rig.fetch(task_id))["status"] == "SUCCESS"
    assert await rig.balance() == (RICH - PRICE, 0, PRICE)


async def test_a_task_that_nobody_knows_the_fate_of_is_wanted_cancelled(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:drop-after-accept]]")

    answer = await cancel(rig, task_id)

    assert answer["code"] == 1
    assert (await rig.task(task_id)).cancel_wanted


async def test_a_finished_task_cannot_be_cancelled(rig: Rig) -> None:
    task_id = await rig.imagine()
    await rig.finished(task_id)

    answer = await cancel(rig, task_id)

    assert (answer["code"], answer["properties"]["reason"]) == (4, "already_finished")


async def test_another_users_task_cannot_be_cancelled(rig: Rig) -> None:
    task_id = await rig.imagine()

    answer = await rig.post(f"/mj/task/{task_id}/cancel", {}, by=rig.bob)

    assert answer.status_code == 404


async def test_by_setting_a_cancel_that_the_channel_did_not_confirm_costs_nothing(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(sandbox=SLOW)
    await rig.set("cancel_settles", value=False)
    task_id = await rig.imagine()
    await rig.move_channel("http://127.0.0.1:9")

    await cancel(rig, task_id)

    assert (await rig.fetch(task_id))["failReason"] == "cancelled"
    assert await rig.balance() == (RICH, 0, 0)
