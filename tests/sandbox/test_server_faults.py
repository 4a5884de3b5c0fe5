"""Each fault does what its sentence says."""

import asyncio
import gzip
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from mjgate.sandbox import faults
from mjgate.sandbox.settings import SandboxSettings
from tests.sandbox.client import PLAIN, Client, sandbox

QUICK = replace(PLAIN, seconds=0.4)


@pytest.fixture(autouse=True)
def _on_this_machine(loopback: None) -> None:
    del loopback


async def jobs(client: Client) -> int:
    count: int = (await client.stats())["jobs"]
    return count


async def test_a_drop_before_accepting_answers_nothing_and_makes_nothing() -> None:
    async with sandbox() as client:
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.imagine("a [[fault:drop-before-accept]] fox")

        assert await jobs(client) == 0


async def test_a_drop_after_accepting_answers_nothing_but_makes_the_job() -> None:
    async with sandbox() as client:
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.imagine("a [[fault:drop-after-accept]] fox", state="n1")

        assert (await client.stats())["per_nonce"] == {"n1": 1}


@pytest.mark.parametrize(
    ("fault", "status"), [("http-500", 500), ("html", 200), ("status-404-code-3", 404)]
)
async def test_an_answer_that_is_none_makes_no_job(fault: str, status: int) -> None:
    async with sandbox() as client:
        async with client.session.post(
            client.url + "/mj/submit/imagine", json={"prompt": f"[[fault:{fault}]] fox"}
        ) as answer:
            await answer.read()

        assert answer.status == status
        assert await jobs(client) == 0


@pytest.mark.parametrize(("fault", "code"), [("reject-24", 24), ("reject-23", 23), ("reject-3", 3)])
async def test_a_refusal_has_its_code_and_makes_no_job(fault: str, code: int) -> None:
    async with sandbox() as client:
        answer = await client.submit("imagine", {"prompt": f"[[fault:{fault}]] fox"})

        assert (answer["code"], answer["result"]) == (code, None)
        assert await jobs(client) == 0


async def test_a_failure_has_the_reason_that_was_asked_for() -> None:
    async with sandbox() as client:
        task = await client.fetch(await client.imagine("[[fault:fail=moderated: gore]] fox"))

        assert (task["status"], task["failReason"]) == ("FAILURE", "moderated: gore")
        assert (task["progress"], task["imageUrl"]) == ("100%", "")


async def test_a_blank_failure_has_neither_reason_nor_progress() -> None:
    async with sandbox() as client:
        task = await client.fetch(await client.imagine("[[fault:fail-blank]] fox"))

        assert (task["status"], task["failReason"], task["progress"]) == ("FAILURE", None, "")


async def test_what_hangs_stays_at_99() -> None:
    async with sandbox() as client:
        task = await client.fetch(await client.imagine("[[fault:hang]] fox"))

        assert (task["status"], task["progress"]) == ("IN_PROGRESS", "99%")


async def test_a_result_may_be_a_number() -> None:
    async with sandbox() as client:
        answer = await client.submit("imagine", {"prompt": "[[fault:number-result]] fox"})

        assert isinstance(answer["result"], int)
        assert (await client.fetch(str(answer["result"])))["status"] == "SUCCESS"


async def test_a_fault_for_all_prompts_strikes_each() -> None:
    settings = SandboxSettings(port=0, seconds=0, pictures="plain", faults=("fail=tired",))
    async with sandbox(settings) as client:
        task = await client.fetch(await client.imagine("fox"))

        assert task["failReason"] == "tired"


async def test_a_marker_that_names_no_fault_is_refused_with_a_hint() -> None:
    async with sandbox() as client:
        answer = await client.submit("imagine", {"prompt": "[[fault:hangs]] fox"})

        assert answer["properties"] == {"reason": "bad_field", "field": "prompt"}
        assert "did you mean hang?" in answer["description"]


@pytest.mark.parametrize(
    ("spec", "chance"),
    [
        ("hang", faults.Chance("hang")),
        ("hang:0.25", faults.Chance("hang", "", 0.25)),
        ("late=3", faults.Chance("late", "3")),
        ("late=3:1", faults.Chance("late", "3")),
        ("fail=moderated: gore", faults.Chance("fail", "moderated: gore")),
        ("fail=tired:0.5", faults.Chance("fail", "tired", 0.5)),
    ],
)
def test_a_spec_is_a_name_with_perhaps_a_value_and_a_probability(
    spec: str, chance: faults.Chance
) -> None:
    assert faults.read_spec(spec) == chance


@pytest.mark.parametrize("spec", ["", "hangs", "late=soon", "late=-1", "hang:2"])
def test_a_spec_that_cannot_be_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="fault"):
        SandboxSettings(faults=(spec,))


async def test_a_result_may_be_a_list() -> None:
    async with sandbox() as client:
        answer = await client.submit("imagine", {"prompt": "[[fault:list-result]] fox"})

        assert isinstance(answer["result"], list)


async def test_a_code_may_be_text() -> None:
    async with sandbox() as client:
        answer = await client.submit("imagine", {"prompt": "[[fault:code-as-string]] fox"})

        assert answer["code"] == "1"


async def test_an_accepted_submit_may_be_201() -> None:
    async with (
        sandbox() as client,
        client.session.post(
            client.url + "/mj/submit/imagine", json={"prompt": "[[fault:status-201]] fox"}
        ) as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (201, 1)


async def test_what_is_omitted_can_still_be_fetched() -> None:
    async with sandbox() as client:
        task_id = await client.imagine("[[fault:omit]] fox")

        assert await client.post("/mj/task/list-by-condition", {"ids": [task_id]}) == []
        assert (await client.fetch(task_id))["status"] == "SUCCESS"


async def test_what_freezes_stands_at_40_until_the_end() -> None:
    async with sandbox(QUICK) as client:
        task_id = await client.imagine("[[fault:freeze]] fox")

        seen = await progress_until_the_end(client, task_id)

        assert set(seen) == {0, 40, 100}


async def test_what_shuffles_goes_down_too() -> None:
    async with sandbox(QUICK) as client:
        task_id = await client.imagine("[[fault:shuffle]] fox")

        seen = await progress_until_the_end(client, task_id)

        assert seen != sorted(seen)


async def test_what_is_late_takes_longer() -> None:
    async with sandbox() as client:
        task = await client.finished(await client.imagine("[[fault:late=0.3]] fox"))

        assert task["status"] == "SUCCESS"
        assert task["finishTime"] - task["startTime"] >= 290


async def test_a_slow_submit_has_made_the_job_when_it_answers() -> None:
    async with sandbox() as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.imagine("[[fault:slow-submit=1]] fox")

        assert await jobs(client) == 1


async def test_a_duplicate_id_is_that_of_the_job_before() -> None:
    async with sandbox() as client:
        first = await client.imagine("fox")

        second = await client.imagine("[[fault:duplicate-id]] hare")

        assert (second, await jobs(client)) == (first, 1)


async def test_a_success_may_come_without_a_picture() -> None:
    async with sandbox() as client:
        task = await client.fetch(await client.imagine("[[fault:no-picture]] fox"))

        assert (task["status"], task["imageUrl"], task["splitUrls"]) == ("SUCCESS", "", None)


async def test_a_link_dies_when_its_time_is_over() -> None:
    async with sandbox() as client:
        living = await client.fetch(await client.imagine("[[fault:link-dies=60]] fox"))
        dead = await client.fetch(await client.imagine("[[fault:link-dies=0]] fox"))
        await asyncio.sleep(0.01)  # its time is measured on the wall

        statuses = [
            await client.status(task["imageUrl"].removeprefix(client.url))
            for task in (living, dead)
        ]
        assert statuses == [200, 404]


async def test_a_fetch_may_be_204() -> None:
    async with sandbox() as client:
        task_id = await client.imagine("[[fault:fetch-204]] fox")

        assert await client.status(f"/mj/task/{task_id}/fetch") == 204
        assert await client.post("/mj/task/list-by-condition", {"ids": [task_id]})


async def test_answers_may_be_gzip_unasked() -> None:
    async with (
        sandbox() as client,
        aiohttp.ClientSession(auto_decompress=False) as raw,
        raw.post(
            client.url + "/mj/submit/imagine",
            json={"prompt": "[[fault:gzip]] fox"},
            headers={"Accept-Encoding": "identity"},
        ) as answer,
    ):
        assert answer.headers["Content-Encoding"] == "gzip"
        assert b'"code":1' in gzip.decompress(await answer.read())


async def test_answers_may_come_in_drips() -> None:
    async with sandbox() as client:
        began = asyncio.get_running_loop().time()

        await client.imagine("[[fault:slow-drip=0.3]] fox")

        assert asyncio.get_running_loop().time() - began > 0.25


async def test_the_same_again_may_exist_already() -> None:
    async with sandbox() as client:
        first = await client.imagine("[[fault:existed]] fox")

        again = await client.submit("imagine", {"prompt": "[[fault:existed]] fox"})

        assert (again["code"], again["result"], await jobs(client)) == (21, first, 1)
        assert again["properties"]["status"] == "SUCCESS"
        assert again["properties"]["imageUrl"].startswith(client.url)


async def test_a_window_may_be_hidden_behind_code_1() -> None:
    async with sandbox() as client:
        grid = await client.imagine("[[fault:hide-21]] fox")
        upscale = (await client.press(grid, "U1"))["result"]

        answer = await client.press(upscale, "Vary (Region)")

        assert answer["code"] == 1
        assert (await client.fetch(answer["result"]))["status"] == "MODAL"


def test_every_fault_has_a_test_of_its_own() -> None:
    text = Path(__file__).read_text()

    missing = [name for name in faults.FAULTS if f"{name}" not in text]

    assert missing == []


async def progress_until_the_end(client: Client, task_id: str) -> list[int]:
    seen = [0]
    while seen[-1] < 100:
        seen.append(int((await client.fetch(task_id))["progress"].rstrip("%")))
        await asyncio.sleep(0.005)
    return seen
