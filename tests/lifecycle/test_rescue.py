"""Results that come after we had given up: delivered, and free."""

import pytest

from mjgate.domain.clock import DAY, HOUR, MINUTE
from mjgate.domain.reasons import FailReason
from mjgate.lifecycle.erase import erase
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.notice import noticed
from mjgate.manage.people import change_user, delete_user
from tests.lifecycle.talker import Asked, says, talking
from tests.rig import RICH, MakeRig, Rig
from tests.web.api.desk import desk_of


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


async def test_nothing_is_rescued_for_a_user_who_was_deleted(rig: Rig) -> None:
    task_id, desk = await given_up(rig), desk_of(rig)
    await change_user(desk, rig.alice.user_id, {"enabled": False})
    await delete_user(desk, rig.alice.user_id)
    await erase(rig.gateway)

    await rig.look(after=2 * MINUTE)

    task = await rig.task(task_id)
    assert (task.state, task.prompt, task.result.empty) == ("FAILURE", "", True)
    assert await followed(rig, task_id) is None
    assert await rig.books() == ()


async def followed(rig: Rig, task_id: str) -> int | None:
    """Milliseconds until it is looked at; None if it is not."""
    row = await rig.gateway.store.reader.row(
        "SELECT due_at FROM follow WHERE task_id = :id", id=int(task_id)
    )
    return None if row is None else row["due_at"] - rig.clock.now()


@pytest.mark.parametrize("reason", [FailReason.ADMIN, FailReason.CANCELLED])
async def test_what_an_admin_or_its_owner_ended_is_never_rescued(
    rig: Rig, reason: FailReason
) -> None:
    task_id = await rig.imagine()
    await fail(rig.gateway, await rig.task(task_id), reason, actor="admin")

    await rig.look(after=5 * MINUTE)

    assert await followed(rig, task_id) is None
    assert (await rig.fetch(task_id))["status"] == "FAILURE"


async def test_looks_for_a_late_result_become_ever_rarer(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")
    await fail(rig.gateway, await rig.task(task_id), FailReason.DEADLINE_TOTAL, actor="deadline")

    pauses = [await followed(rig, task_id) or 0]
    for _ in range(6):
        await rig.look(after=pauses[-1])
        pauses.append(await followed(rig, task_id) or 0)

    assert [each // MINUTE for each in pauses] == [1, 1, 5, 15, 60, 180, 180]


async def test_a_notice_names_the_result_of_a_task_that_was_given_up(make_rig: MakeRig) -> None:
    nonces: list[str] = []

    def answer(asked: Asked) -> bytes | None:
        if asked.submit:
            nonces.append(asked.body["state"])
            return None
        if asked.method == "GET" and asked.path.endswith("/job-7/fetch"):
            picture = {"status": "SUCCESS", "imageUrl": "http://pictures.test/fox.png"}
            return says({"id": "job-7", "state": nonces[0], **picture})
        return says([])

    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url, notify="on")
        task_id = await rig.imagine()
        await rig.look(after=rig.gateway.timing.adoption + MINUTE)
        given_up = await rig.fetch(task_id)

        await noticed(rig.gateway, int(task_id), 1, "job-7")
        await rig.look(after=0)

    task = await rig.fetch(task_id)
    assert given_up["properties"]["reason"] == "orphan"
    assert (task["status"], task["properties"]["rescued"]) == ("SUCCESS", "orphan")
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()
