"""What a client sees of the queue, and what a channel that is busy or away does to it."""

import pytest

from mjgate.domain.action import Mode
from mjgate.domain.clock import HOUR, SECOND
from mjgate.domain.task import State
from mjgate.lifecycle.faults import Faults
from mjgate.store import channels
from tests.lifecycle.talker import says, takes, talking
from tests.rig import RICH, Json, MakeRig, Rig, a_channel
from tests.web.shape import IMAGINE

CLOSED = "http://127.0.0.1:9"


async def submit(rig: Rig, prompt: str = "a fox") -> Json:
    rig.clock.pass_by(1)
    return (await rig.post(IMAGINE, {"prompt": prompt})).json()


async def test_behind_more_than_three_the_answer_is_22_and_the_number_is_a_setting(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(max_running=1)

    answers = [await submit(rig) for _ in range(6)]
    await rig.set("queue_told_from", value=10)
    patient = await submit(rig)
    body = {"prompt": "a fox", "instanceId": answers[0]["properties"]["discordInstanceId"]}
    pinned = (await rig.post(IMAGINE, body)).json()

    assert [each["code"] for each in answers] == [1, 1, 1, 1, 1, 22]
    assert answers[-1]["properties"] == {"numberOfQueues": 4}
    assert "4" in answers[-1]["description"]
    assert (patient["code"], patient["properties"]) == (1, {})
    assert (pinned["code"], pinned["properties"]) == (1, answers[0]["properties"])


async def test_a_dry_run_tells_when_a_task_that_waits_will_be_done(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    await rig.imagine()
    await rig.look(after=20 * SECOND)
    for _ in range(3):
        await submit(rig)

    told = (await rig.post(f"{IMAGINE}?dryRun=1", {"prompt": "a fox"})).json()["properties"]

    assert (told["queuePosition"], told["etaSeconds"]) == (3, 80)


async def test_a_waiting_task_outlives_a_channel_that_is_away_for_a_moment(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(max_running=1)
    first = await rig.imagine("one")
    second = await rig.imagine("two")
    await rig.finished(first)

    await rig.move_channel(CLOSED)
    rig.clock.pass_by(2 * SECOND)
    await rig.hand_on()
    away = await rig.task(second)
    await rig.move_channel(rig.upstream_url)
    rig.clock.pass_by(5 * SECOND)
    await rig.hand_on()

    assert (away.state, away.reason) == (State.QUEUED, "")
    assert (await rig.finished(second))["status"] == "SUCCESS"
    assert await rig.books() == ()


async def test_while_it_is_away_a_submit_is_answered_3_and_what_waits_ends_in_time(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(max_running=1)
    first, second = await rig.imagine("one"), await rig.imagine("two")
    await rig.finished(first)
    await rig.move_channel(CLOSED)
    for _ in range(Faults.MOST):
        rig.clock.pass_by(10 * SECOND)
        await rig.hand_on()

    answer = await submit(rig)
    rig.clock.pass_by(6 * HOUR)
    await rig.expire()

    task = await rig.fetch(second)
    assert (answer["code"], answer["properties"]["reason"]) == (3, "no_channel")
    assert (task["status"], task["properties"]["reason"]) == ("FAILURE", "queue_timeout")
    assert await rig.balance() == (RICH - 50_000, 0, 50_000)


async def test_a_channel_that_does_not_say_how_long_it_is_busy_rests_longer_each_time(
    make_rig: MakeRig,
) -> None:
    async with talking(says({"code": 23, "description": "full"})) as talker:
        rig = await make_rig(upstream_url=talker.url)
        await submit(rig)

        rests: list[int] = []
        for _ in range(6):
            rests.append(await rest(rig))
            rig.clock.pass_by(rests[-1])
            await rig.hand_on()
        talker.answer = lambda _: takes()
        rig.clock.pass_by(await rest(rig))
        await rig.hand_on()
        talker.answer = lambda _: says({"code": 23, "description": "full"})
        await submit(rig)

    assert [each // SECOND for each in rests] == [5, 10, 20, 40, 60, 60]
    assert await rest(rig) == 5 * SECOND


@pytest.mark.parametrize(("asked", "rests"), [("2", 2), ("120", 120), ("86400", 600)])
async def test_a_channel_rests_as_long_as_it_asks_for_within_reason(
    make_rig: MakeRig, asked: str, rests: int
) -> None:
    full = says({"code": 23, "description": "full"}, headers={"Retry-After": asked})
    async with talking(full) as talker:
        rig = await make_rig(upstream_url=talker.url)

        await submit(rig)

    assert await rest(rig) == rests * SECOND


async def rest(rig: Rig) -> int:
    """How long the channel gets no new work."""
    load = await channels.load(rig.gateway.store.reader, rig.channel_id, Mode.FAST)
    assert load is not None
    return load.busy_until - rig.clock.now()


async def test_the_manner_of_choosing_is_a_setting_and_what_is_preferred_comes_first(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig()
    keen = await a_channel(rig.gateway, "keen", rig.upstream_url, options={"remix": "on"})
    rig.gateway.channels.forget()
    await rig.set("routing", value="round_robin")

    turns = [(await rig.task(await rig.imagine())).channel_id for _ in range(4)]
    filtered = [
        (await rig.task(await rig.imagine(accountFilter=wish))).channel_id
        for wish in ({"remix": True}, {"remark": "keen"}, {"remix": True, "remark": 5})
    ]

    assert turns == [rig.channel_id, keen] * 2
    assert filtered == [keen] * 3


async def test_who_names_an_instance_waits_for_it_and_holds_up_nobody_else(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(max_running=1)
    spare = await a_channel(rig.gateway, "spare", rig.upstream_url, max_running=2, priority=-1)
    rig.gateway.channels.forget()
    (wanted,) = [
        each for each in await channels.all_in_use(rig.gateway.store.reader) if each.id != spare
    ]

    first = await rig.imagine(instanceId=wanted.instance_id)
    second = await rig.imagine(instanceId=wanted.instance_id)
    other = await rig.imagine()
    waits = await rig.task(second)
    await rig.finished(first)
    await rig.hand_on()

    assert waits.state is State.QUEUED
    assert (await rig.task(other)).channel_id == spare
    assert (await rig.task(second)).channel_id == wanted.id
