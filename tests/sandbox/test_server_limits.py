"""Modes, queue and limits, lists, the job dialect, starting and stopping."""

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from mjgate.sandbox.server import serve
from mjgate.sandbox.settings import SandboxSettings
from tests.sandbox.client import PLAIN, listener, sandbox

ELEVEN = [
    *("taskId", "prompt", "imageUrl", "enqueue_time", "width", "height", "batch_size"),
    *("status", "job_type", "video_url", "video_urls"),
]
QUICK = replace(PLAIN, seconds=0.2)
SLOW = replace(PLAIN, seconds=60)


@pytest.fixture(autouse=True)
def _on_this_machine(loopback: None) -> None:
    del loopback


@pytest.mark.parametrize(
    ("prefix", "body", "mode"),
    [
        ("/mj", {}, "FAST"),
        ("/mj-relax/mj", {}, "RELAX"),
        ("/turbo/mj", {"mode": "RELAX"}, "TURBO"),
        ("/mj", {"accountFilter": {"modes": ["RELAX"]}}, "RELAX"),
        ("/mj", {"modes": ["turbo"]}, "TURBO"),
        ("/mj", {"prompt": "a fox --fast --relax"}, "RELAX"),
        ("/mj/mj", {}, "FAST"),
    ],
)
async def test_the_mode_comes_from_path_filter_or_flag(
    prefix: str, body: dict[str, object], mode: str
) -> None:
    async with sandbox() as client:
        answer = await client.post(prefix + "/submit/imagine", {"prompt": "a fox", **body})

        assert (await client.fetch(answer["result"]))["mode"] == mode


async def test_what_finds_no_place_waits_in_order_and_then_is_refused() -> None:
    async with sandbox(replace(SLOW, max_running=1, max_waiting=1)) as client:
        first = await client.submit("imagine", {"prompt": "one"})
        second = await client.submit("imagine", {"prompt": "two"})
        third = await client.submit("imagine", {"prompt": "three"})

        queue = await client.get("/mj/task/queue")
        assert [first["code"], second["code"], third["code"]] == [1, 22, 23]
        assert second["properties"]["numberOfQueues"] == 1
        assert [(task["id"], task["status"]) for task in queue] == [(second["result"], "NOT_START")]


async def test_the_next_begins_when_one_is_cancelled() -> None:
    async with sandbox(replace(SLOW, max_running=1)) as client:
        first, second = await client.imagine("one"), await client.imagine("two")

        answer = await client.post(f"/mj/task/{first}/cancel", None)
        again = await client.post(f"/mj/task/{first}/cancel", None)

        ended = await client.fetch(first)
        assert (answer["code"], again["code"]) == (1, 4)
        assert (ended["status"], ended["failReason"]) == ("FAILURE", "cancelled")
        assert (await client.fetch(second))["status"] == "SUBMITTED"


async def test_a_queue_of_many_empties_by_itself() -> None:
    async with sandbox(replace(PLAIN, seconds=0.05, max_running=1)) as client:
        ids = [await client.imagine(f"number {n}") for n in range(5)]

        tasks = [await client.finished(each) for each in ids]

        ends = [task["finishTime"] for task in tasks]
        assert ends == sorted(ends)


async def test_relax_takes_three_times_as_long() -> None:
    async with sandbox(QUICK) as client:
        fast = await client.finished(await client.imagine("a fox"))
        relax = await client.finished(await client.imagine("a fox --relax"))

        took = [task["finishTime"] - task["startTime"] for task in (fast, relax)]
        assert took[0] >= 190
        assert took[1] >= 590


async def test_lists_and_searches_give_pages_newest_first() -> None:
    async with sandbox() as client:
        ids = [await client.imagine(f"fox {n}", state="a" if n else "b") for n in range(3)]

        latest = await client.get("/mj/task/list")
        page = await client.post("/mj/task/query", {"pageNumber": 1, "pageSize": 1, "state": "a"})

        assert [task["id"] for task in latest] == ids[::-1]
        assert [task["id"] for task in page["content"]] == [ids[1]]
        assert (page["totalElements"], page["pageNumber"], page["pageSize"]) == (2, 1, 1)


async def test_the_job_dialect_tells_of_the_same_task() -> None:
    async with sandbox() as client:
        answer = await client.post("/api/mj/task/submit/imagine", {"prompt": "a fox --ar 2:1"})

        name = answer["data"]["taskId"]
        job = await client.get(f"/api/mj/task/{name}/fetch")
        follow = {"taskId": name, "customId": f"MJ::JOB::upsample::1::{name}"}
        larger = await client.post("/api/mj/task/submit/action", follow)
        assert (answer["code"], job["code"], larger["code"]) == (0, 0, 0)
        assert list(job["data"]) == ELEVEN
        assert (job["data"]["status"], job["data"]["batch_size"]) == ("completed", 4)
        assert job["data"]["width"] == 2 * job["data"]["height"]
        assert job["data"]["enqueue_time"].endswith("+00:00")


async def test_the_job_dialect_refuses_with_data_null() -> None:
    async with sandbox() as client:
        missing = await client.post("/api/mj/task/submit/imagine", {})
        unknown = await client.get("/api/mj/task/42a28dda-dc7a-4186-ac86-6e16c1fcef17/fetch")

        assert (missing["code"], missing["data"]) == (4, None)
        assert (unknown["code"], unknown["data"]) == (404, None)


async def test_the_same_seed_makes_the_same_run() -> None:
    async def seeds() -> list[str]:
        async with sandbox(replace(PLAIN, seed=5)) as client:
            return [(await client.fetch(await client.imagine("a fox")))["seed"] for _ in range(2)]

    first = await seeds()

    assert first == await seeds()
    assert len(set(first)) == 2


async def test_a_path_without_the_prefix_is_404_with_a_hint() -> None:
    async with sandbox() as client:
        answer = await client.post("/submit/imagine", {"prompt": "a fox"})

        assert "/mj/submit/imagine" in answer["description"]


async def test_a_browser_may_ask_from_another_origin() -> None:
    async with (
        sandbox() as client,
        client.session.options(
            client.url + "/mj/submit/imagine",
            headers={
                "Origin": "https://example.com",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization, mj-api-secret",
            },
        ) as answer,
    ):
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


async def test_it_is_ready_as_soon_as_it_answers() -> None:
    async with sandbox() as client:
        assert await client.status("/health/ready") == 200


async def test_stopping_with_work_and_notices_under_way_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with sandbox(SLOW) as client, listener() as hook:
        for n in range(5):
            await client.imagine(f"fox {n}", notifyHook=hook.url)

    assert asyncio.all_tasks() == before


async def test_stopping_ends_answers_under_way_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with sandbox() as client:
        slow = asyncio.create_task(client.imagine("[[fault:slow-submit=60]] fox"))
        while not (await client.stats())["jobs"]:  # noqa: ASYNC110  a client can only ask
            await asyncio.sleep(0.01)

    with pytest.raises(aiohttp.ClientError):
        await slow
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_serving_tells_the_port_and_ends_when_it_is_cancelled() -> None:
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(PLAIN, ready=told.set_result))
    port = await told
    async with sandbox() as client:
        client.url = f"http://127.0.0.1:{port}"
        assert await client.status("/health/live") == 200

    serving.cancel()

    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_what_waits_can_be_cancelled_and_is_never_begun() -> None:
    async with sandbox(replace(SLOW, max_running=1)) as client:
        await client.imagine("one")
        second = await client.imagine("two")

        await client.post(f"/mj/task/{second}/cancel", None)

        task = await client.fetch(second)
        assert (task["status"], task["startTime"]) == ("FAILURE", None)
        assert await client.get("/mj/queue") == []


@pytest.mark.parametrize("host", ["::1", "localhost", "127.0.0.2"])
def test_every_name_of_this_machine_is_loopback(host: str) -> None:
    assert SandboxSettings(host=host).host == host


@pytest.mark.parametrize(("seconds", "running", "waiting"), [(-1, 1, 0), (1, 0, 0), (1, 1, -1)])
def test_numbers_that_cannot_be_are_refused(seconds: float, running: int, waiting: int) -> None:
    with pytest.raises(ValueError, match="begin at 0"):
        SandboxSettings(seconds=seconds, max_running=running, max_waiting=waiting)
