"""A dry run says what a submit would come to, and leaves no trace."""

from pathlib import Path

import httpx
import pytest

from mjgate.store.database import Transaction
from tests.rig import PIXEL, PRICE, RICH, Json, MakeRig, Person, Rig, a_person
from tests.web.shape import FOX, IMAGINE, one_engine, refused, served, set_key, untouched


async def dry(rig: Rig, path: str = IMAGINE, *, by: Person | None = None, **body: Json) -> Json:
    """What a dry run foretells; of a fox unless something else is asked for."""
    answer = await asked(rig, path, by=by, **body)
    told = served(answer)
    assert (answer.status_code, told["code"], told["result"]) == (200, 1, None), told
    return told["properties"]


async def asked(
    rig: Rig, path: str = IMAGINE, *, by: Person | None = None, **body: Json
) -> httpx.Response:
    return await rig.post(f"{path}?dryRun=1", body or FOX, by=by)


async def test_a_dry_run_tells_price_mode_and_place_and_leaves_no_trace(rig: Rig) -> None:
    told = await dry(rig)

    assert told == {
        "price": PRICE,
        "mode": "FAST",
        "channelAvailable": True,
        "queuePosition": 0,
        "etaSeconds": None,
    }
    await untouched(rig)


async def test_a_dry_run_keeps_no_picture(rig: Rig, tmp_path: Path) -> None:
    await dry(rig, base64Array=[PIXEL], prompt="a fox")

    row = await rig.gateway.store.reader.row("SELECT COUNT(*) AS n FROM blobs")
    assert row is not None
    assert row["n"] == 0
    assert [each for each in (tmp_path / "blobs").rglob("*") if each.is_file()] == []


@pytest.mark.parametrize(
    ("path", "prompt", "mode", "times"),
    [
        ("/mj-turbo/mj/submit/imagine", "a fox", "TURBO", 2),
        (IMAGINE, "a fox --relax", "RELAX", None),
        (IMAGINE, "a {red,blue} fox", "FAST", 2),
        (IMAGINE, "a fox --repeat 3", "FAST", 3),
    ],
)
async def test_what_is_foretold_is_what_is_charged(
    rig: Rig, path: str, prompt: str, mode: str, times: int | None
) -> None:
    told = await dry(rig, path, prompt=prompt)
    await rig.post(path, {"prompt": prompt})

    _, held, _ = await rig.balance()
    assert (told["mode"], told["price"]) == (mode, held)
    assert times is None or told["price"] == times * PRICE


async def test_the_time_is_the_median_of_what_such_tasks_took_there_lately(rig: Rig) -> None:
    for seconds in (4, 11, 60):
        task_id = await rig.imagine()
        await rig.look(after=seconds * 1_000)
        assert (await rig.fetch(task_id))["status"] == "SUCCESS"

    assert (await dry(rig))["etaSeconds"] == 11
    assert (await dry(rig, prompt="a fox --turbo"))["etaSeconds"] is None
    assert (await dry(rig, "/mj/submit/shorten"))["etaSeconds"] is None


async def test_behind_others_the_place_in_the_queue_is_told(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    for _ in range(3):
        await rig.imagine()
        rig.clock.pass_by(1)

    told = await dry(rig)
    by_bob = await dry(rig, by=rig.bob)

    assert (told["channelAvailable"], told["queuePosition"], told["etaSeconds"]) == (False, 3, None)
    assert by_bob["queuePosition"] == 2
    assert (await rig.stats())["jobs"] == 1


async def test_over_ones_own_limit_one_waits_although_a_channel_is_free(rig: Rig) -> None:
    async def one_at_a_time(tx: Transaction) -> None:
        await tx.run("UPDATE tokens SET max_running = 1 WHERE id = :id", id=rig.alice.token_id)

    await rig.gateway.store.write(one_at_a_time)
    await rig.imagine()

    told = await dry(rig)

    assert (told["channelAvailable"], told["queuePosition"]) == (True, 1)


async def test_a_dry_run_is_refused_as_the_submit_would_be(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    poor = await a_person(rig.gateway, "poor", quota=PRICE - 1)
    impatient = await a_person(rig.gateway, "impatient", on_limit="reject")
    await rig.imagine()

    refused(await asked(rig, prompt=""), 200, "missing_field")
    refused(await asked(rig, prompt="{a,b"), 200, "multiple_jobs")
    refused(await asked(rig, prompt="x", notifyHook="http://127.0.0.1/"), 200, "bad_address")
    refused(await asked(rig, prompt="x", instanceId="nobody"), 200, "bad_field")
    refused(await asked(rig, by=poor), 402, "quota_not_enough")
    refused(await asked(rig, by=impatient), 200, "queue_full", code=23)
    refused(await asked(rig, "/mj/submit/upload-discord-images"), 200, "missing_field")
    await set_key(rig, rig.bob, modes="RELAX")
    refused(await asked(rig, prompt="x --turbo", by=rig.bob), 403, "mode_not_allowed")
    refused(await rig.client.post(f"{IMAGINE}?dryRun=1", json=FOX), 401, "bad_key")


async def test_with_every_channel_out_of_service_so_is_the_dry_run(rig: Rig) -> None:
    async def disable(tx: Transaction) -> None:
        await tx.run("UPDATE channels SET status = 'disabled'")

    await rig.gateway.store.write(disable)
    rig.clock.pass_by(1_001)

    refused(await asked(rig), 200, "no_channel", code=3)


async def test_a_dry_run_is_not_remembered_under_its_idempotency_key(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Idempotency-Key": "one"}

    foretold = await rig.client.post(f"{IMAGINE}?dryRun=1", json=FOX, headers=headers)
    taken = await rig.client.post(IMAGINE, json={"prompt": "another"}, headers=headers)
    again = await rig.client.post(f"{IMAGINE}?dryRun=1", json=FOX, headers=headers)

    assert (foretold.json()["result"], again.json()["result"]) == (None, None)
    assert taken.json()["result"]
    assert "idempotent-replayed" not in again.headers


async def test_a_button_is_rehearsed_too_and_pressed_again_it_costs_nothing(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    button = (await rig.fetch(grid))["buttons"][0]["customId"]
    body: Json = {"taskId": grid, "customId": button}

    before = await dry(rig, "/mj/submit/action", **body)
    await rig.post("/mj/submit/action", body)
    after = await dry(rig, "/mj/submit/action", **body)

    assert (before["price"] > 0, before["queuePosition"]) == (True, 0)
    assert after["price"] == 0
    refused(await asked(rig, "/mj/submit/action", by=rig.bob, **body), 200, "parent_not_found")


async def test_a_window_and_its_modal_are_rehearsed_without_opening_or_closing_it(
    rig: Rig,
) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    upscaled = (await rig.press(grid, "U1"))["result"]
    await rig.finished(upscaled)
    buttons = (await rig.fetch(upscaled))["buttons"]
    zoom = next(each["customId"] for each in buttons if each["label"] == "Custom Zoom")
    jobs = (await rig.stats())["jobs"]

    opening = await dry(rig, "/mj/submit/action", taskId=upscaled, customId=zoom)
    window = (await rig.press(upscaled, "Custom Zoom"))["result"]
    confirming = await dry(rig, "/mj/submit/modal", taskId=window, prompt="wider")

    assert opening["price"] == confirming["price"] == (await rig.task(window)).price
    assert (await rig.fetch(window))["status"] == "MODAL"
    assert (await rig.stats())["jobs"] == jobs
    refused(
        await asked(rig, "/mj/submit/modal", taskId=window, prompt="{a,b}"), 200, "multiple_jobs"
    )
    refused(await asked(rig, "/mj/submit/modal", taskId=grid), 200, "bad_field")
    await rig.post("/mj/submit/modal", {"taskId": window, "prompt": "wider"})
    assert (await dry(rig, "/mj/submit/modal", taskId=window))["price"] == 0


@one_engine
@pytest.mark.parametrize(("query", "taken"), [("1", False), ("true", False), ("0", True)])
async def test_only_what_says_yes_is_a_dry_run(rig: Rig, query: str, *, taken: bool) -> None:
    answer = await rig.post(f"{IMAGINE}?dryRun={query}", FOX)

    assert answer.json()["code"] == 1
    assert (answer.json()["result"] is not None) == taken
    assert (await rig.balance() != (RICH, 0, 0)) == taken
