"""Each fault does what its sentence says."""

import aiohttp
import pytest

from mjgate.sandbox import faults
from mjgate.sandbox.settings import SandboxSettings
from tests.sandbox.client import Client, sandbox


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
