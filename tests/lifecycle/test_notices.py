"""What an upstream tells us by itself: a hint, whenever it comes and whatever it says."""

import httpx

from mjgate.domain.clock import SECOND
from mjgate.domain.task import State
from mjgate.store.database import Row
from tests.lifecycle.talker import Asked, says, takes, talking
from tests.rig import PLAIN, MakeRig, Rig, a_channel, running


async def notify(rig: Rig, task_id: str, body: object, attempt: int = 1) -> httpx.Response:
    """Say it at the address that belongs to the attempt."""
    task = await rig.task(task_id)
    row = await attempt_of(rig, task_id, attempt)
    address = rig.gateway.links.notice(row["channel_id"], task.id, attempt)
    return await rig.client.post(address.removeprefix("http://gateway"), json=body)


async def attempt_of(rig: Rig, task_id: str, number: int) -> Row:
    row = await rig.gateway.store.reader.row(
        "SELECT * FROM attempts WHERE task_id = :id AND no = :no", id=int(task_id), no=number
    )
    assert row is not None
    return row


async def looked(rig: Rig) -> None:
    """Look at what is due at this very moment."""
    await rig.look(after=0)


async def test_a_notice_makes_us_look_at_once_and_only_the_look_is_believed(
    make_rig: MakeRig,
) -> None:
    told = {"id": "job-1", "status": "IN_PROGRESS", "progress": "30%"}
    async with talking(lambda asked: takes() if asked.submit else says([told])) as talker:
        rig = await make_rig(upstream_url=talker.url)
        task_id = await rig.imagine()
        await rig.look()
        before = len(talker.asked)

        lie = told | {"status": "SUCCESS", "progress": "100%", "imageUrl": "http://evil.test/x"}
        answer = await notify(rig, task_id, lie)
        await looked(rig)

    task = await rig.fetch(task_id)
    assert (answer.status_code, answer.json()["code"]) == (200, 1)
    assert len(talker.asked) == before + 1
    assert (task["status"], task["progress"], task["imageUrl"]) == ("IN_PROGRESS", "30%", "")


async def test_a_notice_before_the_answer_is_committed_disturbs_nothing(make_rig: MakeRig) -> None:
    async with talking(lambda asked: takes() if asked.submit else says([])) as talker:
        rig = await make_rig(upstream_url=talker.url, answer_wait=50)
        talker.go.clear()
        task_id = await rig.imagine()

        answer = await notify(rig, task_id, {"id": "job-1", "status": "SUBMITTED"})
        early = await rig.task(task_id)
        talker.go.set()
        await rig.gateway.senders.settle()

    task = await rig.task(task_id)
    assert (answer.json()["code"], early.state) == (1, State.SENDING)
    assert (task.state, task.upstream_id) == (State.SUBMITTED, "job-1")
    assert await rig.books() == ()


async def test_a_notice_names_the_job_of_an_answer_that_never_came(make_rig: MakeRig) -> None:
    nonces: list[str] = []

    def answer(asked: Asked) -> bytes | None:
        if asked.submit:
            nonces.append(asked.body["state"])
            return None
        if asked.method == "GET" and asked.path.endswith("/job-7/fetch"):
            return says({"id": "job-7", "state": nonces[0], "status": "IN_PROGRESS"})
        return says([])

    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url, notify="on")
        task_id = await rig.imagine()
        await notify(rig, task_id, {"id": "job-7"})
        await looked(rig)

    task = await rig.task(task_id)
    assert (task.state, task.upstream_id) == (State.SUBMITTED, "job-7")
    assert len(talker.submits) == 1


async def test_a_notice_that_names_anothers_job_is_seen_through(make_rig: MakeRig) -> None:
    def answer(asked: Asked) -> bytes | None:
        if asked.submit:
            return None
        if asked.method == "GET" and asked.path.endswith("/job-7/fetch"):
            return says({"id": "job-7", "state": "somebody else's", "status": "SUCCESS"})
        return says([])

    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url, notify="on")
        task_id = await rig.imagine()
        await notify(rig, task_id, {"id": "job-7"})
        await looked(rig)

    assert (await rig.task(task_id)).state is State.UNKNOWN


async def test_a_notice_for_an_attempt_that_is_over_touches_nothing_and_is_kept(
    make_rig: MakeRig,
) -> None:
    full = says({"code": 9, "description": "cannot do it"})
    async with talking(full) as talker, running(PLAIN) as port:
        rig = await make_rig(upstream_url=talker.url)
        await a_channel(rig.gateway, "spare", f"http://127.0.0.1:{port}", priority=-1)
        task_id = await rig.imagine("a fox [[fault:hang]]")
        await rig.look(after=SECOND)
        before = await rig.task(task_id), await following(rig, task_id)

        answer = await notify(rig, task_id, {"id": "job-9", "status": "SUCCESS"})
        rig.clock.pass_by(10)

        kept = await attempt_of(rig, task_id, 1)
        assert answer.json()["code"] == 1
        assert (await rig.task(task_id), await following(rig, task_id)) == before
        assert (kept["late_upstream_id"], kept["late_at"] is not None) == ("job-9", True)
        assert (await attempt_of(rig, task_id, 2))["late_at"] is None


async def test_notices_after_the_end_change_nothing(rig: Rig) -> None:
    task_id = await rig.imagine()
    await rig.finished(task_id)
    before = await rig.task(task_id)

    answer = await notify(rig, task_id, {"id": before.upstream_id, "status": "FAILURE"})
    await rig.look()

    assert answer.json()["code"] == 1
    assert await rig.task(task_id) == before
    assert (await attempt_of(rig, task_id, 1))["late_at"] is None


async def following(rig: Rig, task_id: str) -> tuple[object, ...]:
    """When the task is looked at next."""
    row = await rig.gateway.store.reader.row(
        "SELECT kind, due_at, looks FROM follow WHERE task_id = :id", id=int(task_id)
    )
    assert row is not None
    return tuple(row)
