"""When a channel is gone, its archived pictures still serve."""

import httpx

from mjgate.store.database import Transaction
from tests.imaging import made
from tests.rig import MakeRig, Rig, a_channel, a_person
from tests.web.shape import one_engine, refused

VARIATION = 50_000


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


async def test_a_key_with_fallback_varies_the_archived_picture_elsewhere(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig()
    carol = await a_person(rig.gateway, "carol", fallback=1)
    answer = await rig.post("/mj/submit/imagine", {"prompt": "a red fox"}, by=carol)
    task_id = answer.json()["result"]
    for _ in range(3):
        await rig.look()
    await rig.archive()
    await without_channel(rig)
    await a_channel(rig.gateway, "other", rig.upstream_url)
    rig.gateway.channels.forget()
    rig.gateway.credentials.forget()
    before, _, _ = await rig.balance(carol)
    buttons = (await rig.fetch(task_id, by=carol))["buttons"]

    async def pressed(label: str, query: str = "") -> httpx.Response:
        custom = next(each["customId"] for each in buttons if each["label"] == label)
        body = {"taskId": task_id, "customId": custom}
        return await rig.post(f"/mj/submit/action{query}", body, by=carol)

    forecast = (await pressed("V2", "?dryRun=1")).json()["properties"]
    taken = (await pressed("V2")).json()
    cut = (await pressed("U1")).json()
    for _ in range(3):
        await rig.look()
    task = await rig.fetch(taken["result"], by=carol)

    assert forecast["price"] == VARIATION
    assert (taken["code"], cut["code"]) == (1, 1)
    assert (task["status"], task["action"], task["prompt"]) == ("SUCCESS", "IMAGINE", "a red fox")
    assert (await rig.balance(carol))[0] == before - VARIATION
    assert await rig.books() == ()


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
