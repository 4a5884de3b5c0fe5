"""Fields that are missing or wrong, parents that will not do, no money: named, and not charged."""

from collections.abc import Mapping, Sequence

import pytest

from mjgate.domain.action import RULES
from mjgate.store.database import Transaction
from tests.rig import PIXEL, MakeRig, Rig, a_person
from tests.web.shape import FOX, IMAGINE, one_engine, refused, untouched

PNG = "iVBORw0KGgoAAAAA"  # its first bytes, for what is refused before it is read
LINK = "https://pictures.example/a.png"
SOME_ID = "1763712000000000"

# path, body -> the field that is named
MISSING: Sequence[tuple[str, Mapping[str, object], str]] = [
    ("submit/imagine", {}, "prompt"),
    ("submit/imagine", {"prompt": None}, "prompt"),
    ("submit/imagine", {"prompt": ""}, "prompt"),
    ("submit/imagine", {"prompt": "  \n "}, "prompt"),
    ("submit/imagine", {"prompt": "\u0000\u0007"}, "prompt"),
    ("submit/imagine", {"prompt": " --turbo \u2014fast"}, "prompt"),
    ("submit/imagine", {"prompt": []}, "prompt"),
    ("submit/imagine", {"prompt": {}}, "prompt"),
    ("submit/imagine", {"Prompt": "a fox"}, "prompt"),
    ("submit/action", {"customId": "MJ::JOB::upsample::1::x"}, "taskId"),
    ("submit/action", {"taskId": SOME_ID}, "customId"),
    ("submit/action", {"taskId": "", "customId": "MJ::JOB::upsample::1::x"}, "taskId"),
    ("submit/blend", {}, "base64Array"),
    ("submit/blend", {"base64Array": []}, "base64Array"),
    ("submit/describe", {}, "base64"),
    ("submit/describe", {"base64": "", "link": None}, "base64"),
    ("submit/shorten", {}, "prompt"),
    ("submit/video", {}, "image"),
    ("submit/edits", {"prompt": "a fox"}, "image"),
    ("submit/edit", {"image": LINK}, "prompt"),
    ("submit/retexture", {"prompt": "a fox"}, "image"),
    ("insight-face/swap", {"targetBase64": PNG}, "sourceBase64"),
]

WRONG: Sequence[tuple[str, Mapping[str, object], str, str]] = [
    ("submit/imagine", {"prompt": 7}, "prompt", "bad_field"),
    ("submit/imagine", {"prompt": True}, "prompt", "bad_field"),
    ("submit/imagine", {"prompt": ["a fox"]}, "prompt", "bad_field"),
    ("submit/imagine", {"prompt": {"text": "a fox"}}, "prompt", "bad_field"),
    ("submit/imagine", {"prompt": "x" * 8_001}, "prompt", "bad_field"),
    ("submit/imagine", FOX | {"state": "x" * 256}, "state", "bad_field"),
    ("submit/imagine", FOX | {"state": 7}, "state", "bad_field"),
    ("submit/imagine", FOX | {"botType": "DALL_E"}, "botType", "bad_field"),
    ("submit/imagine", FOX | {"botType": 1}, "botType", "bad_field"),
    ("submit/imagine", FOX | {"notifyHook": "https://a.example/" + "x" * 2_000}, "notifyHook",
     "bad_field"),
    ("submit/imagine", FOX | {"notifyHook": 7}, "notifyHook", "bad_field"),
    ("submit/imagine", FOX | {"notifyHook": "ftp://a.example/"}, "notifyHook", "bad_address"),
    ("submit/imagine", FOX | {"notifyHook": "not an address"}, "notifyHook", "bad_address"),
    ("submit/imagine", FOX | {"notifyHook": "http://127.0.0.1/"}, "notifyHook", "bad_address"),
    ("submit/imagine", FOX | {"notifyHook": "http://[::1]:80/"}, "notifyHook", "bad_address"),
    ("submit/imagine", FOX | {"notifyHook": "http://10.1.2.3/"}, "notifyHook", "bad_address"),
    ("submit/imagine", FOX | {"notifyHook": "http://2130706433/"}, "notifyHook", "bad_address"),
    ("submit/imagine", FOX | {"notifyHook": "http://169.254.169.254/"}, "notifyHook",
     "bad_address"),
    ("submit/imagine", FOX | {"base64Array": [7]}, "base64Array", "bad_image"),
    ("submit/imagine", FOX | {"base64Array": [PNG] * 11}, "base64Array", "bad_field"),
    ("submit/imagine", FOX | {"base64Array": ["%%%"]}, "base64Array", "bad_image"),
    ("submit/imagine", FOX | {"base64Array": ["\u00fc"]}, "base64Array", "bad_image"),
    ("submit/imagine", FOX | {"base64Array": ["PHN2Zz48L3N2Zz4="]}, "base64Array", "bad_image"),
    ("submit/imagine", FOX | {"base64Array": ["data:image/png;base64,PGh0bWw+"]}, "base64Array",
     "bad_image"),
    ("submit/imagine", FOX | {"base64": 7}, "base64", "bad_field"),
    ("submit/imagine", FOX | {"base64Array": ["http://127.0.0.1/a.png"]}, "base64Array",
     "bad_address"),
    ("submit/describe", {"link": "http://192.168.1.1/a.png"}, "link", "bad_address"),
    ("insight-face/swap", {"sourceBase64": PNG, "targetUrl": "http://10.1.1.1/a.png"}, "targetUrl",
     "bad_address"),
    ("submit/describe", {"link": "https://a.example/" + "x" * 2_000}, "link", "bad_address"),
    ("submit/imagine", FOX | {"instanceId": "no-such-channel"}, "instanceId", "bad_field"),
    ("submit/imagine", FOX | {"accountFilter": {"instanceId": "no-such"}}, "instanceId",
     "bad_field"),
    ("submit/action", {"taskId": "../1", "customId": "a::b"}, "taskId", "bad_field"),
    ("submit/action", {"taskId": True, "customId": "a::b"}, "taskId", "bad_field"),
    ("submit/action", {"taskId": 1.5, "customId": "a::b"}, "taskId", "bad_field"),
    ("submit/action", {"taskId": "x" * 65, "customId": "a::b"}, "taskId", "bad_field"),
    ("submit/action", {"taskId": [SOME_ID], "customId": "a::b"}, "taskId", "bad_field"),
    ("submit/action", {"taskId": SOME_ID, "customId": 7}, "customId", "bad_field"),
    ("submit/action", {"taskId": SOME_ID, "customId": "x" * 513}, "customId", "bad_field"),
    ("submit/action", {"taskId": SOME_ID, "customId": "upscale"}, "taskId", "parent_not_found"),
    ("submit/blend", {"base64Array": [PNG]}, "base64Array", "bad_field"),
    ("submit/blend", {"base64Array": [PNG] * 7}, "base64Array", "bad_field"),
    ("submit/blend", {"base64Array": [PNG, PNG], "dimensions": "ROUND"}, "dimensions",
     "bad_field"),
    ("submit/video", {"image": LINK, "batchSize": 3}, "batchSize", "bad_field"),
    ("submit/video", {"image": LINK, "motion": "sideways"}, "motion", "bad_field"),
]  # fmt: skip


@one_engine
@pytest.mark.parametrize(("path", "body", "field"), MISSING, ids=lambda part: str(part)[:50])
async def test_a_missing_field_is_named(
    rig: Rig, path: str, body: Mapping[str, object], field: str
) -> None:
    answer = await rig.post(f"/mj/{path}", body)

    told = refused(answer, 200, "missing_field")
    assert told["properties"]["field"] == field
    assert field in told["description"]
    await untouched(rig)


@one_engine
@pytest.mark.parametrize(("path", "body", "field", "reason"), WRONG, ids=lambda p: str(p)[:50])
async def test_a_wrong_field_is_named(
    rig: Rig, path: str, body: Mapping[str, object], field: str, reason: str
) -> None:
    answer = await rig.post(f"/mj/{path}", body)

    told = refused(answer, 200, reason)
    assert told["properties"]["field"] == field
    await untouched(rig)


TOLERATED: Sequence[Mapping[str, object]] = [
    {"state": None, "notifyHook": "", "botType": None, "base64Array": [], "accountFilter": {}},
    {"base64Array": ["", None], "base64": ""},
    {"base64Array": PIXEL},
    {"base64Array": [PIXEL, f"data:image/jpeg;base64,{PIXEL}"]},
    {"botType": "mj"},
    {"botType": "niji"},
    {"botType": "niji_journey"},
    {"remix": "true", "modes": "FAST", "mode": 7} | {"mode": "FAST"},
    {"accountFilter": {"remix": True, "remark": "x", "nijiRemix": False, "instanceId": ""}},
    {"unknown": {"deep": [1, {"x": None}]}, "another": 10**30, "NUL": "\u0000", "emoji": "🦊"},
    {"state": "🦊" * 255},
    {"large": "x" * 100_000},
]


@one_engine
@pytest.mark.parametrize("more", TOLERATED, ids=lambda part: str(part)[:50])
async def test_what_clients_send_beside_the_prompt_does_no_harm(
    rig: Rig, more: Mapping[str, object]
) -> None:
    answer = await rig.post(IMAGINE, {**FOX, **more})

    assert answer.json()["code"] == 1, answer.text
    assert (await rig.finished(answer.json()["result"]))["status"] == "SUCCESS"


async def test_control_characters_leave_texts_and_line_breaks_stay(rig: Rig) -> None:
    task_id = await rig.imagine("a\u0000 red\u0007\n\tfox", state="\u0000mine\u001b")

    task = await rig.fetch(task_id)

    assert (task["prompt"], task["state"]) == ("a red\n\tfox", "mine")


@one_engine
async def test_what_is_not_served_is_said_by_name(rig: Rig) -> None:
    for path in RULES:
        answer = await rig.post(f"/mj/{path}", {})

        assert (answer.status_code, answer.json()["code"]) == (200, 4), path


@pytest.mark.parametrize(
    "task_id",
    [SOME_ID, int(SOME_ID), "no-such", 7, "00000000-0000-4000-8000-000000000000"],
    ids=repr,
)
async def test_a_parent_that_does_not_exist_is_said_so(rig: Rig, task_id: str | int) -> None:
    body = {"taskId": task_id, "customId": "MJ::JOB::upsample::1::x"}

    answer = await rig.post("/mj/submit/action", body)

    assert refused(answer, 200, "parent_not_found")["properties"]["field"] == "taskId"
    await untouched(rig)


async def test_anothers_parent_does_not_exist_in_the_same_words(rig: Rig) -> None:
    grid = await rig.imagine()
    button = (await rig.finished(grid))["buttons"][0]["customId"]

    anothers = await rig.post("/mj/submit/action", {"taskId": grid, "customId": button}, by=rig.bob)
    nobodys = await rig.post(
        "/mj/submit/action", {"taskId": SOME_ID, "customId": button}, by=rig.bob
    )

    told = refused(anothers, 200, "parent_not_found")
    assert told["description"] == refused(nobodys, 200, "parent_not_found")["description"]
    await untouched(rig, rig.bob, tasks=1)


@pytest.mark.parametrize(
    ("prompt", "told"),
    [("a fox [[fault:hang]]", "not finished"), ("a fox [[fault:fail]]", "failed")],
)
async def test_a_parent_that_has_not_succeeded_has_no_buttons_to_press(
    rig: Rig, prompt: str, told: str
) -> None:
    grid = await rig.imagine(prompt)
    await rig.look()

    answer = await rig.post(
        "/mj/submit/action", {"taskId": grid, "customId": "MJ::JOB::upsample::1::x"}
    )

    body = refused(answer, 200, "parent_not_finished")
    assert body["properties"]["field"] == "taskId"
    assert told in body["description"]
    await untouched(rig, tasks=1)


@pytest.mark.parametrize("form", ["text", "number", "uuid"])
async def test_a_parent_may_be_named_by_text_number_or_uuid(rig: Rig, form: str) -> None:
    grid = await rig.imagine()
    task = await rig.finished(grid)
    named = {"text": grid, "number": int(grid), "uuid": task["properties"]["jobId"]}
    body = {"taskId": named[form], "customId": task["buttons"][0]["customId"]}

    answer = await rig.post("/mj/submit/action", body)

    assert (await rig.fetch(answer.json()["result"]))["parentId"] == grid


@pytest.mark.parametrize("custom_id", ["upscale", "MJ:JOB:upsample:1", " ", "::"])
async def test_a_button_without_colons_is_none(rig: Rig, custom_id: str) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)

    answer = await rig.post("/mj/submit/action", {"taskId": grid, "customId": custom_id})

    if custom_id == "::":
        assert answer.json()["code"] in {1, 4, 9}
    else:
        assert answer.json()["properties"]["field"] == "customId"
        await untouched(rig, tasks=1)


async def test_without_money_nothing_is_sent(rig: Rig) -> None:
    poor = await a_person(rig.gateway, "poor", quota=49_999)

    answer = await rig.post(IMAGINE, FOX, by=poor)
    cheaper = await rig.post("/mj-relax/mj/submit/imagine", FOX, by=poor)

    refused(answer, 402, "quota_not_enough")
    assert cheaper.json()["code"] == 1
    assert await rig.balance(poor) == (24_999, 25_000, 0)
    assert (await rig.stats())["jobs"] == 1
    assert await rig.books() == ()


async def test_a_follow_up_without_money_is_not_sent(rig: Rig) -> None:
    poor = await a_person(rig.gateway, "poor", quota=50_000)
    grid = (await rig.post(IMAGINE, FOX, by=poor)).json()["result"]
    for _ in range(3):
        await rig.look()
    button = (await rig.fetch(grid, by=poor))["buttons"][0]["customId"]

    answer = await rig.post("/mj/submit/action", {"taskId": grid, "customId": button}, by=poor)

    refused(answer, 402, "quota_not_enough")
    assert await rig.balance(poor) == (0, 0, 50_000)
    assert (await rig.stats())["jobs"] == 1


async def test_a_key_with_a_limit_of_its_own_stops_at_it(rig: Rig) -> None:
    limited = await a_person(rig.gateway, "limited", limited=1)

    answer = await rig.post(IMAGINE, FOX, by=limited)

    refused(answer, 402, "quota_not_enough")
    await untouched(rig, limited)


async def test_without_a_channel_for_it_nothing_is_charged(rig: Rig) -> None:
    async def switch_off(tx: Transaction) -> None:
        await tx.run("UPDATE channels SET status = 'disabled'")

    await rig.gateway.store.write(switch_off)

    answer = await rig.post(IMAGINE, FOX)

    refused(answer, 200, "no_channel", code=3)
    await untouched(rig)


async def test_without_any_channel_at_all_the_action_is_not_offered(rig: Rig) -> None:
    async def take_away(tx: Transaction) -> None:
        await tx.run("UPDATE channel_modes SET max_running = 0")
        await tx.run("DELETE FROM channel_modes")

    await rig.gateway.store.write(take_away)

    answer = await rig.post(IMAGINE, FOX)

    refused(answer, 200, "unsupported")
    await untouched(rig)


@pytest.mark.parametrize(
    ("fault", "reason", "code"),
    [
        ("reject-24", "banned_word", 24),
        ("status-404-code-3", "upstream_refused", 9),
    ],
)
async def test_what_the_channel_refuses_is_said_and_costs_nothing(
    rig: Rig, fault: str, reason: str, code: int
) -> None:
    answer = await rig.post(IMAGINE, {"prompt": f"a fox [[fault:{fault}]]"})

    body = answer.json()
    assert (body["error"], body["code"], body["result"]) == (reason, code, None)
    assert "sandbox" not in body["description"].lower()
    assert (await rig.balance())[1:] == (0, 0)
    assert await rig.books() == ()


async def test_over_the_limit_a_key_may_be_refused_instead_of_waiting(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    await rig.imagine()
    impatient = await a_person(rig.gateway, "impatient", on_limit="reject")

    answer = await rig.post(IMAGINE, FOX, by=impatient)

    refused(answer, 200, "queue_full", code=23)
    assert (await rig.balance(impatient))[1] == 0
    assert (await rig.stats())["jobs"] == 1
