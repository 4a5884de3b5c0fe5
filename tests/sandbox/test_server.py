"""The main road: submit, look, follow up, be told, count."""

import asyncio

import pytest

from mjgate.sandbox.settings import SandboxSettings
from tests.sandbox.client import listener, sandbox

QUICK = SandboxSettings(port=0, seconds=0.2, pictures="plain")


@pytest.fixture(autouse=True)
def _on_this_machine(loopback: None) -> None:
    del loopback


async def test_a_prompt_becomes_a_grid_with_buttons() -> None:
    async with sandbox() as client:
        task_id = await client.imagine("a red fox", state="mine")

        task = await client.fetch(task_id)

        assert (task["status"], task["progress"], task["action"]) == ("SUCCESS", "100%", "IMAGINE")
        assert (task["state"], task["prompt"], task["failReason"]) == ("mine", "a red fox", None)
        assert [each["label"] for each in task["buttons"]][:4] == ["U1", "U2", "U3", "U4"]
        assert task["submitTime"] <= task["startTime"] <= task["finishTime"]


async def test_the_picture_of_a_task_is_a_png() -> None:
    async with sandbox() as client:
        task = await client.fetch(await client.imagine("a red fox"))

        async with client.session.get(task["imageUrl"]) as answer:
            data = await answer.read()

        assert answer.content_type == "image/png"
        assert data.startswith(b"\x89PNG\r\n\x1a\n")


async def test_an_upscale_follows_a_grid() -> None:
    async with sandbox() as client:
        grid = await client.imagine("a red fox")

        answer = await client.press(grid, "U2")

        task = await client.fetch(answer["result"])
        assert (task["action"], task["status"], task["parentId"]) == ("UPSCALE", "SUCCESS", grid)
        pressed = (await client.fetch(grid))["buttons"][1]
        assert (pressed["label"], pressed["style"]) == ("U2", 3)


async def test_ids_have_sixteen_digits_and_grow() -> None:
    async with sandbox() as client:
        first = await client.imagine("one")
        second = await client.imagine("two")
    async with sandbox() as client:
        later = await client.imagine("three")

    assert [len(first), len(second), len(later)] == [16, 16, 16]
    assert int(first) < int(second) < int(later)


async def test_a_list_has_the_order_asked_and_leaves_out_what_is_unknown() -> None:
    async with sandbox() as client:
        one, two = await client.imagine("one"), await client.imagine("two")

        tasks = await client.post(
            "/mj/task/list-by-condition", {"ids": [int(two), "1234567890123456", one]}
        )

        assert [task["id"] for task in tasks] == [two, one]


async def test_a_task_nobody_made_is_404_in_json() -> None:
    async with sandbox() as client:
        path = "/mj/task/1234567890123456/fetch"

        assert await client.status(path) == 404
        assert (await client.get(path))["code"] == 4


async def test_a_hook_hears_each_status_in_order_and_the_end_once() -> None:
    async with sandbox(QUICK) as client, listener() as hook:
        await client.imagine("a red fox", notifyHook=hook.url, state="n1")

        heard = await hook.until("SUCCESS")

        assert heard == sorted(heard, key=["SUBMITTED", "IN_PROGRESS", "SUCCESS"].index)
        assert (heard[0], heard.count("SUBMITTED"), heard.count("SUCCESS")) == ("SUBMITTED", 1, 1)
        assert {task["state"] for task in hook.heard} == {"n1"}


async def test_progress_never_falls_and_ends_at_100() -> None:
    async with sandbox(QUICK) as client:
        task_id = await client.imagine("a red fox")
        seen: list[int] = []

        while not seen or seen[-1] < 100:
            seen.append(int((await client.fetch(task_id))["progress"].rstrip("%")))
            await asyncio.sleep(0.01)

        assert seen == sorted(seen)
        assert seen[-1] == 100


async def test_the_seed_of_a_finished_task_is_the_prompts_own() -> None:
    async with sandbox() as client:
        task_id = await client.imagine("a red fox --seed 4711")

        answer = await client.get(f"/mj/task/{task_id}/image-seed")

        assert (answer["code"], answer["result"]) == (1, "4711")


async def test_stats_count_submits_and_jobs_by_nonce_and_prompt() -> None:
    async with sandbox() as client:
        for state in ("n1", "n1", "n2"):
            await client.imagine("a red fox", state=state)
        await client.submit("imagine", {"prompt": ""})

        assert await client.stats() == {
            "submits": 4,
            "jobs": 3,
            "per_nonce": {"n1": 2, "n2": 1},
            "per_prompt": {"a red fox": 3},
        }


async def test_a_wrong_field_is_code_4_and_names_it() -> None:
    async with sandbox() as client:
        answer = await client.submit("imagine", {"prompt": ["a", "list"]})

        assert (answer["code"], answer["result"]) == (4, None)
        assert answer["properties"] == {"reason": "bad_field", "field": "prompt"}


async def test_a_body_that_is_no_json_is_400() -> None:
    async with sandbox() as client:
        async with client.session.post(
            client.url + "/mj/submit/imagine", data=b"{oops"
        ) as response:
            answer = await response.json(content_type=None)

        assert (response.status, answer["properties"]["reason"]) == (400, "bad_json")


async def test_with_a_secret_both_key_headers_are_taken_and_nothing_else() -> None:
    async with sandbox(
        SandboxSettings(port=0, seconds=0, pictures="plain", secret="s3cret")
    ) as client:
        statuses: list[int] = []
        for headers in (
            {},
            {"mj-api-secret": "wrong"},
            {"mj-api-secret": "s3cret"},
            {"Authorization": "Bearer s3cret"},
        ):
            async with client.session.post(
                client.url + "/mj/submit/imagine", json={"prompt": "a"}, headers=headers
            ) as response:
                statuses.append(response.status)

        assert statuses == [401, 401, 200, 200]
        assert (await client.stats())["submits"] == 2


def test_without_a_secret_only_loopback_is_served() -> None:
    with pytest.raises(ValueError, match="secret"):
        SandboxSettings(host="0.0.0.0")  # noqa: S104  that is the point


async def test_a_port_in_use_is_an_os_error() -> None:
    async with sandbox() as client:
        port = int(client.url.rpartition(":")[2])

        with pytest.raises(OSError, match="in use"):
            async with sandbox(SandboxSettings(port=port)):
                pass
