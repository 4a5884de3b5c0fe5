"""Every way to submit, buttons and windows."""

import base64
from dataclasses import replace

import pytest

from mjgate.domain.action import Action
from mjgate.sandbox.plain import flat
from tests.sandbox.client import PLAIN, listener, sandbox

PICTURE = base64.b64encode(flat(7, (1024, 1024))).decode()
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


async def test_a_mark_leaves_one_picture_one_and_a_grid_a_grid() -> None:
    async with sandbox() as client:
        grid = await client.imagine("a fox")
        larger = (await client.press(grid, "U1"))["result"]

        marks: list[object] = []
        for task_id in (grid, larger):
            body = {"taskId": task_id, "customId": "MJ::BOOKMARK::x"}
            mark = await client.fetch((await client.submit("action", body))["result"])
            marks.append(len(mark["splitUrls"] or ()))

        assert marks == [4, 0]


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
        assert [button["label"] for button in larger["buttons"]] == [
            "Extend (High motion)",
            "Extend (Low motion)",
            "",
        ]
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


async def test_a_window_is_told_to_the_hook() -> None:
    async with sandbox() as client, listener() as hook:
        upscale = (await client.press(await client.imagine("a fox"), "U1"))["result"]

        await client.press(upscale, "Custom Zoom", notifyHook=hook.url)

        assert await hook.until("MODAL") == ["MODAL"]


async def test_a_window_can_be_cancelled() -> None:
    async with sandbox() as client:
        upscale = (await client.press(await client.imagine("a fox"), "U1"))["result"]
        window = (await client.press(upscale, "Custom Zoom"))["result"]

        await client.post(f"/mj/task/{window}/cancel", None)

        assert (await client.fetch(window))["failReason"] == "cancelled"
        assert (await client.submit("modal", {"taskId": window}))["result"] == window
        assert (await client.fetch(window))["status"] == "FAILURE"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("change", {"action": "UPSCALE"}, "index"),
        ("simple-change", {"content": "1 U9"}, "content"),
        ("action", {"customId": "press me"}, "customId"),
    ],
)
async def test_a_follow_up_that_cannot_be_read_names_its_field(
    path: str, body: dict[str, object], field: str
) -> None:
    async with sandbox() as client:
        answer = await client.submit(path, {"taskId": await client.imagine("a fox"), **body})

        assert (answer["code"], answer["properties"]["field"]) == (4, field)
