"""Clients that nobody here wrote work unchanged when base URL and key are replaced."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from mjgate.domain.image import sniff
from mjgate.sandbox.server import running
from mjgate.store.database import Transaction
from tests.level import served
from tests.lifecycle.receiver import Receiver, deliver
from tests.rig import PIXEL, PLAIN, RICH, HandClock, Rig, a_channel, calling
from tests.web.clients import Below, Bot, Client, Page, Sdk, Server, ShownError
from tests.web.shape import one_engine

DATA = f"data:image/png;base64,{PIXEL}"

Anyone = TypeVar("Anyone", bound=Client)


@dataclass
class Place:
    """A gateway over real HTTP, and what a client needs to call it."""

    rig: Rig
    http: httpx.AsyncClient
    url: str

    def client(self, kind: Callable[..., Anyone], below: str = "") -> Anyone:
        return kind(self.http, self.url + below, self.rig.alice.key, self.wait)

    async def wait(self) -> None:
        """Meanwhile the gateway looks, and hands on what waits."""
        await self.rig.look()
        await self.rig.hand_on()


@pytest.fixture
async def place(database_url: str, tmp_path: Path, loopback: None) -> AsyncGenerator[Place]:
    del loopback
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(running(PLAIN))
        rig, line = await served(
            stack, database_url, tmp_path, HandClock(), allow_private=("127.0.0.1",)
        )
        await a_channel(rig.gateway, "sandbox", f"http://127.0.0.1:{port}", max_running=3)
        rig.upstream_url = f"http://127.0.0.1:{port}"
        http = await stack.enter_async_context(calling())
        yield Place(rig, http, line.url)


@one_engine
async def test_a_page_of_another_origin_draws_confirms_and_shows(place: Place) -> None:
    page = place.client(Page)
    grid = await page.drawn(await page.submit("imagine", {"prompt": "a red fox"}))
    (first,) = page.buttons(grid, "upsample", "::1::")
    large = await page.drawn(await page.submit("action", {"taskId": grid["id"], "customId": first}))
    (region,) = page.buttons(large, "Inpaint")
    (zoom,) = page.buttons(large, "CustomZoom")
    press = {"taskId": large["id"]}

    changed = await page.drawn(
        await page.submit("action", press | {"customId": region}, always=True)
    )
    wider = await page.drawn(await page.submit("action", press | {"customId": zoom}, always=True))
    mixed = await page.drawn(await page.submit("blend", {"base64Array": [DATA] * 6}))
    clips = await page.drawn(await page.submit("video", {"image": DATA, "motion": "Low"}))
    edited = await page.drawn(await page.submit("edits", {"prompt": "a hat", "image": DATA}))
    listed = await page.call(
        "POST", "/mj/task/list-by-condition", {"ids": [int(grid["id"]), int(large["id"])]}
    )
    seed = (await page.call("GET", f"/mj/task/{grid['id']}/image-seed")).json()

    assert [len(await page.canvas(task)) for task in (grid, clips, edited)] == [1, 4, 4]
    assert sniff((await page.canvas(grid))[0]) == "image/png"
    assert changed["prompt"] == wider["prompt"] == "a red fox"
    assert mixed["action"] == "BLEND"
    assert [each["id"] for each in listed.json()] == [grid["id"], large["id"]]
    assert (seed["code"], int(seed["result"]) > 0) == (1, True)
    assert await page.drawn("1763712000000000") is None
    with pytest.raises(ShownError, match="required"):
        await page.submit("imagine", {"prompt": ""})
    assert (await place.rig.stats())["jobs"] == 7
    assert await place.rig.books() == ()


@one_engine
async def test_a_page_with_only_its_own_token_gets_nowhere(place: Place) -> None:
    page = place.client(Page)
    page.key = ""

    answer = await page.call("POST", "/mj/submit/imagine", {"prompt": "a red fox"})

    assert (answer.status_code, answer.json()["result"]) == (401, None)


@one_engine
@pytest.mark.parametrize("below", ["/mj/", "/mj-relax/mj"])
async def test_a_server_that_reads_only_the_result_confirms_on_its_first_look(
    place: Place, below: str
) -> None:
    server = place.client(Server, below)
    grid = await server.drawn("/submit/imagine", {"prompt": "a red fox", "base64Array": [DATA]})
    press = {"taskId": grid["id"], "customId": grid["buttons"][0]["customId"]}
    large = await server.drawn("/submit/action", press)
    region = next(each for each in large["buttons"] if "Inpaint" in each["customId"])
    press = {"taskId": large["id"], "customId": region["customId"]}

    changed = await server.drawn(
        "/submit/action", press, confirm={"prompt": "a hat", "maskBase64": DATA}
    )

    assert (changed["action"], changed["prompt"]) == ("INPAINT", "a hat")
    assert changed["mode"] == ("RELAX" if "relax" in below else "FAST")
    with pytest.raises(ShownError, match="sensitive"):
        await server.drawn("/submit/imagine", {"prompt": "x [[fault:reject-24]]"})
    with pytest.raises(ShownError, match="no paint"):
        await server.drawn("/submit/imagine", {"prompt": "x [[fault:fail=no paint]]"})
    with pytest.raises(ShownError, match="task not found"):
        await server.call("GET", "/task/1763712000000000/fetch")
    server.key = "sk-nobodys"
    with pytest.raises(ShownError, match="key"):
        await server.drawn("/submit/imagine", {"prompt": "a red fox"})


@one_engine
async def test_the_package_from_npm_draws_enlarges_and_cuts(place: Place) -> None:
    sdk = place.client(Sdk)

    grid = await sdk.imagine("a red fox")
    large = await sdk.upscale(grid, 1)

    assert (grid["status"], large["status"]) == ("SUCCESS", "SUCCESS")
    assert large["parentId"] == grid["id"]
    assert await sdk.cut(grid) == [(32, 32)] * 4


@one_engine
async def test_a_bot_gives_four_orders_at_once_and_reads_every_member(place: Place) -> None:
    bot = place.client(Bot)
    grid = await bot.task_of("imagine", {"prompt": "a red fox", "state": "chat-7"})
    line = await bot.report(grid)

    orders = await asyncio.gather(
        bot.task_of("simple-change", {"content": f"{grid} U2"}),
        bot.task_of("simple-change", {"content": f"{grid} v3"}),
        bot.task_of("change", {"taskId": grid, "action": "REROLL"}),
        bot.task_of("change", {"taskId": grid, "action": "UPSCALE", "index": 4}),
    )
    waiting = await bot.call("GET", "/task/queue")
    await place.rig.hand_on()
    lines = [await bot.report(each) for each in orders]

    assert line.startswith("IMAGINE | a red fox | /imagine a red fox | chat-7 | 100% | ")
    assert [each.partition(" | ")[0] for each in lines] == [
        "UPSCALE", "VARIATION", "REROLL", "UPSCALE",
    ]  # fmt: skip
    assert {each["status"] for each in waiting} <= {"NOT_START"}
    failed = await bot.task_of("imagine", {"prompt": "x [[fault:fail=no paint]]"})
    assert (await bot.report(failed)).endswith("| no paint")
    with pytest.raises(ShownError, match="content"):
        await bot.task_of("simple-change", {"content": f"{grid} U9"})


@one_engine
async def test_a_consumer_of_hooks_alone_hears_of_each_end_once(
    place: Place, receiver: Receiver
) -> None:
    rig = place.rig
    bot = place.client(Bot)
    body = {"prompt": "a red fox", "notifyHook": receiver.url(), "state": "mine"}
    await bot.task_of("imagine", body)

    for _ in range(6):
        await rig.look()
        await deliver(rig)

    heard = [each.json for each in receiver.got]
    told = [each["status"] for each in heard]
    assert (told[0], told[-1], len(set(told))) == ("SUBMITTED", "SUCCESS", len(told))
    assert {each["state"] for each in heard} == {"mine"}
    assert sniff((await place.http.get(heard[-1]["imageUrl"])).content) == "image/png"


async def test_a_gateway_below_us_decodes_strictly_and_pays_for_what_it_got(place: Place) -> None:
    below = place.client(Below)
    for prompt in ("a red fox", "x [[fault:fail=no paint]]", "x [[fault:fail-blank]]"):
        assert b'"code":1' in await below.relay("imagine", {"prompt": prompt})
    await below.relay("describe", {"base64": DATA})
    await below.relay("edits", {"prompt": "a hat", "image": DATA})
    await below.relay("video", {"image": DATA})
    await place.rig.hand_on()

    await below.follow()

    words = {task.action: task for task in below.done.values() if task.status == "SUCCESS"}
    assert set(words) == {"IMAGINE", "DESCRIBE", "EDITS", "VIDEO"}
    assert len(below.refunded) == 2
    assert all(below.done[each].failReason for each in below.refunded)
    grid = words["IMAGINE"]
    seed = await below.seed(grid.id)
    place.rig.clock.pass_by(120 * 24 * 3_600_000)
    picture = await place.http.get(grid.imageUrl)
    assert (picture.status_code, sniff(picture.content)) == (200, "image/png")
    assert int(seed) > 0
    assert [len(words[each].imageUrls or ()) for each in ("IMAGINE", "EDITS")] == [0, 4]
    assert words["VIDEO"].videoUrl == (words["VIDEO"].videoUrls or [])[0].url
    assert below.enabled


@one_engine
async def test_a_gateway_below_us_sees_a_window_and_a_queue_as_taken(place: Place) -> None:
    below = place.client(Below)
    await below.relay("imagine", {"prompt": "a red fox"})
    await below.follow()
    (grid,) = below.done.values()

    window = await below.relay(
        "action", {"taskId": grid.id, "customId": "MJ::Inpaint::1::abc::SOLO"}
    )
    many = [await below.relay("imagine", {"prompt": "x [[fault:hang]]"}) for _ in range(9)]
    await below.look()

    assert all(said.startswith(b'{"code":1,') for said in (window, *many))
    assert len(below.open) == 10
    statuses = [task.status for task in below.open.values() if task]
    assert (statuses[0], set(statuses[1:])) == ("MODAL", {"NOT_START", "SUBMITTED"} & set(statuses))
    assert not below.refunded
    assert below.enabled


@one_engine
async def test_a_gateway_below_us_switches_off_only_when_every_channel_is_down(
    place: Place,
) -> None:
    below = place.client(Below)
    for path, body in (
        ("imagine", {"prompt": "x [[fault:reject-3]]"}),
        ("imagine", {}),
        ("action", {"taskId": "1763712000000000", "customId": "a::b"}),
    ):
        await below.relay(path, body)
    before = below.enabled

    async def disable(tx: Transaction) -> None:
        await tx.run("UPDATE channels SET status = 'disabled'")

    await place.rig.gateway.store.write(disable)
    place.rig.clock.pass_by(1_001)
    await below.relay("imagine", {"prompt": "a red fox"})

    assert (before, below.enabled) == (True, False)
    assert await place.rig.balance() == (RICH, 0, 0)
