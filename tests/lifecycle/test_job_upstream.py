"""A channel of the job dialect: the same life of a task, with what that format lacks left out."""

import pytest

from mjgate.manage import Desk
from mjgate.manage.trying import try_channel
from mjgate.store.database import Transaction
from tests.rig import PIXEL, RICH, MakeRig, Rig

GRID, SMALL, VIDEO = 50_000, 25_000, 400_000


@pytest.fixture
async def rig(make_rig: MakeRig) -> Rig:
    return await make_rig(provider="job")


async def taken(rig: Rig, path: str, **body: object) -> str:
    """Submit, and insist that it was taken."""
    answer = (await rig.post(f"/mj/submit/{path}", body)).json()
    assert answer["code"] == 1, answer
    return str(answer["result"])


async def test_a_picture_is_made_enlarged_and_animated(rig: Rig) -> None:
    grid = await rig.finished(await rig.imagine("a red fox --ar 3:2", state="mine"))

    upscale = await rig.press(grid["id"], "U2")
    large = await rig.finished(upscale["result"])
    video = await rig.finished(await taken(rig, "video", image=PIXEL, prompt="it runs"))

    assert (grid["status"], grid["state"], grid["progress"]) == ("SUCCESS", "mine", "100%")
    assert [each["label"] for each in grid["buttons"]][:4] == ["U1", "U2", "U3", "U4"]
    assert grid["imageWidth"] > grid["imageHeight"] > 0
    assert (await rig.get(grid["imageUrl"])).headers["content-type"] == "image/png"
    assert (large["status"], large["action"], large["parentId"]) == (
        "SUCCESS", "UPSCALE", grid["id"],
    )  # fmt: skip
    assert (video["status"], len(video["videoUrls"])) == ("SUCCESS", 4)
    assert video["properties"]["job_type"] == "vid_1.1_i2v_render_b_joint_video"
    assert rig.upstream_url not in str((grid, large, video))
    assert await rig.balance() == (RICH - GRID - SMALL - VIDEO, 0, GRID + SMALL + VIDEO)
    assert (await rig.stats())["jobs"] == 3
    assert await rig.books() == ()


async def test_texts_are_read_and_a_window_is_confirmed_with_its_button(rig: Rig) -> None:
    told = await rig.finished(await taken(rig, "describe", base64=PIXEL))
    short = await rig.finished(await taken(rig, "shorten", prompt="a very red fox in the snow"))
    grid = await rig.finished(await rig.imagine())
    large = await rig.finished((await rig.press(grid["id"], "U1"))["result"])
    window = await rig.press(large["id"], "Vary (Region)")
    body = {"taskId": window["result"], "prompt": "a blue fox", "maskBase64": PIXEL}
    await rig.post("/mj/submit/modal", body)
    remix = await rig.press(grid["id"], "V1", enableRemix=True)
    await rig.post("/mj/submit/modal", {"taskId": remix["result"], "prompt": "a green fox"})

    changed = await rig.finished(window["result"])
    varied = await rig.finished(remix["result"])

    assert len(told["prompt"].split("\n\n")) == 4
    assert short["properties"]["finalPrompt"]
    assert (window["code"], remix["code"]) == (21, 21)
    assert (changed["status"], varied["status"]) == ("SUCCESS", "SUCCESS")
    prompts = (await rig.stats())["per_prompt"]
    assert (prompts["a blue fox"], prompts["a green fox"]) == (1, 1)
    assert await rig.books() == ()


async def test_a_failure_costs_nothing_and_says_why(rig: Rig) -> None:
    failed = await rig.finished(await rig.imagine("a fox [[fault:fail=no paint left]]"))
    banned = (await rig.post("/mj/submit/imagine", {"prompt": "x [[fault:reject-24]]"})).json()
    gone = (await rig.post("/mj/submit/imagine", {"prompt": "x [[fault:reject-3]]"})).json()

    assert (failed["status"], failed["failReason"]) == ("FAILURE", "no paint left")
    assert (banned["code"], banned["result"], gone["code"]) == (24, None, 9)
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


async def test_what_the_format_cannot_say_is_said_by_us(rig: Rig) -> None:
    running = await rig.imagine("a fox [[fault:hang]]")
    await rig.look()
    grid = await rig.finished(await rig.imagine())

    seed = (await rig.get(f"/mj/task/{grid['id']}/image-seed")).json()
    cancelled = (await rig.post(f"/mj/task/{running}/cancel", {})).json()

    assert (seed["code"], seed["properties"]["reason"]) == (4, "unsupported")
    assert cancelled["code"] == 1
    assert (await rig.fetch(running))["failReason"] == "cancelled"
    assert await rig.balance() == (RICH - 2 * GRID, 0, 2 * GRID)
    assert await rig.books() == ()


async def test_a_lost_answer_is_an_orphan_within_a_minute(rig: Rig) -> None:
    lost = await rig.imagine("a fox [[fault:drop-after-accept]]")

    await rig.look(after=rig.gateway.timing.adoption_blind + 1)

    assert (await rig.fetch(lost))["properties"]["reason"] == "orphan"
    assert await rig.balance() == (RICH, 0, 0)


async def test_an_id_that_vanishes_is_looked_for_until_the_deadline(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")
    await rig.gateway.store.write(_rename, int(task_id))

    for _ in range(5):
        await rig.look()
    still = await rig.fetch(task_id)
    await rig.look(after=16 * 60_000)

    assert still["status"] == "SUBMITTED"
    assert (await rig.fetch(task_id))["properties"]["reason"] == "deadline_no_progress"
    assert await rig.balance() == (RICH, 0, 0)


async def test_a_channel_is_tried_for_nothing(rig: Rig) -> None:
    gateway = rig.gateway
    desk = Desk(store=gateway.store, keys=gateway.keys, clock=gateway.clock, actor="test")

    well = await try_channel(desk, rig.gateway.upstream, "main")
    await rig.move_channel(f"{rig.upstream_url}/nowhere")
    ill = await try_channel(desk, rig.gateway.upstream, "main")

    assert (well.ok, ill.ok) == (True, False)
    assert "no task list (HTTP 404)" in ill.text
    assert (await rig.stats())["submits"] == 0


async def _rename(tx: Transaction, task_id: int) -> None:
    """As if the job had another id, which nobody knows."""
    for sql in (
        "UPDATE tasks SET upstream_id = :upstream_id WHERE id = :id",
        "UPDATE follow SET upstream_id = :upstream_id WHERE task_id = :id",
    ):
        await tx.run(sql, id=task_id, upstream_id="42a28dda-dc7a-4186-ac86-6e16c1fcef17")
