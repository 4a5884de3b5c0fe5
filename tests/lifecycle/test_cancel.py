"""Cancel, in every state that a task can be in."""

import asyncio

import pytest

from mjgate.domain.clock import SECOND
from mjgate.domain.task import State
from mjgate.lifecycle.verdict import window_in
from mjgate.sandbox.server import running
from mjgate.sandbox.settings import SandboxSettings
from mjgate.store.database import Transaction
from tests.lifecycle.talker import Asked, Talker, says, takes, talking
from tests.rig import PRICE, RICH, Json, MakeRig, Rig, a_channel

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


async def test_of_many_who_cancel_at_once_one_asks_the_channel(make_rig: MakeRig) -> None:
    stopped = says({"code": 1, "description": "stopped"})
    told = {"id": "job-1", "status": "IN_PROGRESS", "progress": "1%"}

    def say(asked: Asked) -> bytes:
        if asked.submit:
            return takes()
        return stopped if asked.path.endswith("/cancel") else says([told])

    async with talking(say) as talker:
        rig = await make_rig(upstream_url=talker.url)
        task_id = await rig.imagine()

        answers = await asyncio.gather(*(cancel(rig, task_id) for _ in range(5)))

    codes = {answer["code"] for answer in answers}
    assert codes in ({1}, {1, 4})  # 4: who comes when it has ended already
    assert sum(each.path.endswith("/cancel") for each in talker.asked) == 1
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


async def test_a_look_that_sees_what_a_cancel_has_stopped_calls_it_cancelled(
    make_rig: MakeRig,
) -> None:
    told = {"id": "job-1", "status": "FAILURE", "failReason": "stopped by its user"}
    async with talking(lambda asked: takes() if asked.submit else says([told])) as talker:
        rig = await make_rig(upstream_url=talker.url)
        task_id = await rig.imagine()
        await rig.gateway.store.write(forgotten, int(task_id))

        await rig.look()

    task = await rig.fetch(task_id)
    assert (task["failReason"], task["properties"]["cancelled"]) == ("cancelled", True)
    assert await rig.balance() == (RICH, 0, 0)


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


# While it is being sent


async def cancelled_meanwhile(rig: Rig, talker: Talker) -> str:
    """A task that is cancelled while its channel has not answered yet; then it answers."""
    talker.go.clear()
    task_id = await rig.imagine()
    assert (await rig.task(task_id)).state is State.SENDING
    assert (await cancel(rig, task_id))["code"] == 1
    talker.go.set()
    await rig.gateway.senders.settle()
    return task_id


ANSWERS = {
    "takes it": takes(),
    "is full": says({"code": 23, "description": "full"}),
    "refuses": says({"code": 9, "description": "no"}),
    "asks first": says({"code": 21, "result": "job-1", "properties": {"finalPrompt": "a fox"}}),
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_cancel_during_the_sending_is_carried_out_whatever_the_channel_says(
    make_rig: MakeRig, answer: str
) -> None:
    stopped = says({"code": 1, "description": "stopped"})

    def say(asked: Asked) -> bytes:
        if asked.submit:
            return ANSWERS[answer]
        return stopped if asked.path.endswith("/cancel") else says([])

    async with talking(say) as talker, running(SLOW) as port:
        rig = await make_rig(upstream_url=talker.url, answer_wait=50)
        await a_channel(rig.gateway, "spare", f"http://127.0.0.1:{port}", priority=-1)

        task_id = await cancelled_meanwhile(rig, talker)

    task = await rig.fetch(task_id)
    cancels = [each for each in talker.asked if each.path.endswith("/cancel")]
    assert (task["status"], task["failReason"]) == ("FAILURE", "cancelled")
    assert len(talker.submits) == 1
    assert len(cancels) == (answer == "takes it")
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


async def test_a_window_is_not_opened_for_who_has_cancelled_while_it_was_sent(
    make_rig: MakeRig,
) -> None:
    async with talking(lambda asked: takes() if asked.submit else says([])) as talker:
        rig = await make_rig(upstream_url=talker.url, answer_wait=50)
        talker.go.clear()
        task_id = int(await rig.imagine())
        await cancel(rig, str(task_id))

        after = await rig.gateway.store.write(
            window_in, task_id, "job-1", offered="", until=0, now=rig.clock.now()
        )  # one transaction: who dies behind it leaves nothing open

        talker.go.set()
        await rig.gateway.senders.settle()
    assert after is not None
    assert after.state is State.CANCELLED
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


async def test_a_cancel_of_what_nobody_knew_the_fate_of_is_carried_out_when_it_is_found(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(sandbox=SLOW)
    task_id = await rig.imagine("a fox [[fault:drop-after-accept]]")
    await cancel(rig, task_id)

    await rig.look()

    assert (await rig.fetch(task_id))["failReason"] == "cancelled"
    assert await rig.balance() == (RICH, 0, 0)


async def test_a_cancel_that_died_with_its_sender_is_carried_out_by_a_look(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")
    await rig.gateway.store.write(forgotten, int(task_id))

    await rig.look(after=2 * SECOND)
    soon = await rig.fetch(task_id)
    await rig.look(after=20 * SECOND)

    assert (soon["status"], soon["failReason"]) == ("IN_PROGRESS", None)
    assert (await rig.fetch(task_id))["failReason"] == "cancelled"
    assert await rig.balance() == (RICH, 0, 0)


async def test_a_window_is_cancelled_at_once_and_costs_nothing(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    spent = await rig.balance()
    custom_id = "MJ::CustomZoom::" + (await rig.fetch(grid))["buttons"][0]["customId"][-36:]
    body = {"taskId": grid, "customId": custom_id}
    window = (await rig.post("/mj/submit/action", body)).json()["result"]

    answer = await cancel(rig, window)

    task = await rig.fetch(window)
    assert answer["code"] == 1
    assert (task["status"], task["failReason"]) == ("FAILURE", "cancelled")
    assert await rig.balance() == spent


async def forgotten(tx: Transaction, task_id: int) -> None:
    """The wish to cancel, as a process leaves it that dies with the answer written."""
    await tx.run("UPDATE tasks SET cancel_wanted = 1 WHERE id = :id", id=task_id)
