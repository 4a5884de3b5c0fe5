"""Jobs that may or may not exist: looked for by their nonce, adopted or given up, never resent."""

from mjgate.store import attempts
from tests.rig import PRICE, RICH, MakeRig, Rig, calling

LOST = "a fox [[fault:drop-after-accept]]"
NEVER = "a fox [[fault:drop-before-accept]]"


async def test_a_lost_answer_is_found_in_the_list_of_recent_tasks(rig: Rig) -> None:
    task_id = await rig.imagine(LOST, state="mine")
    assert (await rig.fetch(task_id))["status"] == "SUBMITTED"

    task = await rig.finished(task_id)

    assert (task["status"], task["state"]) == ("SUCCESS", "mine")
    assert (await rig.stats())["jobs"] == 1
    assert await rig.balance() == (RICH - PRICE, 0, PRICE)
    assert await rig.books() == ()


async def test_what_never_arrived_is_given_up_and_the_money_comes_back(rig: Rig) -> None:
    task_id = await rig.imagine(NEVER)

    await rig.look(after=rig.gateway.timing.adoption_blind + 1)
    still = await rig.fetch(task_id)
    await rig.look(after=rig.gateway.timing.adoption + 1)

    task = await rig.fetch(task_id)
    assert still["status"] == "SUBMITTED"
    assert (task["status"], task["properties"]["reason"]) == ("FAILURE", "orphan")
    assert (await rig.stats())["jobs"] == 0
    assert await rig.balance() == (RICH, 0, 0)


async def test_equal_prompts_prove_nothing(rig: Rig) -> None:
    other = await rig.imagine("a fox")
    lost = await rig.imagine(NEVER)

    await rig.look(after=rig.gateway.timing.adoption + 1)

    assert (await rig.fetch(lost))["properties"]["reason"] == "orphan"
    assert (await rig.finished(other))["status"] == "SUCCESS"


async def test_a_notice_names_the_job_that_is_looked_for(make_rig: MakeRig) -> None:
    rig = await make_rig(notify="on")
    task_id = await rig.imagine(NEVER)
    job = await a_job_with_the_nonce_of(rig, task_id)
    address = rig.gateway.links.notice(rig.channel_id, int(task_id), 1)
    path = address.removeprefix("http://gateway")

    await rig.client.post(path, json={"id": "a-job-of-somebody-else"})
    told = await rig.client.post(path, json={"id": job})

    (attempt,) = await attempts.of_task(rig.gateway.store.reader, int(task_id))
    assert told.json()["code"] == 1
    assert attempt.hint == job
    assert (await rig.finished(task_id))["status"] == "SUCCESS"


async def test_a_notice_with_a_wrong_secret_does_not_exist(rig: Rig) -> None:
    task_id = await rig.imagine()
    address = rig.gateway.links.notice(rig.channel_id, int(task_id), 1)

    forged = address.removeprefix("http://gateway") + "x"

    assert (await rig.client.post(forged, json={})).status_code == 404


async def a_job_with_the_nonce_of(rig: Rig, task_id: str) -> str:
    """A job at the upstream that came with the task's nonce after all, by its id."""
    attempt = (await attempts.of_task(rig.gateway.store.reader, int(task_id)))[0]
    async with calling() as client:
        answer = await client.post(
            f"{rig.upstream_url}/mj/submit/imagine",
            json={"prompt": "a fox", "state": attempt.nonce},
        )
    return str(answer.json()["result"])
