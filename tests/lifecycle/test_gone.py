"""When a channel is gone, its archived pictures still serve."""

import base64

import pytest
from PIL import Image

from mjgate.store.database import Transaction
from tests.imaging import made
from tests.lifecycle.test_inputs import work_of
from tests.rig import Json, MakeRig, Person, Rig, a_channel, a_person
from tests.web.shape import one_engine, refused

VARIATION = EDITS = 50_000
FILM = 400_000


async def without_channel(rig: Rig) -> None:
    """Delete the channel, as an admin would."""

    async def delete(tx: Transaction) -> None:
        await tx.run("UPDATE channels SET deleted_at = :now, status = 'disabled'", now=1)

    await rig.gateway.store.write(delete)
    rig.gateway.channels.forget()
    rig.gateway.lines.forget()


async def grid(rig: Rig) -> str:
    """A grid that is ours, and whose channel is gone."""
    task_id = await rig.imagine()
    await rig.finished(task_id)
    await rig.archive()
    await without_channel(rig)
    return task_id


async def test_a_picture_of_a_grid_is_cut_at_no_charge_when_its_channel_is_gone(rig: Rig) -> None:
    task_id = await grid(rig)
    before = await rig.balance()
    parent = await rig.fetch(task_id)

    first = await rig.press(task_id, "U3")
    again = await rig.press(task_id, "U3")
    task = await rig.fetch(first["result"])
    picture = await rig.client.get(task["imageUrl"])
    cut = await rig.client.get(parent["splitUrls"][2])

    assert (first["code"], task["status"], task["action"]) == (1, "SUCCESS", "UPSCALE")
    assert again["result"] == first["result"]
    assert picture.content == cut.content
    assert made.opened(picture.content).size == (task["imageWidth"], task["imageHeight"])
    assert task["parentId"] == task_id
    assert await rig.balance() == before
    assert await rig.books() == ()


async def test_what_needs_the_channel_is_refused_and_costs_nothing(rig: Rig) -> None:
    task_id = await grid(rig)
    before = await rig.balance()

    answers = [await rig.press(task_id, label) for label in ("V1", "🔄")]

    assert [each["properties"]["reason"] for each in answers] == ["parent_channel_gone"] * 2
    assert await rig.balance() == before


async def test_a_grid_that_is_not_ours_yet_cannot_be_cut(rig: Rig) -> None:
    task_id = await rig.imagine()
    await rig.finished(task_id)
    await without_channel(rig)
    await rig.gateway.store.write(_lose, int(task_id))

    answer = await rig.press(task_id, "U1")

    assert answer["properties"]["reason"] == "parent_channel_gone"


class Elsewhere:
    """Carol, whose key has `fallback`, and a grid of hers whose channel gave way to another."""

    def __init__(self, rig: Rig, carol: Person, grid: str) -> None:
        self.rig = rig
        self.carol = carol
        self.grid = grid

    async def pressed(self, task_id: str, label: str, query: str = "", **more: object) -> Json:
        buttons = (await self.rig.fetch(task_id, by=self.carol))["buttons"]
        custom = next(b["customId"] for b in buttons if label in {b["label"], b["emoji"]})
        body = {"taskId": task_id, "customId": custom, **more}
        path = f"/mj/submit/action{query}"
        return (await self.rig.post(path, body, by=self.carol)).json()

    async def finished(self, task_id: str) -> Json:
        for _ in range(3):
            await self.rig.look()
        return await self.rig.fetch(task_id, by=self.carol)

    async def balance(self) -> int:
        return (await self.rig.balance(self.carol))[0]


@pytest.fixture
async def moved(make_rig: MakeRig) -> Elsewhere:
    rig = await make_rig()
    carol = await a_person(rig.gateway, "carol", fallback=1)
    answer = await rig.post("/mj/submit/imagine", {"prompt": "a red fox"}, by=carol)
    here = Elsewhere(rig, carol, answer.json()["result"])
    await here.finished(here.grid)
    await rig.archive()
    await without_channel(rig)
    await a_channel(rig.gateway, "other", rig.upstream_url)
    rig.gateway.channels.forget()
    rig.gateway.credentials.forget()
    return here


async def test_a_key_with_fallback_varies_the_archived_picture_elsewhere(moved: Elsewhere) -> None:
    before = await moved.balance()

    forecast = (await moved.pressed(moved.grid, "V2", "?dryRun=1"))["properties"]
    taken = await moved.pressed(moved.grid, "V2")
    cut = await moved.pressed(moved.grid, "U1")
    task = await moved.finished(taken["result"])

    assert forecast["price"] == VARIATION
    assert (taken["code"], cut["code"]) == (1, 1)
    assert (task["status"], task["action"], task["prompt"]) == ("SUCCESS", "IMAGINE", "a red fox")
    assert await moved.balance() == before - VARIATION
    assert await moved.rig.books() == ()


@one_engine
async def test_a_cut_offers_what_can_be_drawn_from_its_picture_elsewhere(moved: Elsewhere) -> None:
    before = await moved.balance()
    cut = (await moved.pressed(moved.grid, "U1"))["result"]
    picture = await moved.rig.fetch(cut, by=moved.carol)

    zoomed = await moved.pressed(cut, "Zoom Out 2x")
    panned = await moved.pressed(cut, "⬅️")
    filmed = await moved.pressed(cut, "Animate (High motion)")
    work = [await work_of(moved.rig, each["result"]) for each in (zoomed, panned, filmed)]
    tasks = [await moved.finished(each["result"]) for each in (zoomed, panned, filmed)]

    assert {each["label"] or each["emoji"] for each in picture["buttons"]} == {
        "Vary (Subtle)", "Vary (Strong)", "Vary (Region)", "Zoom Out 2x", "Zoom Out 1.5x",
        "⬅️", "➡️", "⬆️", "⬇️", "Animate (High motion)", "Animate (Low motion)",
    }  # fmt: skip
    assert [(each["action"], each["status"]) for each in tasks] == [
        ("EDITS", "SUCCESS"), ("EDITS", "SUCCESS"), ("VIDEO", "SUCCESS"),
    ]  # fmt: skip
    wide, high = picture["imageWidth"], picture["imageHeight"]
    zoom, mask = opened_text(work[0].images[0]), opened_text(work[0].named_images["mask"])
    assert zoom.size == mask.size == (wide, high)
    assert (mask.getpixel((wide // 2, high // 2)), mask.getpixel((0, 0))) == (0, 255)
    pan = opened_text(work[1].named_images["mask"])
    assert (pan.getpixel((0, pan.height // 2)), pan.getpixel((pan.width - 1, 0))) == (255, 0)
    assert work[2].fields["motion"] == "high"
    assert await moved.balance() == before - 2 * EDITS - FILM
    assert await moved.rig.books() == ()


@one_engine
async def test_a_part_of_an_archived_picture_is_edited_elsewhere_after_a_window(
    moved: Elsewhere,
) -> None:
    before = await moved.balance()
    cut = (await moved.pressed(moved.grid, "U1"))["result"]
    mask = base64.b64encode(made.saved(made.grid(64, 64), "PNG")).decode()

    window = await moved.pressed(cut, "Vary (Region)")
    held = await moved.balance()
    body = {"taskId": window["result"], "prompt": "a blue fox", "maskBase64": mask}
    told = (await moved.rig.post("/mj/submit/modal?dryRun=1", body, by=moved.carol)).json()
    answer = (await moved.rig.post("/mj/submit/modal", body, by=moved.carol)).json()
    work = await work_of(moved.rig, window["result"])
    task = await moved.finished(window["result"])

    assert (window["code"], window["properties"]["finalPrompt"]) == (21, "a red fox")
    assert held == before
    assert told["properties"]["price"] == EDITS
    assert (answer["code"], answer["result"]) == (1, window["result"])
    assert (work.path, work.prompt, len(work.images)) == ("submit/edits", "a blue fox", 1)
    assert work.named_images["mask"].startswith("data:image/png;base64,")
    assert (task["action"], task["status"], task["prompt"]) == ("EDITS", "SUCCESS", "a blue fox")
    assert await moved.balance() == before - EDITS
    assert await moved.rig.books() == ()


@one_engine
async def test_what_only_the_lost_channel_knew_stays_gone(moved: Elsewhere) -> None:
    before = await moved.balance()
    cut = (await moved.pressed(moved.grid, "U1"))["result"]
    forms = ("MJ::JOB::upsample_v6_2x_subtle::1::x::SOLO", "MJ::CustomZoom::x",
             "MJ::Outpaint::60::1::x::SOLO", "MJ::BOOKMARK::x")  # fmt: skip

    answers = [
        await moved.rig.post("/mj/submit/action", {"taskId": cut, "customId": each}, by=moved.carol)
        for each in forms
    ]

    for answer in answers:
        refused(answer, 200, "parent_channel_gone")
    assert await moved.balance() == before


def opened_text(text: str) -> Image.Image:
    return made.opened(base64.b64decode(text.partition("base64,")[2]))


async def _lose(tx: Transaction, task_id: int) -> None:
    """As if every try to copy it had failed."""
    await tx.run("UPDATE media SET state = 'purged' WHERE task_id = :id", id=task_id)


@one_engine
async def test_a_dry_run_of_a_cut_is_free(rig: Rig) -> None:
    task_id = await grid(rig)
    buttons = (await rig.fetch(task_id))["buttons"]
    custom = next(each["customId"] for each in buttons if each["label"] == "U1")

    told = await rig.post("/mj/submit/action?dryRun=1", {"taskId": task_id, "customId": custom})
    other = buttons[-1]["customId"]
    gone = await rig.post("/mj/submit/action?dryRun=1", {"taskId": task_id, "customId": other})

    assert told.json()["properties"]["price"] == 0
    refused(gone, 200, "parent_channel_gone")
