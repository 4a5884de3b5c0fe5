"""The job dialect as it is served: the same tasks, by UUID, in the other family's words."""

import json
import re
from typing import Any

import httpx
import pytest

from mjgate.domain.action import RULES
from tests.rig import PIXEL, RICH, MakeRig, Person, Rig
from tests.web.shape import FOX, Json, one_engine, served, untouched

BELOW = "/api/mj/task"
IMAGINE = f"{BELOW}/submit/imagine"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOBODY = "42a28dda-dc7a-4186-ac86-6e16c1fcef17"
MEMBERS: dict[str, type] = {
    "taskId": str, "prompt": str, "imageUrl": str, "enqueue_time": str, "width": int, "height": int,
    "batch_size": int, "status": str, "job_type": str, "video_url": str, "video_urls": list,
}  # fmt: skip


async def submitted(rig: Rig, path: str, **body: object) -> str:
    """Submit, and insist on the one answer that says that it was taken."""
    answer = served(await rig.post(f"{BELOW}/submit/{path}", body))
    assert (list(answer), answer["code"], answer["message"]) == (
        ["code", "message", "data"], 0, "成功",
    )  # fmt: skip
    assert list(answer["data"]) == ["taskId"]
    assert UUID.fullmatch(answer["data"]["taskId"])
    return str(answer["data"]["taskId"])


async def fetched(rig: Rig, name: str, *, by: Person | None = None) -> Json:
    """The task as it is shown: all members, each of its type."""
    answer = served(await rig.get(f"{BELOW}/{name}/fetch", by=by))
    assert (list(answer), answer["code"]) == (["code", "message", "data"], 0)
    assert {name: type(value) for name, value in answer["data"].items()} == MEMBERS
    return answer


async def public_id(rig: Rig, job: str) -> str:
    """The id under which the task protocol shows it; the way back is `jobId`."""
    listed = (await rig.get("/mj/task/list")).json()
    (found,) = [each["id"] for each in listed if each["properties"]["jobId"] == job]
    return str(found)


async def finished(rig: Rig, job: str) -> Json:
    await rig.finished(await public_id(rig, job))
    return (await fetched(rig, job))["data"]


def refusal(answer: httpx.Response, status: int, code: int) -> str:
    """Why, from a refusal that has its shape."""
    body = served(answer)
    assert (list(body), answer.status_code, body["code"], body["data"]) == (
        ["code", "message", "data"], status, code, None,
    )  # fmt: skip
    assert body["message"]
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    return str(body["message"])


async def test_a_task_is_submitted_followed_and_pressed_by_its_uuid(rig: Rig) -> None:
    job = await submitted(rig, "imagine", prompt="a red fox --ar 3:2", state="mine")
    pending = await fetched(rig, job)
    task_id = await public_id(rig, job)
    grid = await finished(rig, job)
    shown = await rig.fetch(task_id)

    upscale = await submitted(rig, "action", taskId=job, customId=shown["buttons"][1]["customId"])
    changed = await submitted(rig, "change", taskId=task_id, action="VARIATION", index=2)
    simple = await submitted(rig, "simple-change", content=f"{job.upper()} R")
    video = await submitted(rig, "video", image=PIXEL, prompt="it runs")

    assert (pending["message"], pending["data"]["status"]) == ("成功", "pending")
    assert (pending["data"]["imageUrl"], pending["data"]["batch_size"]) == ("", 0)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00", pending["data"]["enqueue_time"]
    )
    assert (grid["status"], grid["job_type"], grid["batch_size"]) == ("completed", "imagine", 4)
    assert (grid["imageUrl"], grid["prompt"]) == (shown["imageUrl"], "a red fox --ar 3:2")
    assert (grid["width"], grid["height"]) == (shown["imageWidth"], shown["imageHeight"])
    assert (await fetched(rig, task_id))["data"] == grid
    assert (await fetched(rig, job.upper()))["data"] == grid
    assert served(await rig.get(f"/api//mj/task/{job}/fetch/"))["data"] == grid
    assert (await finished(rig, upscale))["job_type"] == "upscale"
    assert (await finished(rig, changed))["job_type"] == "variation"
    assert (await finished(rig, simple))["job_type"] == "reroll"
    clips = await finished(rig, video)
    assert clips["job_type"] == "vid_1.1_i2v_render_b_joint_video"
    assert (clips["batch_size"], clips["video_url"]) == (4, clips["video_urls"][0])
    assert len(clips["video_urls"]) == 4
    assert await rig.books() == ()


async def test_a_failed_task_says_why_beside_the_task(rig: Rig) -> None:
    job = await submitted(rig, "imagine", prompt="x [[fault:fail=no paint left]]")

    await rig.finished(await public_id(rig, job))
    answer = await fetched(rig, job)

    assert (answer["message"], answer["data"]["status"]) == ("no paint left", "failed")
    assert await rig.balance() == (RICH, 0, 0)


@one_engine
async def test_what_waits_or_asks_or_existed_is_taken_in_the_same_words(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    grid = await submitted(rig, "imagine", prompt="a fox")
    await finished(rig, grid)
    buttons = (await rig.fetch(await public_id(rig, grid)))["buttons"]
    first = await submitted(rig, "action", taskId=grid, customId=buttons[0]["customId"])
    again = await submitted(rig, "action", taskId=grid, customId=buttons[0]["customId"])
    window = await submitted(rig, "action", taskId=grid, customId="MJ::Inpaint::1::x::SOLO")
    waiting = [await submitted(rig, "imagine", prompt=f"a fox {n}") for n in range(6)]

    status = (await rig.fetch(await public_id(rig, window)))["status"]

    assert (first, status) == (again, "MODAL")
    assert (await fetched(rig, window))["data"]["status"] == "pending"
    assert (await fetched(rig, waiting[-1]))["data"]["status"] == "pending"
    assert await submitted(rig, "modal", taskId=window, prompt="a blue fox") == window


@one_engine
@pytest.mark.parametrize(
    ("path", "body", "status", "code", "word"),
    [
        ("submit/imagine", {}, 200, 4, "prompt"),
        ("submit/imagine", {"prompt": "x [[fault:reject-24]]"}, 200, 24, "sensitive"),
        ("submit/imagine", {"prompt": "x [[fault:reject-3]]"}, 200, 9, "available"),
        ("submit/action", {"taskId": NOBODY, "customId": "a::b"}, 200, 4, "does not exist"),
        ("submit/blend", {"base64Array": ["x"]}, 200, 4, "base64Array"),
        ("insight-face/swap", {}, 200, 4, "sourceBase64"),
        ("submit/paint", {}, 404, 404, "nothing at"),
        ("submit/imagine/x", {}, 404, 404, "nothing at"),
    ],
)
async def test_a_refusal_has_the_protocols_status_and_code(
    rig: Rig, path: str, body: dict[str, Any], status: int, code: int, word: str
) -> None:
    answer = await rig.post(f"{BELOW}/{path}", body)

    assert word in refusal(answer, status, code)
    assert await rig.balance() == (RICH, 0, 0)


@one_engine
async def test_what_is_no_such_request_is_refused_in_the_same_shape(rig: Rig) -> None:
    key = {"mj-api-secret": rig.alice.key}

    refusal(await rig.client.post(IMAGINE, json=FOX), 401, 4)
    refusal(await rig.client.post(f"{IMAGINE}?key={rig.alice.key}", json=FOX), 401, 4)
    refusal(await rig.client.post(IMAGINE, json=FOX, headers={"cookie": "session=x"}), 401, 4)
    refusal(await rig.client.post(IMAGINE, content=b"{", headers=key), 400, 4)
    refusal(await rig.client.get(IMAGINE, headers=key), 405, 4)
    refusal(await rig.post(f"{BELOW}/{NOBODY}/fetch", {}), 405, 4)
    refusal(await rig.client.post(IMAGINE, content=b"x=1", headers=key | FORM), 415, 4)
    refusal(await rig.client.post(IMAGINE, content=b" " * (49 << 20), headers=key), 413, 4)
    await rig.impoverish()
    refusal(await rig.post(IMAGINE, FOX), 402, 4)
    assert (await rig.stats())["submits"] == 0


FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("name", [NOBODY, "1763712000000000", "x", "%00", "a%2Fb"])
async def test_an_unknown_task_is_404(rig: Rig, name: str) -> None:
    refusal(await rig.get(f"{BELOW}/{name}/fetch"), 404, 404)


async def test_another_persons_task_does_not_exist(rig: Rig) -> None:
    job = await submitted(rig, "imagine", prompt="a fox")
    task_id = await public_id(rig, job)

    told = {
        refusal(await rig.get(f"{BELOW}/{name}/fetch", by=rig.bob), 404, 404)
        for name in (job, task_id, NOBODY)
    }
    parent = refusal(
        await rig.post(
            f"{BELOW}/submit/change",
            {"taskId": job, "action": "REROLL"},
            by=rig.bob,
        ),
        200,
        4,
    )

    assert told == {"task not found"}
    assert "does not exist" in parent


async def test_a_repeat_gets_the_first_answer_of_its_own_dialect(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Idempotency-Key": "once"}
    content = json.dumps(FOX).encode()

    first, again, other = [
        await rig.client.post(path, content=content, headers=headers)
        for path in (IMAGINE, IMAGINE, "/mj/submit/imagine")
    ]
    mismatch = await rig.client.post(IMAGINE, content=b'{"prompt":"y"}', headers=headers)

    assert served(again) == served(first)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in other.headers
    assert other.json()["code"] == 1
    refusal(mismatch, 422, 4)
    assert (await rig.stats())["jobs"] == 2


@one_engine
async def test_pages_of_other_origins_may_call(rig: Rig) -> None:
    asks = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}

    preflight = await rig.client.options(IMAGINE, headers=asks)
    answer = await rig.client.get(f"{BELOW}/x/fetch", headers={"Origin": "https://page.example"})

    assert (preflight.status_code, preflight.content) == (204, b"")
    assert "mj-api-secret" in preflight.headers["access-control-allow-headers"]
    assert "idempotency-key" in preflight.headers["access-control-allow-headers"]
    refusal(answer, 401, 4)


@one_engine
async def test_a_dry_run_costs_nothing_and_has_no_task(rig: Rig) -> None:
    answer = served(await rig.post(f"{IMAGINE}?dryRun=1", FOX))

    assert (answer["code"], answer["data"]["taskId"], answer["data"]["price"]) == (0, "", 50_000)
    await untouched(rig)


@one_engine
async def test_every_submit_is_served_and_takes_large_bodies(rig: Rig) -> None:
    long = {"prompt": "x", "note": "y" * 300_000, "base64Array": [PIXEL] * 2, "image": PIXEL}

    for rule in RULES.values():
        for path in (rule.path, *rule.aliases):
            answer = await rig.post(f"{BELOW}/{path}", long)

            assert answer.status_code == 200, path
