"""Uploads are ours: done when they are written, one price, and good wherever a picture is."""

import base64
from dataclasses import replace

import httpx

from mjgate.domain.clock import DAY
from mjgate.lifecycle.handover import prepared
from mjgate.lifecycle.routing import line
from mjgate.store import attempts
from tests.imaging import made
from tests.rig import MakeRig, Rig, a_person
from tests.web.shape import IMAGINE, one_engine, refused

PATH = "/mj/submit/upload-discord-images"
PRICE = 25_000
ONE, TWO = made.telling("PNG"), made.telling("JPEG")


def body(*pictures: bytes) -> dict[str, object]:
    return {"base64Array": [base64.b64encode(each).decode() for each in pictures]}


async def up(rig: Rig, *pictures: bytes) -> list[str]:
    answer = await rig.post(PATH, body(*pictures))
    assert answer.json()["code"] == 1, answer.text
    return answer.json()["result"]


async def sent(rig: Rig, task_id: str) -> tuple[str, tuple[str, ...]]:
    """The prompt and the images that the channel got."""
    task = await rig.task(task_id)
    attempt = (await attempts.of_task(rig.gateway.store.reader, task.id))[-1]
    to = await line(rig.gateway, attempt.channel_id, attempt.credential_id)
    work = await prepared(rig.gateway, task, attempt, to)
    return work.prompt, work.images


async def test_an_upload_is_done_at_once_for_one_price(rig: Rig) -> None:
    before, _, spent = await rig.balance()

    urls = await up(rig, ONE, TWO)
    pictures = [await rig.client.get(url) for url in urls]
    task = (await rig.get("/mj/task/list")).json()[0]

    assert [each.status_code for each in pictures] == [200, 200]
    assert [each.headers["content-type"] for each in pictures] == ["image/png", "image/jpeg"]
    assert all(made.PLACE not in each.content for each in pictures)
    assert made.opened(pictures[0].content).tobytes() == made.opened(ONE).tobytes()
    assert (task["action"], task["status"], task["progress"]) == ("UPLOAD", "SUCCESS", "100%")
    assert [each["url"] for each in task["imageUrls"]] == urls
    assert task["submitTime"] == task["startTime"] == task["finishTime"]
    assert await rig.balance() == (before - PRICE, 0, spent + PRICE)
    assert (await rig.stats())["jobs"] == 0
    assert await rig.books() == ()


async def test_an_upload_is_good_as_an_image_and_in_a_prompt(make_rig: MakeRig) -> None:
    rig = await make_rig(images="url")
    (url,) = await up(rig, ONE)

    task_id = await rig.imagine(prompt=f"{url} a red fox --ar 2:3", base64Array=[url])
    prompt, images = await sent(rig, task_id)
    again = await sent(rig, task_id)
    shown = (await rig.fetch(task_id))["prompt"]
    fetched = await rig.client.get(images[0])

    assert images[0].startswith(f"http://gateway/mj/reference/{task_id}/")
    assert prompt == f"{images[0]} a red fox --ar 2:3"
    assert again == (prompt, images)
    assert shown == f"{url} a red fox --ar 2:3"
    assert made.opened(fetched.content).tobytes() == made.opened(ONE).tobytes()


@one_engine
async def test_a_window_offers_the_prompt_again_when_the_addresses_in_it_have_ended(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(images="url")
    links = replace(rig.gateway.links, days=1, clock=rig.clock)
    await up(rig, ONE)
    upload = (await rig.get("/mj/task/list")).json()[0]["id"]
    url = links.image(int(upload), n=1)
    grid = await rig.imagine(prompt=f"{url} a red fox")
    await rig.finished(grid)
    windows = [(await rig.press(grid, label, enableRemix=True))["result"] for label in ("V1", "V2")]
    rig.clock.pass_by(3 * DAY)
    refused(await rig.post(IMAGINE, {"prompt": f"{url} a blue fox"}), 200, "bad_address")
    prompts = {windows[0]: "", windows[1]: f"{url} a blue fox"}

    for window, prompt in prompts.items():
        answer = await rig.post("/mj/submit/modal", {"taskId": window, "prompt": prompt})
        assert answer.json()["code"] == 1, answer.text

    for window, text in zip(windows, ("a red fox", "a blue fox"), strict=True):
        prompt = (await sent(rig, window))[0]
        fresh, _, rest = prompt.partition(" ")
        assert rest == text
        assert made.opened((await rig.client.get(fresh)).content).tobytes() == (
            made.opened(ONE).tobytes()
        )


@one_engine
async def test_a_channel_that_takes_bytes_gets_the_bytes_of_an_upload(rig: Rig) -> None:
    (url,) = await up(rig, TWO)

    _, images = await sent(rig, await rig.imagine(base64Array=[url]))

    data = base64.b64decode(images[0].removeprefix("data:image/jpeg;base64,"))
    assert made.opened(data).tobytes() == made.opened(TWO).tobytes()


@one_engine
async def test_an_address_of_ours_that_opens_nothing_is_refused_and_never_fetched(rig: Rig) -> None:
    (url,) = await up(rig, ONE)
    forged = [
        url.replace("/1?", "/2?"),
        url.partition("?")[0],
        "http://gateway/mj/task/list",
        "HTTP://GATEWAY:80/mj/image/1763712000000000?sig=x",
    ]

    for each in forged:
        refused(await rig.post(IMAGINE, {"prompt": "a fox", "base64Array": [each]}), 200,
                "bad_address")  # fmt: skip
        refused(await rig.post(IMAGINE, {"prompt": f"{each} a fox"}), 200, "bad_address")


@one_engine
async def test_the_same_picture_of_two_users_is_stored_once_and_each_has_an_upload(
    rig: Rig,
) -> None:
    (mine,) = await up(rig, ONE)
    theirs = (await rig.post(PATH, body(ONE), by=rig.bob)).json()["result"]

    rows = await rig.gateway.store.reader.rows("SELECT hash FROM blobs")
    assert len(rows) == 1
    assert theirs != [mine]
    assert len((await rig.get("/mj/task/list", by=rig.bob)).json()) == 1


async def test_an_upload_is_told_to_a_hook_and_repeated_by_its_key(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Idempotency-Key": "once"}
    asked = body(ONE) | {"notifyHook": "https://hooks.example/mj"}

    answers: list[httpx.Response] = [
        await rig.client.post(PATH, json=asked, headers=headers) for _ in range(2)
    ]

    rows = await rig.gateway.store.reader.rows("SELECT kind FROM outbox")
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert len((await rig.get("/mj/task/list")).json()) == 1
    assert {row["kind"] for row in rows} == {"submitted", "final"}


@one_engine
async def test_a_dry_run_and_an_empty_purse_keep_nothing(rig: Rig) -> None:
    poor = await a_person(rig.gateway, "poor", quota=PRICE - 1)

    dry = (await rig.post(f"{PATH}?dryRun=1", body(ONE))).json()
    refusals = [await rig.post(f"{PATH}{query}", body(ONE), by=poor) for query in ("", "?dryRun=1")]

    assert (dry["code"], dry["properties"]["price"]) == (1, PRICE)
    assert [each.status_code for each in refusals] == [402, 402]
    assert await rig.gateway.store.reader.rows("SELECT hash FROM blobs") == []
