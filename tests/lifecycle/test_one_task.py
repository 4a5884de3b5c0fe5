"""One task, from the request to the picture."""

import base64
import io

import pytest
from PIL import Image

from tests.rig import PRICE, RICH, MakeRig, Rig


def a_photograph() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "#406080").save(buffer, "JPEG")
    return base64.b64encode(buffer.getvalue()).decode()


async def test_a_prompt_becomes_a_picture_that_is_paid_for(rig: Rig) -> None:
    task_id = await rig.imagine("a red fox", base64Array=[a_photograph()], state="mine")
    assert await rig.balance() == (RICH - PRICE, PRICE, 0)

    task = await rig.finished(task_id)

    assert (task["status"], task["progress"], task["state"]) == ("SUCCESS", "100%", "mine")
    assert [button["label"] for button in task["buttons"]][:4] == ["U1", "U2", "U3", "U4"]
    assert await rig.balance() == (RICH - PRICE, 0, PRICE)
    assert await rig.books() == ()


async def test_a_picture_is_served_under_our_own_signed_address(rig: Rig) -> None:
    task = await rig.finished(await rig.imagine())
    assert task["imageUrl"].startswith("http://gateway/mj/image/")

    picture = await rig.client.get(task["imageUrl"])
    forged = await rig.client.get(task["imageUrl"].replace("sig=", "sig=x"))

    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG")
    assert (forged.status_code, forged.json()["code"]) == (403, 4)


async def test_an_upscale_follows_its_grid_to_the_same_channel(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)

    answer = await rig.press(grid, "U2")

    task = await rig.finished(answer["result"])
    assert (task["action"], task["status"], task["parentId"]) == ("UPSCALE", "SUCCESS", grid)
    assert (await rig.task(answer["result"])).channel_id == rig.channel_id
    assert await rig.balance() == (RICH - PRICE * 3 // 2, 0, PRICE * 3 // 2)


async def test_the_same_upscale_pressed_twice_is_one_task(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)

    first = await rig.press(grid, "U1")
    again = await rig.press(grid, "U1")
    other = await rig.press(grid, "U1", state="another")

    assert again["result"] == first["result"]
    assert again["properties"]["existed"] is True
    assert other["result"] != first["result"]


async def test_a_failed_task_costs_nothing(rig: Rig) -> None:
    task = await rig.finished(await rig.imagine("a fox [[fault:fail=moderated by policy]]"))

    assert (task["status"], task["progress"]) == ("FAILURE", "100%")
    assert task["failReason"] == "moderated by policy"
    assert task["properties"]["reason"] == "moderated"
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


@pytest.mark.parametrize("auth", ["secret", "bearer"])
async def test_a_failure_never_says_the_key_of_its_channel(make_rig: MakeRig, auth: str) -> None:
    rig = await make_rig(auth=auth)

    task = await rig.finished(
        await rig.imagine("a fox [[fault:fail=no credit on upstream-secret]]")
    )

    assert task["failReason"] == "no credit on [provider]"


async def test_a_failure_without_a_word_still_says_something(rig: Rig) -> None:
    task = await rig.finished(await rig.imagine("a fox [[fault:fail-blank]]"))

    assert (task["status"], task["progress"]) == ("FAILURE", "100%")
    assert task["failReason"] == "The provider failed without saying why."


async def test_a_task_that_never_finishes_ends_by_our_clock(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")

    await rig.look()
    await rig.look(after=rig.gateway.timing.no_progress + 1)

    task = await rig.fetch(task_id)
    assert (task["status"], task["properties"]["reason"]) == ("FAILURE", "deadline_no_progress")
    assert await rig.balance() == (RICH, 0, 0)


async def test_a_banned_word_is_the_answer_and_costs_nothing(rig: Rig) -> None:
    answer = await rig.post("/mj/submit/imagine", {"prompt": "a fox [[fault:reject-24]]"})

    body = answer.json()
    assert (answer.status_code, body["code"], body["result"]) == (200, 24, None)
    assert body["properties"]["reason"] == "banned_word"
    assert await rig.balance() == (RICH, 0, 0)


async def test_a_number_as_the_result_is_an_id_too(rig: Rig) -> None:
    task = await rig.finished(await rig.imagine("a fox [[fault:number-result]]"))

    assert task["status"] == "SUCCESS"


async def test_over_the_channels_limit_tasks_wait_and_are_handed_on(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    first, second = await rig.imagine("one"), await rig.imagine("two")
    assert (await rig.fetch(second))["status"] == "NOT_START"

    await rig.finished(first)
    await rig.hand_on()

    assert (await rig.finished(second))["status"] == "SUCCESS"
    assert await rig.books() == ()


async def test_a_channel_that_cannot_be_reached_is_code_3(make_rig: MakeRig) -> None:
    rig = await make_rig(upstream_url="http://127.0.0.1:9")

    answer = (await rig.post("/mj/submit/imagine", {"prompt": "a fox"})).json()

    assert (answer["code"], answer["result"]) == (3, None)
    assert answer["properties"]["reason"] == "no_channel"
    assert await rig.balance() == (RICH, 0, 0)
