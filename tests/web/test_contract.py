"""
The tables of the protocol over HTTP, a row for each case: what each submit makes, what each button
does, what each refusal says. One gateway with a real upstream serves the whole of a table.
"""

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mjgate.domain.action import Action
from mjgate.domain.hops import HEADER
from mjgate.domain.reasons import Reason
from mjgate.store import idempotency
from mjgate.store.database import Transaction
from mjgate.store.idempotency import Remembered
from mjgate.web import WebSettings
from tests.rig import PIXEL, MakeRig, Person, Rig, a_person
from tests.web.shape import FOX, IMAGINE, calling, one_engine, refused, served, set_key

Json = Any
Body = Mapping[str, object]

DATA = f"data:image/jpeg;base64,{PIXEL}"  # the declared type is not believed
TWO, SIX = [PIXEL, DATA], [PIXEL] * 6

# path, body -> the stored action
SUBMITS: Final[Sequence[tuple[str, Body, Action]]] = [
    ("submit/imagine", {"prompt": "a fox"}, Action.IMAGINE),
    ("submit/imagine", {"prompt": "a fox", "base64Array": [PIXEL, "", DATA]}, Action.IMAGINE),
    ("submit/imagine", {"prompt": "a fox", "base64": DATA}, Action.IMAGINE),
    ("submit/imagine", {"prompt": "a fox --video", "base64": PIXEL}, Action.VIDEO),
    ("submit/blend", {"base64Array": TWO}, Action.BLEND),
    ("submit/blend", {"base64Array": SIX, "dimensions": "PORTRAIT"}, Action.BLEND),
    ("submit/blend", {"base64Array": TWO, "dimensions": "square"}, Action.BLEND),
    ("submit/blend", {"base64Array": TWO, "dimensions": "LANDSCAPE"}, Action.BLEND),
    ("submit/describe", {"base64": PIXEL}, Action.DESCRIBE),
    ("submit/describe", {"base64": DATA, "link": "", "language": "zh"}, Action.DESCRIBE),
    ("submit/shorten", {"prompt": "a very red fox"}, Action.SHORTEN),
    ("submit/video", {"image": PIXEL}, Action.VIDEO),
    ("submit/video", {"base64": PIXEL, "prompt": "it runs", "motion": "HIGH"}, Action.VIDEO),
    ("submit/video", {"image": PIXEL, "motion": "low", "mode": "relax", "endImage": DATA,
                      "loop": True, "videoType": "vid_1.1_i2v_720", "batchSize": 2}, Action.VIDEO),
    ("submit/edits", {"prompt": "a hat", "image": PIXEL}, Action.EDITS),
    ("submit/edit", {"prompt": "a hat", "image": DATA, "maskBase64": PIXEL}, Action.EDITS),
    ("submit/retexture", {"prompt": "of glass", "image": PIXEL}, Action.RETEXTURE),
    ("insight-face/swap", {"sourceBase64": PIXEL, "targetBase64": DATA}, Action.SWAP_FACE),
]  # fmt: skip

JOB_MEMBERS: Final = [
    "taskId", "prompt", "imageUrl", "enqueue_time", "width", "height", "batch_size", "status",
    "job_type", "video_url", "video_urls",
]  # fmt: skip
JOB_TYPES: Final = [str, str, str, str, int, int, int, str, str, str, list]

COMMON: Final[Sequence[tuple[Body, str, str]]] = [
    ({}, "MID_JOURNEY", "FAST"),
    ({"botType": "NIJI_JOURNEY", "modes": ["RELAX"]}, "NIJI_JOURNEY", "RELAX"),
    ({"botType": "niji", "accountFilter": {"modes": ["turbo", "FAST"], "remix": True,
      "nijiRemix": True, "remixAutoConsidered": True, "remark": "mine"}}, "NIJI_JOURNEY", "TURBO"),
    ({"botType": "mj", "mode": "relax", "remix": True, "notifyHook": None, "modes": []},
     "MID_JOURNEY", "RELAX"),
]  # fmt: skip
"""What every submit takes besides: the bot and the mode that come of it."""


async def test_each_way_to_submit_makes_what_its_row_says(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=100)
    channel = await instance_of(rig)

    for number, (path, body, action) in enumerate(SUBMITS):
        common, bot, mode = COMMON[number % len(COMMON)]
        state = f"狐狸 {number}"
        answer = await rig.post(f"/mj/{path}", {**common, **body, "state": state})

        told = accepted(answer)
        assert told["properties"] == {"discordInstanceId": channel}, path
        task = await rig.fetch(told["result"])
        own = "RELAX" if body.get("mode") else mode
        assert (task["action"], task["botType"], task["mode"], task["state"]) == (
            action, bot, own, state,
        ), path  # fmt: skip
        assert (await rig.finished(told["result"]))["status"] == "SUCCESS", path


@one_engine
async def test_each_way_to_submit_is_the_same_in_the_job_dialect(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=100)

    for path, body, action in SUBMITS:
        made = served(await rig.post(f"/api/mj/task/{path}", body))
        assert (made["code"], made["message"], list(made["data"])) == (0, "成功", ["taskId"]), path
        uuid = made["data"]["taskId"]
        task = await rig.get(f"/mj/task/{uuid}/fetch")
        await rig.finished(task.json()["id"])
        shown = served(await rig.get(f"/api/mj/task/{uuid}/fetch"))["data"]

        assert (task.json()["action"], task.json()["properties"]["jobId"]) == (action, uuid), path
        assert list(shown) == JOB_MEMBERS, path
        assert (shown["taskId"], shown["status"]) == (uuid, "completed"), path
        assert [type(each) for each in shown.values()] == JOB_TYPES, path
        assert bool(shown["video_urls"]) == (action is Action.VIDEO), path


async def test_what_else_makes_a_task_and_what_is_named_of_it(rig: Rig) -> None:
    clip = (await rig.post("/mj/submit/video", {"image": PIXEL})).json()["result"]
    await rig.finished(clip)
    channel = await instance_of(rig)

    extended = accepted(
        await rig.post("/mj/submit/video", {"taskId": clip, "action": "EXTEND", "index": 0})
    )
    kept = served(await rig.post("/mj/submit/upload-discord-images", {"base64Array": TWO}))
    pinned = accepted(await rig.post(IMAGINE, {**FOX, "instanceId": channel}))
    nested = accepted(await rig.post(IMAGINE, {**FOX, "accountFilter": {"instanceId": channel}}))

    task = await rig.fetch(extended["result"])
    assert (task["action"], task["parentId"]) == ("VIDEO", clip)
    assert (kept["code"], kept["properties"], len(kept["result"])) == (1, {}, 2)
    assert all(each.startswith("http://gateway/mj/image/") for each in kept["result"])
    assert pinned["properties"] == nested["properties"] == {"discordInstanceId": channel}


H: Final = "{hash}"

# customId, action, whether a window opens without and with enableRemix
GRID: Final[Sequence[tuple[str, Action, bool, bool]]] = [
    (f"MJ::JOB::upsample::3::{H}", Action.UPSCALE, False, False),
    (f"MJ::JOB::variation::2::{H}", Action.VARIATION, False, True),
    (f"MJ::JOB::reroll::0::{H}::SOLO", Action.REROLL, False, True),
    (f"MJ::JOB::low_variation::1::{H}::SOLO", Action.LOW_VARIATION, False, True),
    (f"MJ::JOB::high_variation::1::{H}::SOLO", Action.HIGH_VARIATION, False, True),
    (f"MJ::Inpaint::1::{H}::SOLO", Action.INPAINT, True, True),
    (f"MJ::Outpaint::50::1::{H}::SOLO", Action.ZOOM, False, False),
    (f"MJ::Outpaint::75::1::{H}::SOLO", Action.ZOOM, False, False),
    (f"MJ::Outpaint::100::1::{H}::SOLO", Action.ZOOM, False, False),
    (f"MJ::CustomZoom::{H}", Action.CUSTOM_ZOOM, True, True),
    (f"MJ::CustomZoom::1::{H}", Action.CUSTOM_ZOOM, True, True),
    *((f"MJ::JOB::pan_{way}::1::{H}::SOLO", Action.PAN, False, True)
      for way in ("left", "right", "up", "down")),
    (f"MJ::JOB::upsample_v7_2x_subtle::1::{H}::SOLO", Action.UPSCALE_HD, False, False),
    (f"MJ::JOB::animate_high::1::{H}::SOLO", Action.VIDEO, False, True),
    (f"MJ::JOB::animate_low::1::{H}", Action.VIDEO, False, True),
    (f"MJ::JOB::video::1::{H}::SOLO", Action.VIDEO, True, True),
    (f"MJ::JOB::video_virtual_upscale::1::{H}", Action.UPSCALE, False, False),
    (f"mj::job::UPSAMPLE::4::{H}", Action.UPSCALE, False, False),
    (f"MJ::BOOKMARK::{H}", Action.BOOKMARK, False, False),
    (f"MJ::SomethingNew::{H}", Action.ACTION, False, False),
]  # fmt: skip
TEXTS: Final[Mapping[str, Sequence[tuple[str, Action, bool, bool]]]] = {
    "describe": [
        ("MJ::Job::PicReader::2", Action.IMAGINE, True, True),
        ("MJ::Picread::Retry", Action.DESCRIBE, False, False),
    ],
    "shorten": [("MJ::Job::PromptAnalyzer::1", Action.IMAGINE, True, True)],
}


async def test_each_button_does_what_its_row_says_and_asks_when_it_says(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=100)
    await rig.gateway.store.write(many_windows)
    parents = {
        "grid": (await rig.post(IMAGINE, FOX)).json()["result"],
        "describe": (await rig.post("/mj/submit/describe", {"base64": PIXEL})).json()["result"],
        "shorten": (await rig.post("/mj/submit/shorten", {"prompt": "a very red fox"})).json()[
            "result"
        ],
    }
    shown = {name: await rig.finished(parent) for name, parent in parents.items()}
    job = shown["grid"]["buttons"][0]["customId"].rpartition("::")[2]

    for name, rows in {"grid": GRID, **TEXTS}.items():
        for pattern, action, asks, remixed in rows:
            custom_id = pattern.format(hash=job)
            for enable, window in ((False, asks), (True, remixed)):
                body = {"taskId": parents[name], "customId": custom_id, "enableRemix": enable}
                answer = served(await rig.post("/mj/submit/action", body))
                case = (custom_id, enable, answer)

                assert answer["code"] == (21 if window else 1), case
                assert ("confirm" in answer["description"]) == window, case
                assert {"finalPrompt", "remix"} <= set(answer["properties"]) or not window, case
                task = await rig.fetch(answer["result"])
                assert (task["action"], task["customId"]) == (action, custom_id), case
                assert (task["status"] == "MODAL") == window, case
                assert task["parentId"] == parents[name], case


words = st.sampled_from(
    [*("MJ", "JOB", "Job", "upsample", "variation", "reroll", "pan_left", "CustomZoom", "Inpaint"),
     *("PicReader", "PromptAnalyzer", "all", "1", "4", "5", "0", "SOLO", "", "新", "a b", "{hash}")]
)  # fmt: skip
customs = st.lists(words, min_size=1, max_size=6).map("::".join) | st.text(max_size=600)
prompts = st.lists(
    st.sampled_from(
        [*("a fox", "狐狸", "--ar 3:2", "--repeat 3", "--r 2", "--turbo", "\u2014fast", "--video"),
         *("{red, blue}", "{", "}", "\\{", "https://a.example/b.png", "\u0000", "--", "::2", "🦊")]
    ),
    max_size=8,
).map(" ".join)  # fmt: skip


@one_engine
@given(custom_id=customs, prompt=prompts, remix=st.booleans())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_button_and_any_prompt_is_answered_and_keeps_the_books(
    rig: Rig, custom_id: str, prompt: str, *, remix: bool
) -> None:
    await rig.set("submits_per_second", value=0)
    first = await rig.gateway.store.reader.row("SELECT MIN(id) AS id FROM tasks")
    grid = str(first["id"]) if first and first["id"] else await rig.imagine()
    job = (await rig.finished(grid))["buttons"][0]["customId"].rpartition("::")[2]
    custom_id = custom_id.replace("{hash}", job)

    pressed = await rig.post(
        "/mj/submit/action", {"taskId": grid, "customId": custom_id, "enableRemix": remix}
    )
    drawn = await rig.post(IMAGINE, {"prompt": prompt})

    for answer in (pressed, drawn):
        told = served(answer)
        assert answer.status_code == 200, told
        assert told["code"] in {1, 4, 21, 22, 23}, told
        assert (told["result"] is None) == (told["code"] in {4, 23}), told
    if pressed.json()["code"] == 1:
        assert (await rig.fetch(pressed.json()["result"]))["customId"] == custom_id
    if drawn.json()["code"] == 1:
        shown = (await rig.fetch(drawn.json()["result"].partition(",")[0]))["prompt"]
        assert shown.split() == prompt.replace("\u0000", "").split()
    assert await rig.books() == ()


# what is sent of it -> action, and what the button's id has in it
CHANGES: Final[Sequence[tuple[str, Body, str, str]]] = [
    ("simple-change", {"content": "{id} U2"}, "UPSCALE", "upsample::2::"),
    ("simple-change", {"content": "{id} u3"}, "UPSCALE", "upsample::3::"),
    ("simple-change", {"content": "{id} V3"}, "VARIATION", "variation::3::"),
    ("simple-change", {"content": "  {id}   v4 "}, "VARIATION", "variation::4::"),
    ("simple-change", {"content": "{id} R"}, "REROLL", "reroll::0::"),
    ("simple-change", {"content": "{id} r"}, "REROLL", "reroll::0::"),
    ("change", {"taskId": "{id}", "action": "UPSCALE", "index": 1}, "UPSCALE", "upsample::1::"),
    ("change", {"taskId": "{id}", "action": "variation", "index": "2"}, "VARIATION",
     "variation::2::"),
    ("change", {"taskId": "{id}", "action": "REROLL"}, "REROLL", "reroll::0::"),
    ("change", {"taskId": "{id}", "action": "REROLL", "index": 9}, "REROLL", "reroll::0::"),
]  # fmt: skip

NO_CHANGES: Final[Sequence[tuple[str, Body, str, str]]] = [
    ("simple-change", {}, "missing_field", "content"),
    ("simple-change", {"content": " "}, "missing_field", "content"),
    ("simple-change", {"content": "U2"}, "bad_field", "content"),
    ("simple-change", {"content": "{id}"}, "bad_field", "content"),
    ("simple-change", {"content": "{id} U5"}, "bad_field", "content"),
    ("simple-change", {"content": "{id} X1"}, "bad_field", "content"),
    ("simple-change", {"content": "{id} U 2"}, "bad_field", "content"),
    ("simple-change", {"content": "1763712000000000 U2"}, "parent_not_found", "taskId"),
    ("change", {"action": "UPSCALE", "index": 1}, "missing_field", "taskId"),
    ("change", {"taskId": "{id}", "index": 1}, "missing_field", "action"),
    ("change", {"taskId": "{id}", "action": "UPSCALE"}, "missing_field", "index"),
    ("change", {"taskId": "{id}", "action": "UPSCALE", "index": 0}, "bad_field", "index"),
    ("change", {"taskId": "{id}", "action": "VARIATION", "index": 5}, "bad_field", "index"),
    ("change", {"taskId": "{id}", "action": "ZOOM", "index": 1}, "bad_field", "action"),
    ("modal", {}, "missing_field", "taskId"),
    ("modal", {"taskId": "{id}"}, "bad_field", "taskId"),
    ("video", {"taskId": "{id}", "index": 0}, "missing_field", "action"),
    ("video", {"taskId": "{id}", "action": "extend"}, "missing_field", "index"),
    ("video", {"taskId": "{id}", "action": "extend", "index": 4}, "bad_field", "index"),
    ("video", {"taskId": "{id}", "action": "extend", "index": 0}, "bad_field", "taskId"),
]


async def test_each_change_presses_the_button_that_its_row_says(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=100)
    grid = await rig.imagine()
    await rig.finished(grid)

    for path, body, action, button in CHANGES:
        told = accepted(await rig.post(f"/mj/submit/{path}", named(body, grid)))
        task = await rig.fetch(told["result"])
        assert (task["action"], task["parentId"]) == (action, grid), body
        assert button in task["customId"], body
    for path, body, reason, field in NO_CHANGES:
        answer = await rig.post(f"/mj/submit/{path}", named(body, grid))
        assert refused(answer, 200, reason)["properties"]["field"] == field, body


REFUSALS: Final[Mapping[str, tuple[int, int]]] = {
    **dict.fromkeys(
        (
            *("missing_field", "bad_field", "bad_image", "bad_address", "parent_not_found"),
            *("parent_not_finished", "parent_channel_gone", "parent_gone_upstream", "unsupported"),
            *("multiple_jobs", "loop", "already_finished"),
        ),
        (200, 4),
    ),
    "no_channel": (200, 3),
    "upstream_refused": (200, 9),
    "queue_full": (200, 23),
    "banned_word": (200, 24),
    "bad_json": (400, 4),
    "bad_key": (401, 4),
    "quota_not_enough": (402, 4),
    **dict.fromkeys(
        ("key_disabled", "ip_not_allowed", "action_not_allowed", "mode_not_allowed"), (403, 4)
    ),
    "not_found": (404, 4),
    "method_not_allowed": (405, 4),
    "idempotency_running": (409, 4),
    "too_large": (413, 4),
    "media_type": (415, 4),
    "bad_host": (421, 4),
    "idempotency_mismatch": (422, 4),
    "rate_limited": (429, 4),
    "internal": (500, 4),
    "overloaded": (503, 4),
}
"""HTTP status and code of each reason."""

LATER: Final = frozenset({"idempotency_running", "rate_limited", "overloaded"})
"""Refusals that say when to come again."""


@one_engine
async def test_each_refusal_has_its_status_its_code_and_one_shape(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=100)
    asked = Asked(rig)

    for name in REFUSALS:
        answer = await getattr(asked, name)()

        status, code = REFUSALS[name]
        refused(answer, status, name, code=code)
        assert ("retry-after" in answer.headers) == (name in LATER), name
        assert answer.json()["description"].isascii(), name

    assert set(REFUSALS) == set(Reason)


class Asked:
    """How each refusal is come by: a method for each, run in the order of the table."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    async def imagine(self, by: Person | None = None, **more: object) -> httpx.Response:
        return await self.rig.post(IMAGINE, {**FOX, **more}, by=by)

    async def bare(self, **more: Any) -> httpx.Response:  # noqa: ANN401  what httpx takes
        headers = {"mj-api-secret": self.rig.alice.key, "Accept-Language": "zh-CN"}
        headers |= more.pop("headers", {})
        return await self.rig.client.request(
            more.pop("method", "POST"), more.pop("path", IMAGINE), headers=headers, **more
        )

    async def press(self, task_id: str, button: str) -> httpx.Response:
        body = {"taskId": task_id, "customId": f"MJ::JOB::{button}::x"}
        return await self.rig.post("/mj/submit/action", body)

    async def missing_field(self) -> httpx.Response:
        return await self.rig.post(IMAGINE, {})

    async def bad_field(self) -> httpx.Response:
        return await self.imagine(state=7)

    async def bad_image(self) -> httpx.Response:
        return await self.imagine(base64="%%%")

    async def bad_address(self) -> httpx.Response:
        return await self.imagine(notifyHook="http://127.0.0.1/")

    async def parent_not_found(self) -> httpx.Response:
        return await self.press("1763712000000000", "upsample::1")

    async def parent_not_finished(self) -> httpx.Response:
        return await self.press(await self.rig.imagine("a fox [[fault:hang]]"), "upsample::1")

    async def parent_channel_gone(self) -> httpx.Response:
        grid = await self.rig.imagine()
        await self.rig.finished(grid)
        async with changed(
            self.rig,
            "UPDATE channels SET deleted_at = 1, status = 'disabled'",
            "UPDATE channels SET deleted_at = NULL, status = 'enabled'",
        ):
            return await self.press(grid, "reroll::0")

    async def parent_gone_upstream(self) -> httpx.Response:
        grid = await self.rig.imagine()
        await self.rig.finished(grid)
        async with changed(
            self.rig, "UPDATE tasks SET upstream_id = 'lost' WHERE id = :id", id=grid
        ):
            return await self.press(grid, "variation::1")

    async def unsupported(self) -> httpx.Response:
        async with changed(
            self.rig,
            "UPDATE channels SET actions = 'BLEND'",
            "UPDATE channels SET actions = ''",
        ):
            return await self.imagine()

    async def multiple_jobs(self) -> httpx.Response:
        return await self.imagine(prompt="a {red, blue fox --repeat 41")

    async def loop(self) -> httpx.Response:
        return await self.bare(json=FOX, headers={HEADER: ",".join("abcdef")})

    async def already_finished(self) -> httpx.Response:
        task = await self.rig.imagine()
        await self.rig.finished(task)
        return await self.rig.post(f"/mj/task/{task}/cancel", {})

    async def no_channel(self) -> httpx.Response:
        async with changed(
            self.rig,
            "UPDATE channels SET status = 'disabled'",
            "UPDATE channels SET status = 'enabled'",
        ):
            return await self.imagine()

    async def upstream_refused(self) -> httpx.Response:
        return await self.imagine(prompt="a fox [[fault:status-404-code-3]]")

    async def queue_full(self) -> httpx.Response:
        once = await a_person(self.rig.gateway, "once", max_running=1, on_limit="reject")
        await self.imagine(once, prompt="a fox [[fault:hang]]")
        return await self.imagine(once)

    async def banned_word(self) -> httpx.Response:
        return await self.imagine(prompt="a fox [[fault:reject-24]]")

    async def bad_json(self) -> httpx.Response:
        return await self.bare(content=b'{"prompt":')

    async def bad_key(self) -> httpx.Response:
        return await self.bare(json=FOX, headers={"mj-api-secret": "sk-nobodys"})

    async def quota_not_enough(self) -> httpx.Response:
        return await self.imagine(await a_person(self.rig.gateway, "poor", quota=1))

    async def key_disabled(self) -> httpx.Response:
        person = await a_person(self.rig.gateway, "off")
        await set_key(self.rig, person, status="disabled")
        return await self.imagine(person)

    async def ip_not_allowed(self) -> httpx.Response:
        return await self.imagine(await a_person(self.rig.gateway, "far", ips="198.51.100.0/24"))

    async def action_not_allowed(self) -> httpx.Response:
        return await self.imagine(await a_person(self.rig.gateway, "mixer", actions="BLEND"))

    async def mode_not_allowed(self) -> httpx.Response:
        return await self.imagine(await a_person(self.rig.gateway, "slow", modes="RELAX"))

    async def not_found(self) -> httpx.Response:
        return await self.rig.get("/mj/task/1763712000000000/fetch")

    async def method_not_allowed(self) -> httpx.Response:
        return await self.bare(method="PUT")

    async def idempotency_running(self) -> httpx.Response:
        gateway, body = self.rig.gateway, json.dumps(FOX).encode()
        now = gateway.clock.now()
        row = Remembered(hashlib.sha256(body).hexdigest(), None, None, gateway.node, now)
        scope = f"{self.rig.alice.token_id} POST  {IMAGINE}"
        await gateway.store.write(idempotency.remember, scope, "one", row)
        return await self.bare(content=body, headers={"Idempotency-Key": "one"})

    async def idempotency_mismatch(self) -> httpx.Response:
        headers = {"Idempotency-Key": "two"}
        await self.bare(json=FOX, headers=headers)
        return await self.bare(json={"prompt": "a wolf"}, headers=headers)

    async def too_large(self) -> httpx.Response:
        return await self.rig.post("/mj/task/list-by-condition", {"ids": [1] * 5_001})

    async def media_type(self) -> httpx.Response:
        return await self.bare(content=b"prompt=fox", headers={"Content-Type": "text/plain"})

    async def bad_host(self) -> httpx.Response:
        async with calling(self.rig, settings=WebSettings(hosts=("mj.example.com",))) as client:
            return await client.post(IMAGINE, json=FOX)

    async def rate_limited(self) -> httpx.Response:
        await self.rig.set("dry_runs_per_second", value=1)
        await self.bare(path=f"{IMAGINE}?dryRun=1", json=FOX)
        return await self.bare(path=f"{IMAGINE}?dryRun=1", json=FOX)

    async def overloaded(self) -> httpx.Response:
        await self.rig.set("maintenance", value=True)
        return await self.imagine()

    async def internal(self) -> httpx.Response:
        async with changed(
            self.rig, "ALTER TABLE tokens RENAME TO gone", "ALTER TABLE gone RENAME TO tokens"
        ):
            return await self.bare(json=FOX, headers={"mj-api-secret": "sk-never-seen"})


QUERIES: Sequence[tuple[str, str, object, int, object]] = [
    ("POST", "task/list-by-condition", {"ids": ""}, 200, []),
    ("POST", "task/list-by-condition", {"ids": []}, 200, []),
    ("POST", "task/list-by-condition", {"ids": None}, 200, []),
    ("POST", "task/list-by-ids", {"ids": ["1763712000000000", 7, "x", None]}, 200, []),
    ("GET", "account/list", None, 200, []),
    ("GET", "task/list", None, 200, []),
    ("GET", "task/queue", None, 200, []),
    ("GET", "queue", None, 200, []),
    ("POST", "task/query", None, 200,
     {"content": [], "totalElements": 0, "pageNumber": 0, "pageSize": 20}),
    ("GET", "task/1763712000000000/fetch", None, 404, "task not found"),
    ("GET", "task/1763712000000000/image-seed", None, 404, "task not found"),
    ("GET", "task/1763712000000000/events", None, 404, "task not found"),
    ("POST", "task/1763712000000000/cancel", None, 404, "task not found"),
    ("POST", "notify/1/1-1/wrong", {"id": "1"}, 404, "There is nothing at /mj/notify/1/1-1/wrong."),
]  # fmt: skip


@one_engine
async def test_each_question_about_nothing_has_the_answer_of_its_row(rig: Rig) -> None:
    for method, path, body, status, told in QUERIES:
        headers = {"mj-api-secret": rig.bob.key, "Content-Type": "application/json"}
        content = b"null" if body is None else json.dumps(body).encode()  # a client sends that
        answer = await rig.client.request(method, f"/mj/{path}", content=content, headers=headers)

        found = served(answer)
        assert answer.status_code == status, path
        assert (found["description"] if status == 404 else found) == told, path


@one_engine
async def test_answers_are_compact_and_leave_other_scripts_as_they_are(rig: Rig) -> None:
    texts = {"state": "狐狸 \U0001f98a", "prompt": "a fox"}
    taken = await rig.post(IMAGINE, texts)
    shown = await rig.get(f"/mj/task/{taken.json()['result']}/fetch")
    wrong = await rig.post(IMAGINE, {"prompt": ""})
    listed = await rig.post("/mj/task/query", {})

    for answer in (taken, shown, wrong, listed):
        plain = json.dumps(answer.json(), ensure_ascii=False, separators=(",", ":"))
        assert answer.content.decode() == plain
    assert "狐狸 \U0001f98a".encode() in shown.content


def accepted(answer: httpx.Response) -> Json:
    """The answer to a submit that was taken, member by member."""
    told = served(answer)
    assert list(told) == ["code", "description", "result", "properties"], told
    assert (answer.status_code, told["code"]) == (200, 1), told
    assert told["result"].isdigit()
    assert len(told["result"]) == 16
    assert int(told["result"]) < 2**53
    assert "confirm" not in told["description"]
    return told


def named(body: Body, task_id: str) -> dict[str, object]:
    """The body with the task's id where its row says so."""
    return {
        name: value.replace("{id}", task_id) if isinstance(value, str) else value
        for name, value in body.items()
    }


async def instance_of(rig: Rig) -> str:
    row = await rig.gateway.store.reader.row("SELECT instance_id FROM channels")
    assert row is not None
    return row["instance_id"]


async def many_windows(tx: Transaction) -> None:
    await tx.run("UPDATE users SET max_windows = 100")


@asynccontextmanager
async def changed(rig: Rig, there: Any, back: Any = "", **values: str) -> AsyncGenerator[None]:  # noqa: ANN401  statements
    """What holds for the length of the block; it is in force at once."""

    async def run(tx: Transaction, sql: Any) -> None:  # noqa: ANN401  a statement of a test
        await tx.run(sql, **{name: int(value) for name, value in values.items()})

    await rig.gateway.store.write(run, there)
    rig.gateway.channels.forget()
    rig.gateway.lines.forget()
    try:
        yield
    finally:
        if back:
            await rig.gateway.store.write(run, back)
        rig.gateway.channels.forget()
        rig.gateway.lines.forget()
