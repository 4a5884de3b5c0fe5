"""Buttons that make several tasks: written together, sent by one press, each a task of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from mjgate.store.database import Transaction
from tests.rig import PIXEL, PRICE, RICH, Json, MakeRig, Rig
from tests.served import answering
from tests.web.shape import one_engine, refused

ALL = "MJ::Job::PicReader::all"
TEXTS = ["a red fox", "a blue fox", "a fox at sea", "a fox at rest"]


@dataclass
class Several:
    """An upstream whose answer to a press a test decides; jobs end as a look finds them here."""

    answer: Json
    url: str = ""
    said: str = "\n\n".join(TEXTS)
    failed: set[str] = field(default_factory=set[str])
    running: set[str] = field(default_factory=set[str])
    pressed: list[Json] = field(default_factory=list[Any])
    cancelled: list[str] = field(default_factory=list[str])
    lost: bool = False
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.go.set()

    def job(self, name: str) -> Json:
        status = "IN_PROGRESS" if name in self.running else "SUCCESS"
        failed = name in self.failed
        return {
            "id": name,
            "status": "FAILURE" if failed else status,
            "progress": "100%",
            "failReason": "out of paint" if failed else None,
            "imageUrl": f"{self.url}/{name}.png",
            "prompt": self.said,
            "properties": {"finalPrompt": self.said},
            "state": self.pressed[-1]["state"] if self.pressed and name != "described" else "",
        }

    async def describe(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"code": 1, "description": "ok", "result": "described"})

    async def press(self, request: web.Request) -> web.Response:
        self.pressed.append(await request.json())
        self.arrived.set()
        await self.go.wait()
        if self.lost:
            return web.Response(text="<html>", content_type="text/html")
        return web.json_response(self.answer)

    async def look(self, request: web.Request) -> web.Response:
        return web.json_response([self.job(name) for name in (await request.json())["ids"]])

    async def fetch(self, request: web.Request) -> web.Response:
        return web.json_response(self.job(request.match_info["id"]))

    async def recent(self, request: web.Request) -> web.Response:
        del request
        return web.json_response([self.job(name) for name in ("d", "c", "b", "a")])

    async def cancel(self, request: web.Request) -> web.Response:
        self.cancelled.append(request.match_info["id"])
        self.failed.add(request.match_info["id"])
        return web.json_response({"code": 1, "description": "ok", "result": "x"})


@asynccontextmanager
async def several(result: object, **answer: object) -> AsyncGenerator[Several]:
    upstream = Several({"code": 1, "description": "ok", "result": result} | answer)
    app = web.Application()
    app.add_routes(
        [
            web.post("/mj/submit/describe", upstream.describe),
            web.post("/mj/submit/action", upstream.press),
            web.post("/mj/submit/imagine", upstream.press),
            web.post("/mj/task/list-by-condition", upstream.look),
            web.get("/mj/task/list", upstream.recent),
            web.get("/mj/task/{id}/fetch", upstream.fetch),
            web.post("/mj/task/{id}/cancel", upstream.cancel),
        ]
    )
    async with answering(app) as upstream.url:
        yield upstream


async def described(rig: Rig) -> str:
    """A finished DESCRIBE to press buttons of."""
    answer = await rig.post("/mj/submit/describe", {"base64": PIXEL})
    assert (await rig.finished(answer.json()["result"]))["status"] == "SUCCESS"
    return answer.json()["result"]


async def press(rig: Rig, parent: str, button: str = ALL, **more: object) -> Json:
    body = {"taskId": parent, "customId": button, **more}
    return (await rig.post("/mj/submit/action", body)).json()


async def test_imagine_all_makes_a_task_of_each_prompt_with_one_press(rig: Rig) -> None:
    parent = await described(rig)
    prompts = (await rig.fetch(parent))["properties"]["finalPrompt"].split("\n\n")
    before = await rig.balance()

    answer = await press(rig, parent, state="mine")
    held = await rig.balance()
    tasks = [await rig.finished(each) for each in answer["result"].split(",")]
    upscale = await rig.press(tasks[3]["id"], "U2")
    again = await press(rig, parent, state="mine")

    assert (answer["code"], answer["description"]) == (1, "Submit success")
    assert held == (before[0] - 4 * PRICE, 4 * PRICE, before[2])
    assert [each["prompt"] for each in tasks] == prompts
    assert {(each["status"], each["action"], each["state"]) for each in tasks} == {
        ("SUCCESS", "IMAGINE", "mine")
    }
    assert {each["parentId"] for each in tasks} == {parent}
    assert len({each["imageUrl"] for each in tasks}) == 4
    assert (await rig.finished(upscale["result"]))["status"] == "SUCCESS"
    assert set(again["result"].split(",")).isdisjoint(answer["result"].split(","))
    assert (await rig.stats())["submits"] == 4  # describe, two presses, one upscale
    assert await rig.books() == ()


async def test_after_shorten_there_is_a_task_for_each_proposal(rig: Rig) -> None:
    asked = {"prompt": "a very red fox that sits quietly in the green grass at dawn"}
    parent = (await rig.post("/mj/submit/shorten", asked)).json()["result"]
    prompts = (await rig.finished(parent))["properties"]["finalPrompt"].split("\n\n")

    answer = await press(rig, parent, "mj::job::promptanalyzer::ALL")

    tasks = [await rig.finished(each) for each in answer["result"].split(",")]
    assert [each["prompt"] for each in tasks] == prompts
    assert {each["failReason"] for each in tasks} == {None}


@one_engine
async def test_buttons_for_all_where_nobody_can_count_are_refused(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    before = await rig.balance()

    nothing_to_pick = await press(rig, grid)
    unknown = await press(rig, grid, "MJ::JOB::upsample::all")

    assert nothing_to_pick["properties"]["reason"] == "unsupported"
    assert unknown["properties"]["reason"] == "multiple_jobs"
    assert await rig.balance() == before


async def test_who_cannot_pay_for_all_gets_none(rig: Rig) -> None:
    async def all_but(tx: Transaction) -> None:
        await tx.run(
            "UPDATE users SET balance = :rest, spent = granted - :rest WHERE id = :id",
            rest=4 * PRICE - 1,
            id=rig.alice.user_id,
        )

    parent = await described(rig)
    await rig.gateway.store.write(all_but)

    dry = await rig.post("/mj/submit/action?dryRun=1", {"taskId": parent, "customId": ALL})
    answer = await rig.post("/mj/submit/action", {"taskId": parent, "customId": ALL})

    refused(dry, 402, "quota_not_enough")
    refused(answer, 402, "quota_not_enough")
    assert (await rig.balance())[:2] == (4 * PRICE - 1, 0)
    assert len((await rig.get("/mj/task/list")).json()) == 1
    assert (await rig.stats())["submits"] == 1


@pytest.mark.parametrize("result", ["a,b", ["a", "b"], "a,b,a"])
async def test_who_gets_no_job_has_failed_and_costs_nothing(
    make_rig: MakeRig, result: object
) -> None:
    async with several(result) as upstream:
        rig = await make_rig(upstream_url=upstream.url)
        parent = await described(rig)
        before = await rig.balance()

        ids = (await press(rig, parent))["result"].split(",")
        tasks = [await rig.finished(each) for each in ids]

    assert [each["status"] for each in tasks] == ["SUCCESS", "SUCCESS", "FAILURE", "FAILURE"]
    assert {each["properties"].get("reason") for each in tasks[2:]} == {"upstream_failed"}
    assert "fewer" in tasks[3]["failReason"]
    assert await rig.balance() == (before[0] - 2 * PRICE, 0, before[2] + 2 * PRICE)
    assert len(upstream.pressed) == 1
    assert upstream.pressed[0]["customId"] == ALL
    assert await rig.books() == ()


async def test_a_job_too_many_is_followed_and_costs_nothing(make_rig: MakeRig) -> None:
    async with several("a,b,c,d,e") as upstream:
        rig = await make_rig(upstream_url=upstream.url)
        parent = await described(rig)
        before = await rig.balance()

        ids = (await press(rig, parent))["result"].split(",")
        tasks = [await rig.finished(each) for each in ids]

    assert len(set(ids)) == 5
    assert {each["failReason"] for each in tasks} == {None}
    assert await rig.balance() == (before[0] - 4 * PRICE, 0, before[2] + 4 * PRICE)
    assert await rig.books() == ()


async def test_one_of_them_may_fail_alone(make_rig: MakeRig) -> None:
    async with several("a,b,c,d") as upstream:
        upstream.failed = {"a", "c"}
        rig = await make_rig(upstream_url=upstream.url)
        parent = await described(rig)
        before = await rig.balance()

        ids = (await press(rig, parent))["result"].split(",")
        states = [(await rig.finished(each))["status"] for each in ids]

    assert states == ["FAILURE", "SUCCESS", "FAILURE", "SUCCESS"]
    assert await rig.balance() == (before[0] - 2 * PRICE, 0, before[2] + 2 * PRICE)


@pytest.mark.parametrize("place", [0, 2])
async def test_one_of_them_may_be_cancelled_alone(make_rig: MakeRig, place: int) -> None:
    async with several("a,b,c,d") as upstream:
        rig = await make_rig(upstream_url=upstream.url)
        parent = await described(rig)
        upstream.running = set("abcd")
        ids = (await press(rig, parent))["result"].split(",")
        await rig.look()

        await rig.post(f"/mj/task/{ids[place]}/cancel", {})
        upstream.running = set()
        tasks = [await rig.finished(each) for each in ids]

    cancelled = [bool(each["properties"].get("cancelled")) for each in tasks]
    assert cancelled == [number == place for number in range(4)]
    assert upstream.cancelled == ["abcd"[place]]
    assert await rig.books() == ()


@pytest.mark.parametrize("places", [(0,), (2,), (0, 3)])
async def test_what_is_cancelled_while_the_press_is_sent_is_stopped_when_its_id_is_known(
    make_rig: MakeRig, places: tuple[int, ...]
) -> None:
    async with several("a,b,c,d") as upstream:
        rig = await make_rig(upstream_url=upstream.url)
        parent = await described(rig)
        upstream.go.clear()
        pressing = asyncio.create_task(press(rig, parent))
        await upstream.arrived.wait()
        listed = (await rig.get("/mj/task/list")).json()
        ids = sorted(each["id"] for each in listed if each["customId"] == ALL)
        upstream.running = set("abcd")

        for place in places:
            await rig.post(f"/mj/task/{ids[place]}/cancel", {})
        upstream.go.set()
        answer = await pressing
        upstream.running = set()
        tasks = [await rig.finished(each) for each in ids]

    assert answer["result"] == ",".join(ids)
    assert sorted(upstream.cancelled) == ["abcd"[place] for place in places]
    cancelled = [bool(each["properties"].get("cancelled")) for each in tasks]
    assert cancelled == [number in places for number in range(4)]
    assert await rig.books() == ()


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        ({"code": 24, "description": "no", "properties": {"bannedWord": "fox"}}, 24, "banned_word"),
        ({"code": 4, "description": "no such button"}, 9, "upstream_refused"),
        ({"code": 3, "description": "gone"}, 4, "parent_gone_upstream"),
    ],
)
async def test_a_press_that_is_refused_is_refused_for_all(
    make_rig: MakeRig, answer: Json, code: int, reason: str
) -> None:
    async with several(None, **answer) as upstream:
        rig = await make_rig(upstream_url=upstream.url)
        parent = await described(rig)
        before = await rig.balance()

        told = await press(rig, parent)
        listed = (await rig.get("/mj/task/list")).json()

    assert (told["code"], told["result"]) == (code, None)
    assert [each["status"] for each in listed].count("FAILURE") == 4
    assert told["properties"]["reason"] == reason
    assert await rig.balance() == before
    assert await rig.books() == ()


async def test_a_press_whose_answer_is_lost_is_found_whole(make_rig: MakeRig) -> None:
    async with several("a,b,c,d") as upstream:
        upstream.lost = True
        rig = await make_rig(upstream_url=upstream.url)
        parent = await described(rig)

        ids = (await press(rig, parent))["result"].split(",")
        seen = {(await rig.fetch(each))["status"] for each in ids}
        tasks = [await rig.finished(each) for each in ids]

    assert seen == {"SUBMITTED"}
    assert [each["status"] for each in tasks] == ["SUCCESS"] * 4
    assert len(upstream.pressed) == 1
    assert await rig.books() == ()


async def test_a_press_that_nobody_finds_again_is_given_back_whole(make_rig: MakeRig) -> None:
    async with several("a,b,c,d") as upstream:
        upstream.lost = True
        rig = await make_rig(upstream_url=upstream.url)
        parent = await described(rig)
        before = await rig.balance()
        ids = (await press(rig, parent))["result"].split(",")
        upstream.pressed[0]["state"] = "another's"

        for _ in range(12):
            rig.clock.pass_by(60_000)
            await rig.look()
        tasks = [await rig.fetch(each) for each in ids]

    assert {each["properties"].get("reason") for each in tasks} == {"orphan"}
    assert await rig.balance() == before
    assert await rig.books() == ()


async def test_all_wait_together_and_are_sent_together(make_rig: MakeRig) -> None:
    async with several("a,b,c,d") as upstream:
        rig = await make_rig(upstream_url=upstream.url, max_running=1)
        parent = await described(rig)
        await busy(rig, 1)
        answer = await press(rig, parent)
        ids = answer["result"].split(",")
        waiting = {(await rig.fetch(each))["status"] for each in ids}

        first = await rig.post(f"/mj/task/{ids[0]}/cancel", {})
        second = await rig.post(f"/mj/task/{ids[2]}/cancel", {})
        pressed = len(upstream.pressed)
        await busy(rig, 0)
        await rig.hand_on()
        tasks = [await rig.finished(each) for each in ids]

    assert waiting == {"NOT_START"}
    assert (first.json()["code"], second.json()["code"], pressed) == (1, 1, 0)
    assert [each["status"] for each in tasks] == ["FAILURE", "SUCCESS", "FAILURE", "SUCCESS"]
    assert [each["imageUrl"] != "" for each in tasks] == [False, True, False, True]
    assert sorted(upstream.cancelled) == ["a", "c"]
    assert len(upstream.pressed) == 1
    assert (await rig.balance())[1] == 0
    assert await rig.books() == ()


async def busy(rig: Rig, running: int) -> None:
    """Let the channel seem to have work of others."""

    async def change(tx: Transaction) -> None:
        await tx.run("UPDATE channel_modes SET running = :running", running=running)

    await rig.gateway.store.write(change)


@one_engine
async def test_more_than_may_wait_are_refused_together(make_rig: MakeRig) -> None:
    async with several("a,b,c,d") as upstream:
        rig = await make_rig(upstream_url=upstream.url, max_running=1)
        parent = await described(rig)
        await busy(rig, 1)

        async def three(tx: Transaction) -> None:
            await tx.run("UPDATE users SET max_waiting = 3")

        await rig.gateway.store.write(three)
        told = await press(rig, parent)

    assert (told["code"], told["properties"]["reason"]) == (23, "queue_full")
    assert (await rig.balance())[1] == 0


async def test_a_repeat_under_the_same_key_names_the_same_tasks(rig: Rig) -> None:
    parent = await described(rig)
    headers = {"mj-api-secret": rig.alice.key, "Idempotency-Key": "once"}
    body = {"taskId": parent, "customId": ALL}

    async def forget(tx: Transaction) -> None:
        await tx.run("UPDATE idempotency SET answer = NULL")

    first = await rig.client.post("/mj/submit/action", json=body, headers=headers)
    second = await rig.client.post("/mj/submit/action", json=body, headers=headers)
    await rig.gateway.store.write(forget)
    after_a_crash = await rig.client.post("/mj/submit/action", json=body, headers=headers)

    assert first.json() == second.json()
    assert after_a_crash.json()["result"] == first.json()["result"]
    assert (await rig.stats())["submits"] == 2


@pytest.mark.parametrize(("prompt", "jobs"), [("a fox --repeat 3", 3), ("a fox", 1)])
async def test_the_jobs_that_one_prompt_pays_for_are_followed_each(
    make_rig: MakeRig, prompt: str, jobs: int
) -> None:
    async with several("a,b,c") as upstream:
        rig = await make_rig(upstream_url=upstream.url)

        answer = (await rig.post("/mj/submit/imagine", {"prompt": prompt})).json()
        ids = answer["result"].split(",")
        tasks = [await rig.finished(each) for each in ids]

    assert [each["status"] for each in tasks] == ["SUCCESS"] * jobs
    assert {each["prompt"] for each in tasks} == {prompt}
    assert await rig.balance() == (RICH - jobs * PRICE, 0, jobs * PRICE)
    assert await rig.books() == ()


@one_engine
async def test_the_other_dialect_names_them_all_and_a_channel_that_cannot_is_not_asked(
    rig: Rig,
) -> None:
    async def another_format(tx: Transaction) -> None:
        await tx.run("UPDATE channels SET provider = 'job'")

    parent, body = await described(rig), {"customId": ALL}
    answer = await rig.post("/api/mj/task/submit/action", body | {"taskId": parent})
    uuids = answer.json()["data"]["taskId"].split(",")
    found = [(await rig.get(f"/api/mj/task/{each}/fetch")).json()["code"] for each in uuids]
    before = await rig.balance()
    await rig.gateway.store.write(another_format)
    rig.clock.pass_by(1_001)

    told = await press(rig, parent)

    assert found == [0, 0, 0, 0]
    assert len(set(uuids)) == 4
    assert told["properties"]["reason"] == "unsupported"
    assert await rig.balance() == before
