"""
A connection to PostgreSQL that is lost in the middle of a COMMIT, at every COMMIT of a submit.

Nobody knows then whether it happened. A client hears of one task or of none, and pays once.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from mjgate.domain.task import State
from tests.postgres import PostgresServer
from tests.rig import PRICE, RICH, MakeRig, Rig, a_channel
from tests.store.wire import Cut, Wire, wire_to

COMMIT = "COMMIT\0"  # and not READ COMMITTED
LOST = (Cut.BEFORE_IT_ARRIVES, Cut.BEFORE_THE_ANSWER)


@pytest.fixture
def near(postgres_server: PostgresServer) -> Generator[str]:
    with postgres_server.database() as name:
        yield postgres_server.url(name)


@pytest.fixture
async def wire(near: str, loopback: None) -> AsyncGenerator[Wire]:
    del loopback
    async with wire_to(Path(parse_qs(urlsplit(near).query)["host"][0])) as wire:
        yield wire


@pytest.fixture
def database_url(near: str, wire: Wire) -> str:
    """The gateway reaches its database over the wire."""
    return f"postgresql://postgres@127.0.0.1:{wire.port}{urlsplit(near).path}"


async def post(rig: Rig, prompt: str = "a fox") -> httpx.Response:
    answer = await rig.post("/mj/submit/imagine", {"prompt": prompt})
    await rig.gateway.senders.settle()
    return answer


async def number_of_tasks(rig: Rig) -> int:
    row = await rig.gateway.store.reader.row("SELECT COUNT(*) AS n FROM tasks")
    return 0 if row is None else int(row["n"])


@pytest.mark.parametrize("cut", LOST)
@pytest.mark.parametrize("passes", [0, 1], ids=["accepting it", "writing its id"])
async def test_a_submit_whose_commit_is_lost_makes_one_task(
    rig: Rig, wire: Wire, passes: int, cut: Cut
) -> None:
    wire.cut_at(COMMIT, cut, passes=passes)

    answer = await post(rig)

    assert wire.was_cut.is_set()
    assert (answer.status_code, answer.json()["code"]) == (200, 1)
    assert (await rig.finished(answer.json()["result"]))["status"] == "SUCCESS"
    assert await number_of_tasks(rig) == 1
    assert (await rig.stats())["jobs"] == 1
    assert await rig.balance() == (RICH - PRICE, 0, PRICE)
    assert await rig.books() == ()


async def test_a_commit_that_arrives_late_does_not_make_a_second_task(rig: Rig, wire: Wire) -> None:
    wire.cut_at(COMMIT, Cut.LATE)

    posting = asyncio.create_task(post(rig))
    await wire.was_cut.wait()
    while not posting.done() and not await waits_for_a_lock(rig):
        pass
    wire.let_through.set()
    answer = await posting

    assert answer.json()["code"] == 1
    assert (await rig.finished(answer.json()["result"]))["status"] == "SUCCESS"
    assert await number_of_tasks(rig) == 1
    assert (await rig.stats())["jobs"] == 1
    assert await rig.balance() == (RICH - PRICE, 0, PRICE)
    assert await rig.books() == ()


async def waits_for_a_lock(rig: Rig) -> bool:
    """Whether somebody waits for a transaction that has not ended."""
    row = await rig.gateway.store.reader.row(
        "SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
    )
    return row is not None


@pytest.mark.parametrize("cut", LOST)
async def test_a_refusal_whose_commit_is_lost_is_told_and_costs_nothing(
    rig: Rig, wire: Wire, cut: Cut
) -> None:
    wire.cut_at(COMMIT, cut, passes=1)

    answer = await post(rig, "a fox [[fault:reject-24]]")

    assert (answer.json()["code"], answer.json()["result"]) == (24, None)
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


@pytest.mark.parametrize("cut", LOST)
async def test_a_way_to_the_next_channel_whose_commit_is_lost_is_gone_once(
    make_rig: MakeRig, rig: Rig, wire: Wire, cut: Cut
) -> None:
    del make_rig
    await a_channel(rig.gateway, "down", "http://127.0.0.1:9", priority=1)
    wire.cut_at(COMMIT, cut, passes=2)  # behind the accepting one and the channel's pause

    answer = await post(rig)

    assert answer.json()["code"] == 1
    assert (await rig.finished(answer.json()["result"]))["status"] == "SUCCESS"
    assert (await rig.stats())["jobs"] == 1
    assert await rig.balance() == (RICH - PRICE, 0, PRICE)
    assert await rig.books() == ()


@pytest.mark.parametrize("cut", LOST)
async def test_a_task_that_is_handed_on_in_a_lost_commit_is_sent_once(
    make_rig: MakeRig, wire: Wire, cut: Cut
) -> None:
    rig = await make_rig(max_running=1)
    first, second = await rig.imagine("one"), await rig.imagine("two")
    await rig.finished(first)
    wire.cut_at(COMMIT, cut)

    await rig.hand_on()

    assert (await rig.task(second)).state is State.SUBMITTED
    assert (await rig.stats())["jobs"] == 2
    assert await rig.books() == ()


@pytest.mark.parametrize("cut", LOST)
async def test_an_end_whose_commit_is_lost_comes_once(rig: Rig, wire: Wire, cut: Cut) -> None:
    task_id = await rig.imagine()
    wire.cut_at(COMMIT, cut, passes=1)  # behind the claim

    task = await rig.finished(task_id)

    assert wire.was_cut.is_set()
    assert task["status"] == "SUCCESS"
    assert await rig.balance() == (RICH - PRICE, 0, PRICE)
    assert await rig.books() == ()


@pytest.mark.parametrize("passes", [0, 1, 2])
@pytest.mark.parametrize("cut", LOST)
async def test_a_repeat_after_a_lost_commit_gets_the_first_task(
    rig: Rig, wire: Wire, passes: int, cut: Cut
) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Idempotency-Key": "once"}
    body = {"prompt": "a fox"}
    wire.cut_at(COMMIT, cut, passes=passes)

    first = await rig.client.post("/mj/submit/imagine", json=body, headers=headers)
    again = await rig.client.post("/mj/submit/imagine", json=body, headers=headers)

    assert (first.status_code, first.json()["code"]) == (200, 1)
    assert again.json()["result"] == first.json()["result"]
    assert await number_of_tasks(rig) == 1
    assert (await rig.stats())["jobs"] == 1
    assert await rig.books() == ()
