"""Gateway behind gateway: the top shows what the bottom shows, and each level pays what it owes."""

from typing import Any

import pytest

from tests.chains.conftest import Chain, Json, MakeChain
from tests.lifecycle.talker import Asked, says, takes, talking
from tests.rig import PIXEL, RICH

GRID, SMALL, VIDEO = 50_000, 25_000, 400_000
OWN = {
    "id", "state", "parentId", "submitTime", "startTime", "finishTime", "imageUrl", "imageUrls",
    "splitUrls", "thumbnailUrl", "videoUrl", "videoUrls", "properties",
}  # fmt: skip
"""Members in which levels may differ: ids, clocks and addresses are each gateway's own."""


@pytest.fixture
async def chain(make_chain: MakeChain) -> Chain:
    return await make_chain()


async def taken(chain: Chain, path: str, body: dict[str, Any], code: int = 1) -> str:
    answer = (await chain.top.post(f"/mj/submit/{path}", body)).json()
    assert answer["code"] == code, answer
    return str(answer["result"])


async def same(chain: Chain, task_id: str) -> Json:
    """The task, which must be the same at the top as at the bottom."""
    top, bottom = await chain.top.fetch(task_id), await chain.below(task_id)
    assert {k: v for k, v in top.items() if k not in OWN} == {
        k: v for k, v in bottom.items() if k not in OWN
    }
    for member in ("imageUrl", "videoUrl", "splitUrls", "videoUrls", "imageUrls"):
        assert _count(top[member]) == _count(bottom[member]), member
    ours = {"jobId", "reason"}
    assert {k: v for k, v in top["properties"].items() if k not in ours} == {
        k: v for k, v in bottom["properties"].items() if k not in ours
    }
    return top


def _count(value: Json) -> int:
    return len(value or "") if not isinstance(value, str) else int(bool(value))


async def test_a_picture_and_what_follows_it_are_the_same_on_both_levels(chain: Chain) -> None:
    task_id = await taken(
        chain,
        "imagine",
        {"prompt": "a red fox --ar 3:2 --foo 1", "state": "mine", "mode": "RELAX"},
    )
    await chain.finished(task_id)
    grid = await same(chain, task_id)
    upscale = (await chain.top.press(task_id, "U2"))["result"]
    change = await taken(chain, "change", {"taskId": task_id, "action": "VARIATION", "index": 1})
    video = await taken(chain, "video", {"image": PIXEL, "prompt": "it runs", "mode": "FAST"})

    for each in (upscale, change, video):
        await chain.finished(each)
        assert (await same(chain, each))["status"] == "SUCCESS"

    assert (grid["status"], grid["state"], grid["mode"]) == ("SUCCESS", "mine", "RELAX")
    assert grid["prompt"] == grid["promptEn"] == "a red fox --ar 3:2 --foo 1"
    picture = await chain.top.client.get(grid["imageUrl"])
    below = await chain.bottom.client.get((await chain.below(task_id))["imageUrl"])
    assert picture.headers["content-type"] == "image/png"
    assert picture.content == below.content
    spent = GRID // 2 + SMALL // 2 + GRID // 2 + VIDEO
    assert await chain.balances() == ((RICH - spent, 0, spent),) * 2
    assert (await chain.bottom.stats())["jobs"] == 4
    assert await chain.sound()


async def test_a_failure_is_told_and_released_on_both_levels(chain: Chain) -> None:
    failed = await taken(chain, "imagine", {"prompt": "x [[fault:fail=no paint left]]"})
    blank = await taken(chain, "imagine", {"prompt": "x [[fault:fail-blank]]"})
    refused = await chain.top.post("/mj/submit/imagine", {"prompt": "x [[fault:reject-24=eel]]"})

    task = await chain.finished(failed)
    without = await chain.finished(blank)

    assert (task["status"], task["progress"], task["failReason"]) == (
        "FAILURE", "100%", "no paint left",
    )  # fmt: skip
    for task_id in (failed, blank):
        await same(chain, task_id)
    assert without["failReason"]
    assert refused.json()["code"] == 24
    assert refused.json()["properties"]["bannedWord"] == "eel"
    assert refused.json()["result"] is None
    assert await chain.balances() == ((RICH, 0, 0),) * 2
    assert await chain.sound()


@pytest.mark.parametrize("fault", ["", " [[fault:hide-21]]"])
async def test_a_window_is_one_window_and_one_job(chain: Chain, fault: str) -> None:
    grid = await taken(chain, "imagine", {"prompt": f"a fox{fault}"})
    await chain.finished(grid)
    remix = await chain.top.press(grid, "V1", enableRemix=True)
    shown = await chain.top.fetch(remix["result"])
    await taken(chain, "modal", {"taskId": remix["result"], "prompt": f"a blue fox{fault}"})
    upscale = (await chain.top.press(grid, "U1"))["result"]
    await chain.finished(upscale)
    region = await chain.top.press(upscale, "Vary (Region)")
    await taken(
        chain, "modal", {"taskId": region["result"], "prompt": "a hat", "maskBase64": PIXEL}
    )

    for window in (remix, region):
        assert (window["code"], window["description"]) == (21, "Waiting for window confirm")
        assert (await chain.finished(window["result"]))["status"] == "SUCCESS"
        await same(chain, window["result"])

    assert shown["status"] == "MODAL"
    prompts = (await chain.bottom.stats())["per_prompt"]
    assert (prompts[f"a blue fox{fault}"], prompts["a hat"]) == (1, 1)
    spent = 3 * GRID + SMALL
    assert await chain.balances() == ((RICH - spent, 0, spent),) * 2
    assert await chain.sound()


async def test_a_hidden_window_of_the_upstreams_own_opens_on_both_levels(
    make_chain: MakeChain,
) -> None:
    told: dict[str, Any] = {"status": "MODAL", "progress": "0%", "properties": {}}

    def answer(asked: Asked) -> bytes:
        if asked.path.endswith("/submit/modal"):
            told.update(status="SUCCESS", imageUrl="https://cdn.example/1.png")
        if asked.submit:
            return takes("job-1")
        task = {"id": "job-1", **told}
        return says([task] if asked.path.endswith("list-by-condition") else task)

    async with talking(answer) as upstream:
        chain = await make_chain(upstream_url=upstream.url)
        task_id = await taken(chain, "imagine", {"prompt": "a fox"})
        await chain.look()
        window = await chain.top.fetch(task_id)
        held = await chain.balances()
        await taken(chain, "modal", {"taskId": task_id, "prompt": "a blue fox"})
        done = await chain.finished(task_id)

        modals = [each.body for each in upstream.asked if each.path.endswith("/submit/modal")]

    assert (window["status"], window["properties"]["finalPrompt"]) == ("MODAL", "a fox")
    assert held == ((RICH, 0, 0),) * 2
    assert (done["status"], len(modals)) == ("SUCCESS", 1)
    assert modals[0]["prompt"] == "a blue fox"
    assert await chain.balances() == ((RICH - GRID, 0, GRID),) * 2


async def test_progress_is_the_same_and_a_cancel_stops_both(chain: Chain) -> None:
    slow = "a fox [[fault:hang]] [[fault:freeze]]"
    task_id = await taken(chain, "imagine", {"prompt": slow})
    await chain.look()
    await chain.look()
    running = await same(chain, task_id)
    held = await chain.balances()

    cancelled = (await chain.top.post(f"/mj/task/{task_id}/cancel", {})).json()

    assert (running["status"], running["progress"]) == ("IN_PROGRESS", "40%")
    assert held == ((RICH - GRID, GRID, 0),) * 2
    assert cancelled["code"] == 1
    task = await same(chain, task_id)
    assert (task["failReason"], task["properties"]["cancelled"]) == ("cancelled", True)
    assert await chain.balances() == ((RICH, 0, 0),) * 2
    assert await chain.sound()


async def test_a_task_that_hangs_times_out_on_both_levels(chain: Chain) -> None:
    task_id = await taken(chain, "imagine", {"prompt": "a fox [[fault:hang]]"})
    for _ in range(3):
        await chain.look()

    await chain.look(after=16 * 60_000)
    task = await chain.finished(task_id)

    below = await chain.below(task_id)
    assert (task["status"], below["status"]) == ("FAILURE", "FAILURE")
    assert task["failReason"] == below["failReason"]
    assert below["properties"]["reason"] == "deadline_no_progress"
    assert await chain.balances() == ((RICH, 0, 0),) * 2
    assert await chain.sound()


async def test_what_means_nothing_here_arrives_as_it_was_sent(make_chain: MakeChain) -> None:
    strange = {"bar": {"a": [1, 2.5, "\u732b", None, True]}, "size": "1024", "n": 4}
    prompt = "\u4e00\u53ea\u732b --foo 1 --bar  x,y --no text"

    async with talking(takes()) as upstream:
        chain = await make_chain(upstream_url=upstream.url)
        await taken(chain, "imagine", {"prompt": prompt, **strange})

        (submit,) = upstream.submits

    assert submit.body["prompt"] == prompt
    assert {name: submit.body[name] for name in strange} == strange


@pytest.mark.parametrize("provider", ["mjproxy", "job"])
async def test_an_answer_that_was_lost_between_gateways_costs_one_task(
    make_chain: MakeChain, provider: str
) -> None:
    """By its echo in the list of recent tasks, or by asking again under the same key."""
    chain = await make_chain(provider=provider, idempotent="on")
    chain.line.lose = 1
    task_id = await taken(chain, "imagine", {"prompt": "a fox", "base64Array": [PIXEL]})
    lost = (await chain.top.task(task_id)).state

    done = await chain.finished(task_id)

    assert (lost, done["status"]) == ("UNKNOWN", "SUCCESS")
    assert chain.line.submits == (2 if provider == "job" else 1)
    assert (await chain.bottom.stats())["jobs"] == 1
    assert len((await chain.bottom.get("/mj/task/list")).json()) == 1
    assert await chain.balances() == ((RICH - GRID, 0, GRID),) * 2
    assert await chain.sound()


async def test_a_confirmation_that_was_lost_is_asked_again_under_its_key(
    make_chain: MakeChain,
) -> None:
    chain = await make_chain(provider="job", idempotent="on")
    grid = await taken(chain, "imagine", {"prompt": "a fox"})
    await chain.finished(grid)
    remix = await chain.top.press(grid, "V1", enableRemix=True)
    chain.line.lose = 2

    await taken(chain, "modal", {"taskId": remix["result"], "prompt": "a blue fox"})
    done = await chain.finished(remix["result"])

    assert done["status"] == "SUCCESS"
    assert (await chain.bottom.stats())["per_prompt"]["a blue fox"] == 1
    assert await chain.balances() == ((RICH - 2 * GRID, 0, 2 * GRID),) * 2
    assert await chain.sound()


async def test_the_job_dialect_carries_a_chain_too(make_chain: MakeChain) -> None:
    chain = await make_chain(provider="job")
    grid = await taken(chain, "imagine", {"prompt": "a fox", "state": "mine"})
    first = await chain.finished(grid)
    upscale = (await chain.top.press(grid, "U3"))["result"]
    large = await chain.finished(upscale)
    video = await chain.finished(await taken(chain, "video", {"image": PIXEL}))
    failed = await chain.finished(
        await taken(chain, "imagine", {"prompt": "x [[fault:fail=no paint left]]"})
    )

    assert (first["status"], large["status"], len(video["videoUrls"])) == ("SUCCESS", "SUCCESS", 4)
    assert (failed["failReason"], first["state"]) == ("no paint left", "mine")
    spent = GRID + SMALL + VIDEO
    assert await chain.balances() == ((RICH - spent, 0, spent),) * 2
    assert await chain.sound()
