"""Many at once: who may not have it does not, the others do, and nobody gets anything twice."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx

from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State, Status
from mjgate.domain.timing import Timing
from mjgate.lifecycle import queue
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.look import apply
from mjgate.lifecycle.routing import Route, line
from mjgate.lifecycle.window import confirm
from mjgate.store import attempts
from mjgate.web import WebSettings, create_app
from tests.lifecycle.conftest import Bench
from tests.lifecycle.hands import (
    accept,
    caller_of,
    confirmation,
    fresh,
    look_at,
    open_window,
    submitted,
    told,
)
from tests.rig import PRICE, MakeRig, Person, a_gateway, a_person
from tests.web.shape import IMAGINE


async def submit(client: httpx.AsyncClient, person: Person) -> httpx.Response:
    headers = {"mj-api-secret": person.key}
    return await client.post(IMAGINE, json={"prompt": "a fox"}, headers=headers)


async def test_a_balance_for_ten_takes_ten_of_a_hundred(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=100)
    person = await a_person(rig.gateway, "carol", quota=10 * PRICE)

    answers = await asyncio.gather(*(submit(rig.client, person) for _ in range(100)))

    assert Counter(answer.status_code for answer in answers) == {200: 10, 402: 90}
    assert (await rig.stats())["jobs"] == 10
    assert await rig.balance(person) == (0, 10 * PRICE, 0)
    assert await rig.books() == ()


async def test_a_balance_for_ten_takes_ten_on_two_nodes(
    make_rig: MakeRig, database_url: str, tmp_path: Path
) -> None:
    rig = await make_rig(max_running=100)
    person = await a_person(rig.gateway, "carol", quota=10 * PRICE)
    async with AsyncExitStack() as stack:
        other = await a_gateway(stack, database_url, tmp_path, rig.clock, Timing())
        app = create_app(replace(other, node="node-2"), WebSettings())
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")
        await stack.enter_async_context(client)

        answers = await asyncio.gather(
            *(submit(each, person) for _ in range(50) for each in (rig.client, client))
        )

    assert Counter(answer.status_code for answer in answers) == {200: 10, 402: 90}
    assert (await rig.stats())["jobs"] == 10
    assert await rig.balance(person) == (0, 10 * PRICE, 0)
    assert await rig.books() == ()


async def test_of_fifty_submits_only_those_that_cannot_pay_are_refused(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=100)
    poor = await a_person(rig.gateway, "carol", quota=PRICE - 1)
    people = [poor if number % 5 == 0 else rig.alice for number in range(50)]

    answers = await asyncio.gather(*(submit(rig.client, person) for person in people))

    refused = [answer.status_code == 402 for answer in answers]
    assert refused == [person is poor for person in people]
    assert Counter(answer.status_code for answer in answers) == {200: 40, 402: 10}
    assert (await rig.stats())["jobs"] == 40
    assert await rig.balance(poor) == (PRICE - 1, 0, 0)
    assert await rig.books() == ()


async def test_slots_are_given_once_and_the_rest_waits(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=3)

    answers = await asyncio.gather(*(submit(rig.client, rig.alice) for _ in range(30)))

    tasks = [await rig.task(answer.json()["result"]) for answer in answers]
    states = Counter(task.state for task in tasks)
    assert states == {State.SUBMITTED: 3, State.QUEUED: 27}
    assert (await rig.stats())["jobs"] == 3
    assert await rig.books() == ()


async def test_a_waiting_task_is_handed_on_once_however_many_try(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=3)
    answers = await asyncio.gather(*(submit(rig.client, rig.alice) for _ in range(6)))
    ids = [answer.json()["result"] for answer in answers]
    for task_id in ids:
        if (await rig.task(task_id)).state is State.SUBMITTED:
            await rig.finished(task_id)

    await asyncio.gather(*(queue.queue(rig.gateway) for _ in range(20)))
    await rig.gateway.senders.settle()
    await asyncio.gather(*(queue.queue(rig.gateway) for _ in range(20)))
    await rig.gateway.senders.settle()

    assert (await rig.stats())["submits"] == (await rig.stats())["jobs"]
    for task_id in ids:
        assert len(await attempts.of_task(rig.gateway.store.reader, int(task_id))) <= 1
    assert await rig.books() == ()


async def test_a_window_that_is_confirmed_twice_at_once_is_sent_once(bench: Bench) -> None:
    task = await submitted(bench.gateway, bench.alice)
    route = Route(bench.channel_id, task.credential_id or 0)
    window = await open_window(bench.gateway, bench.alice, route)
    caller = await caller_of(bench.gateway, bench.alice)

    confirmed = await asyncio.gather(
        *(confirm(bench.gateway, caller, confirmation(window)) for _ in range(10))
    )

    assert sum(attempt is not None for _, attempt in confirmed) == 1
    assert (await fresh(bench.gateway, window)).state is State.SENDING
    assert len(await attempts.of_task(bench.gateway.store.reader, window.id)) == 1
    assert await bench.books() == ()


async def test_a_look_that_is_older_than_the_confirmation_changes_nothing(bench: Bench) -> None:
    task = await submitted(bench.gateway, bench.alice)
    now = bench.clock.now()
    to = await line(bench.gateway, bench.channel_id, task.credential_id or 0)
    asks = look_at(task, told(task, Status.MODAL), began=now, since=now)
    await apply(bench.gateway, to, [asks])
    caller = await caller_of(bench.gateway, bench.alice)
    _, attempt = await confirm(bench.gateway, caller, confirmation(task))

    await apply(bench.gateway, to, [asks])

    assert attempt is not None
    assert (await fresh(bench.gateway, task)).state is State.SENDING
    assert await attempts.begun(bench.gateway.store.reader, attempt)


async def test_a_task_that_goes_on_is_not_ended_for_having_waited(bench: Bench) -> None:
    task = await accept(bench.gateway, bench.alice)
    stale = task._replace(state=State.QUEUED)

    timeout = FailReason.QUEUE_TIMEOUT
    ended = await fail(bench.gateway, stale, timeout, actor="queue", still=State.QUEUED)

    assert ended is None
    assert (await fresh(bench.gateway, task)).state is State.SENDING


async def test_a_task_whose_job_is_found_is_not_given_up(bench: Bench) -> None:
    task = await submitted(bench.gateway, bench.alice)

    orphan = FailReason.ORPHAN
    ended = await fail(bench.gateway, task, orphan, actor="adoption", still=State.UNKNOWN)

    assert ended is None
    assert (await fresh(bench.gateway, task)).state is State.SUBMITTED
