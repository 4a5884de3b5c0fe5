"""Every way to submit, windows, modes, limits, lists and the job dialect."""

import asyncio
import base64
from dataclasses import replace

import aiohttp
import pytest

from mjgate.domain.action import Action
from mjgate.sandbox.plain import flat
from tests.sandbox.client import PLAIN, listener, sandbox

PICTURE = base64.b64encode(flat(7, (1024, 1024))).decode()
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
    ("path", "body", "action"),
    [
        ("imagine", {"prompt": "a fox", "base64Array": [PICTURE]}, "IMAGINE"),
        ("imagine", {"prompt": "a fox --video"}, "VIDEO"),
        ("blend", {"base64Array": [PICTURE, PICTURE]}, "BLEND"),
        ("describe", {"base64": PICTURE}, "DESCRIBE"),
        ("shorten", {"prompt": "a very small red fox in the snow"}, "SHORTEN"),
        ("video", {"image": PICTURE, "motion": "high"}, "VIDEO"),
        ("edits", {"prompt": "blue", "image": PICTURE, "maskBase64": PICTURE}, "EDITS"),
        ("edit", {"prompt": "blue", "image": PICTURE}, "EDITS"),
        ("retexture", {"prompt": "stone", "image": PICTURE}, "RETEXTURE"),
    ],
)
async def test_every_submit_ends_as_the_action_it_is(
    path: str, body: dict[str, object], action: str
) -> None:
    async with sandbox() as client:
        answer = await client.submit(path, body)

        task = await client.fetch(answer["result"])
        assert (answer["code"], task["action"], task["status"]) == (1, action, "SUCCESS")


async def test_a_swap_takes_two_pictures() -> None:
    async with sandbox() as client:
        answer = await client.post(
            "/mj/insight-face/swap", {"sourceBase64": PICTURE, "targetBase64": PICTURE}
        )

        assert (await client.fetch(answer["result"]))["action"] == "SWAP_FACE"


async def test_uploads_answer_with_addresses_of_the_same_bytes() -> None:
    async with sandbox() as client:
        answer = await client.submit("upload-discord-images", {"base64Array": [PICTURE]})

        async with client.session.get(answer["result"][0]) as response:
            assert await response.read() == base64.b64decode(PICTURE)


async def test_edits_are_four_pictures_and_a_grid_is_one_that_can_be_cut() -> None:
    async with sandbox() as client:
        edits = await client.submit("edits", {"prompt": "blue", "image": PICTURE})
        four = await client.fetch(edits["result"])
        grid = await client.fetch(await client.imagine("a fox"))

        assert [len(four["imageUrls"]), four["splitUrls"]] == [4, None]
        assert [grid["imageUrls"], len(grid["splitUrls"])] == [None, 4]


async def test_a_video_is_as_many_clips_as_were_asked_for() -> None:
    async with sandbox() as client:
        answer = await client.submit("video", {"image": PICTURE, "batchSize": 2})

        task = await client.fetch(answer["result"])
        assert [each["url"][-5:] for each in task["videoUrls"]] == ["0.mp4", "1.mp4"]
        assert await client.status(task["videoUrl"].removeprefix(client.url)) == 200
        assert await client.status(task["videoUrl"].removeprefix(client.url)[:-5] + "2.mp4") == 404


async def test_a_clip_can_be_enlarged_and_extended() -> None:
    async with sandbox() as client:
        video = (await client.submit("video", {"image": PICTURE}))["result"]

        larger = await client.fetch((await client.press(video, "U1"))["result"])
        body = {"taskId": video, "action": "extend", "index": 0}
        longer = await client.fetch((await client.submit("video", body))["result"])

        assert (larger["action"], len(larger["videoUrls"])) == ("UPSCALE", 1)
        assert (longer["action"], longer["parentId"]) == ("VIDEO", video)


async def test_describe_gives_four_prompts_and_all_of_them_can_be_drawn() -> None:
    async with sandbox() as client:
        described = (await client.submit("describe", {"base64": PICTURE}))["result"]
        task = await client.fetch(described)

        answer = await client.submit(
            "action", {"taskId": described, "customId": "MJ::Job::PicReader::all"}
        )

        ids = answer["result"].split(",")
        prompts = [(await client.fetch(each))["prompt"] for each in ids]
        assert task["prompt"] == task["promptEn"] == task["properties"]["finalPrompt"]
        assert prompts == task["prompt"].split("\n\n")
        assert len(prompts) == 4


@pytest.mark.parametrize(
    ("label", "action"),
    [
        ("U1", Action.UPSCALE),
        ("V3", Action.VARIATION),
        ("🔄", Action.REROLL),
    ],
)
async def test_a_number_does_what_the_button_does(label: str, action: Action) -> None:
    async with sandbox() as client:
        grid = await client.imagine("a fox")
        word = {"🔄": "R"}.get(label, label)

        pressed = await client.press(grid, label)
        said = await client.submit("simple-change", {"content": f"{grid} {word.lower()}"})
        body = {"taskId": grid, "action": action, "index": int(word[1:] or 1)}
        changed = await client.submit("change", body)

        tasks = [await client.fetch(each["result"]) for each in (pressed, said, changed)]
        assert {task["action"] for task in tasks} == {action}
        assert len({task["customId"] for task in tasks}) == 1


@pytest.mark.parametrize(
    "label",
    [
        "Upscale (Subtle)",
        "Vary (Strong)",
        "Zoom Out 2x",
        "⬅️",
        "Animate (High motion)",
        "❤️",
    ],
)
async def test_every_button_of_an_upscale_can_be_pressed(label: str) -> None:
    async with sandbox() as client:
        upscale = (await client.press(await client.imagine("a fox"), "U1"))["result"]

        answer = await client.press(upscale, label)

        assert (await client.fetch(answer["result"]))["status"] == "SUCCESS"


async def test_a_window_waits_for_its_answer_and_begins_once() -> None:
    async with sandbox() as client:
        upscale = (await client.press(await client.imagine("a fox"), "U1"))["result"]
        window = await client.press(upscale, "Vary (Region)", state="n1")
        before = await client.fetch(window["result"])

        body = {"taskId": window["result"], "prompt": "a blue fox", "maskBase64": PICTURE}
        first = await client.submit("modal", body)
        again = await client.submit("modal", body)

        after = await client.fetch(window["result"])
        assert (window["code"], window["description"]) == (21, "Waiting for window confirm")
        assert window["properties"]["finalPrompt"] == "a fox"
        assert (before["status"], after["status"]) == ("MODAL", "SUCCESS")
        assert (first["code"], first["result"]) == (again["code"], again["result"])
        assert after["prompt"] == "a blue fox"
        stats = await client.stats()
        assert (stats["per_nonce"]["n1"], stats["per_prompt"]["a blue fox"]) == (1, 1)


async def test_remix_opens_a_window_where_it_is_asked_for() -> None:
    async with sandbox() as client:
        grid = await client.imagine("a fox")

        plain = await client.press(grid, "V1")
        remix = await client.press(grid, "V1", enableRemix=True)

        assert (plain["code"], remix["code"]) == (1, 21)


async def test_a_modal_for_a_task_without_a_window_is_code_4() -> None:
    async with sandbox() as client:
        answer = await client.submit("modal", {"taskId": await client.imagine("a fox")})

        assert (answer["code"], answer["properties"]["field"]) == (4, "taskId")


async def test_a_parent_that_is_gone_is_code_3_and_one_unfinished_code_4() -> None:
    async with sandbox(SLOW) as client:
        running = await client.imagine("a fox")

        gone = await client.submit("simple-change", {"content": "1234567890123456 U1"})
        early = await client.submit("simple-change", {"content": f"{running} U1"})

        assert (gone["code"], early["code"]) == (3, 4)


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


async def test_a_window_is_told_to_the_hook() -> None:
    async with sandbox() as client, listener() as hook:
        upscale = (await client.press(await client.imagine("a fox"), "U1"))["result"]

        await client.press(upscale, "Custom Zoom", notifyHook=hook.url)

        assert await hook.until("MODAL") == ["MODAL"]


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
