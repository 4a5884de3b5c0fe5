"""Seeds: told by the task, or asked for once; refusals say whether asking again helps."""

import asyncio
import json
from dataclasses import replace

import pytest

from mjgate.domain.timing import Timing
from mjgate.store.columns import encode_result
from mjgate.store.database import Transaction
from tests.public_http.servers import head, serving
from tests.rig import Json, MakeRig, Rig, a_person
from tests.web.shape import one_engine, refused, served

NOWHERE = "http://127.0.0.1:9"


def answering(body: object, status: str = "200 OK") -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(status, content_length=len(content)) + content


def coded(code: object, result: object = None) -> Json:
    return {"code": code, "description": "said", "result": result, "properties": {}}


async def a_picture(rig: Rig) -> str:
    """A finished task whose channel did not tell the seed by itself."""
    task_id = await rig.imagine()
    await rig.finished(task_id)
    task = await rig.task(task_id)

    async def forget(tx: Transaction) -> None:
        await tx.run(
            "UPDATE tasks SET result = :result, version = version + 1 WHERE id = :id",
            id=task.id,
            result=encode_result(replace(task.result, seed="")),
        )

    await rig.gateway.store.write(forget)
    return task_id


async def from_now_on(rig: Rig, url: str) -> None:
    """Let the channel be elsewhere, and its old address be forgotten."""
    await rig.move_channel(url)
    rig.clock.pass_by(1_001)


async def test_a_seed_is_asked_for_once_and_kept(rig: Rig) -> None:
    task_id = await a_picture(rig)
    job = (await rig.task(task_id)).upstream_id

    async with serving(answering(coded(1, "3087253145"))) as upstream:
        await from_now_on(rig, f"http://127.0.0.1:{upstream.port}")
        first = await rig.get(f"/mj/task/{task_id}/image-seed")
        again = await rig.get(f"/mj/task/{task_id}/image-seed")

    assert served(first) == served(again)
    assert (first.json()["code"], first.json()["result"]) == (1, "3087253145")
    assert [each.split(" HTTP")[0] for each in upstream.requests] == [
        f"GET /mj/task/{job}/image-seed"
    ]
    assert (await rig.fetch(task_id))["seed"] == "3087253145"


async def test_the_sandbox_tells_the_seed_that_stands_in_the_task(rig: Rig) -> None:
    task_id = await rig.imagine()
    told = (await rig.finished(task_id))["seed"]
    forgetful = await a_picture(rig)

    await rig.get(f"/mj/task/{forgetful}/image-seed")
    await from_now_on(rig, NOWHERE)
    known = await rig.get(f"/mj/task/{task_id}/image-seed")

    assert known.json()["result"] == told
    assert int((await rig.fetch(forgetful))["seed"]) > 0


async def test_an_unfinished_task_has_no_seed_yet(rig: Rig) -> None:
    task_id = await rig.imagine()

    answer = await rig.get(f"/mj/task/{task_id}/image-seed")

    refused(answer, 200, "parent_not_finished")


async def test_anothers_task_has_no_seed_to_tell(rig: Rig) -> None:
    task_id = await rig.imagine()
    await rig.finished(task_id)

    answer = await rig.get(f"/mj/task/{task_id}/image-seed", by=rig.bob)

    assert refused(answer, 404, "not_found")["description"] == "task not found"


@one_engine
@pytest.mark.parametrize(
    "told",
    [
        answering(coded(4)),
        answering(coded(1)),
        answering(coded(1, 0)),
        answering(coded(1, "soon")),
        answering(b"<html>", "404 Not Found"),
    ],
    ids=["refused", "nothing", "zero", "a word", "no such path"],
)
async def test_a_channel_without_seeds_is_said_to_have_none(rig: Rig, told: bytes) -> None:
    task_id = await a_picture(rig)

    async with serving(told) as upstream:
        await from_now_on(rig, f"http://127.0.0.1:{upstream.port}")
        answer = await rig.get(f"/mj/task/{task_id}/image-seed")

    refused(answer, 200, "unsupported")


@one_engine
@pytest.mark.parametrize(
    "told",
    [answering(coded(9)), answering(coded(4), "401 Unauthorized"), answering(b"", "502 Bad"), b""],
    ids=["no answer in time", "a wrong key", "ill", "nothing"],
)
async def test_who_may_know_better_later_is_asked_again(rig: Rig, told: bytes) -> None:
    task_id = await a_picture(rig)

    async with serving(told) as upstream:
        await from_now_on(rig, f"http://127.0.0.1:{upstream.port}")
        for _ in range(2):
            answer = await rig.get(f"/mj/task/{task_id}/image-seed")
            refused(answer, 200, "upstream_refused", code=9)

    assert len(upstream.requests) >= 2


@one_engine
async def test_a_silent_channel_is_not_waited_for_without_end(make_rig: MakeRig) -> None:
    rig = await make_rig(timing=replace(Timing(), seed=100))
    task_id = await a_picture(rig)

    async def say_nothing(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(say_nothing) as upstream:
        await from_now_on(rig, f"http://127.0.0.1:{upstream.port}")
        answer = await rig.get(f"/mj/task/{task_id}/image-seed")

    refused(answer, 200, "upstream_refused", code=9)


@one_engine
async def test_a_user_has_one_look_up_at_a_time(rig: Rig) -> None:
    one, other = await a_picture(rig), await a_picture(rig)
    asked, speak = asyncio.Event(), asyncio.Event()

    async def wait(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await speak.wait()
        writer.write(answering(coded(1, 77)))

    async with serving(wait) as upstream:
        await from_now_on(rig, f"http://127.0.0.1:{upstream.port}")
        first = asyncio.create_task(rig.get(f"/mj/task/{one}/image-seed"))
        await asked.wait()
        shared = asyncio.create_task(rig.get(f"/mj/task/{one}/image-seed"))
        second = await rig.get(f"/mj/task/{other}/image-seed")
        speak.set()
        results = [(await each).json()["result"] for each in (first, shared)]
        later = await rig.get(f"/mj/task/{other}/image-seed")

    refused(second, 200, "queue_full", code=23)
    assert (results, later.json()["result"]) == (["77", "77"], "77")
    assert len(upstream.requests) == 2


async def test_a_narrowed_key_learns_no_other_keys_seed(rig: Rig) -> None:
    narrow = await a_person(rig.gateway, "narrow", sees="own")
    task_id = await rig.imagine()
    await rig.finished(task_id)

    async def give(tx: Transaction) -> None:
        await tx.run("UPDATE tasks SET user_id = :user_id", user_id=narrow.user_id)

    await rig.gateway.store.write(give)

    refused(await rig.get(f"/mj/task/{task_id}/image-seed", by=narrow), 404, "not_found")
