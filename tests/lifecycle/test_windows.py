"""Windows: what asks first, holds nothing, and goes on under its own id."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp import web

from mjgate.domain.clock import HOUR
from mjgate.store import tokens
from mjgate.store.database import Transaction
from tests.rig import PRICE, RICH, MakeRig, Person, Rig, a_key
from tests.served import answering


async def an_upscale(rig: Rig) -> str:
    grid = await rig.imagine("a red fox")
    await rig.finished(grid)
    upscale = (await rig.press(grid, "U1"))["result"]
    await rig.finished(upscale)
    return upscale


async def spent(rig: Rig) -> int:
    balance, held, _ = await rig.balance()
    return RICH - balance - held


async def test_a_button_that_always_asks_opens_a_window_at_once(rig: Rig) -> None:
    upscale = await an_upscale(rig)
    before = await rig.balance()

    answer = await rig.press(upscale, "Vary (Region)")

    assert (answer["code"], answer["description"]) == (21, "Waiting for window confirm")
    assert answer["properties"]["finalPrompt"] == "a red fox"
    assert (await rig.fetch(answer["result"]))["status"] == "MODAL"
    assert await rig.balance() == before
    assert (await rig.stats())["jobs"] == 2


async def test_a_confirmed_window_goes_on_under_its_own_id(rig: Rig) -> None:
    window = (await rig.press(await an_upscale(rig), "Custom Zoom"))["result"]
    before = await spent(rig)

    answer = await rig.post(
        "/mj/submit/modal", {"taskId": window, "prompt": "a blue fox --zoom 1.5"}
    )

    task = await rig.finished(window)
    assert (answer.json()["code"], answer.json()["result"]) == (1, window)
    assert (task["status"], task["action"]) == ("SUCCESS", "CUSTOM_ZOOM")
    assert task["prompt"] == "a blue fox --zoom 1.5"
    assert await spent(rig) == before + PRICE
    assert await rig.books() == ()


async def test_a_window_is_confirmed_once(rig: Rig) -> None:
    window = (await rig.press(await an_upscale(rig), "Custom Zoom"))["result"]
    body = {"taskId": window, "prompt": "a blue fox"}

    first = (await rig.post("/mj/submit/modal", body)).json()
    again = (await rig.post("/mj/submit/modal", body)).json()

    await rig.finished(window)
    assert (first["code"], again["code"], again["result"]) == (1, 1, window)
    assert (await rig.stats())["jobs"] == 3


async def test_a_task_that_never_asked_cannot_be_confirmed(rig: Rig) -> None:
    grid = await rig.imagine()

    answer = (await rig.post("/mj/submit/modal", {"taskId": grid})).json()

    assert (answer["code"], answer["properties"]["field"]) == (4, "taskId")


async def test_remix_asks_only_when_the_client_wants_it(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)

    plain = await rig.press(grid, "V1")
    remixed = await rig.press(grid, "V1", enableRemix=True)

    assert (plain["code"], remixed["code"]) == (1, 21)


async def test_a_window_that_nobody_confirms_ends_and_cost_nothing(rig: Rig) -> None:
    window = (await rig.press(await an_upscale(rig), "Custom Zoom"))["result"]
    before = await rig.balance()

    rig.clock.pass_by(HOUR + 1)
    await rig.expire()

    task = await rig.fetch(window)
    assert (task["status"], task["properties"]["reason"]) == ("FAILURE", "modal_expired")
    assert await rig.balance() == before


async def test_without_money_a_window_stays_open(rig: Rig) -> None:
    window = (await rig.press(await an_upscale(rig), "Custom Zoom"))["result"]
    await rig.impoverish()

    answer = await rig.post("/mj/submit/modal", {"taskId": window})

    assert (answer.status_code, answer.json()["error"]) == (402, "quota_not_enough")
    assert (await rig.fetch(window))["status"] == "MODAL"


async def test_a_window_needs_the_money_of_its_modal(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    await rig.impoverish()
    before = await rig.balance()
    body = {"taskId": grid, "customId": "MJ::JOB::variation::1::x", "enableRemix": True}

    answers = [
        await rig.post(path, body) for path in ("/mj/submit/action", "/mj/submit/action?dryRun=1")
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (402, "quota_not_enough")
    assert await rig.balance() == before
    assert len((await rig.get("/mj/task/list")).json()) == 1


async def test_a_user_has_as_many_windows_as_he_may_and_no_more(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    path = "/mj/submit/action"
    body = {"taskId": grid, "customId": "MJ::JOB::variation::1::x", "enableRemix": True}

    told = [
        each.json() for each in await asyncio.gather(*(rig.post(path, body) for _ in range(25)))
    ]
    dry = (await rig.post(f"{path}?dryRun=1", body)).json()
    plain = await rig.imagine("another fox")
    waiting = next(each["result"] for each in told if each["code"] == 21)
    await rig.post(f"/mj/task/{waiting}/cancel", {})
    again = (await rig.post(path, body)).json()

    assert Counter(each["code"] for each in told) == {21: 20, 23: 5}
    assert {each["properties"].get("reason") for each in told if each["code"] == 23} == {
        "queue_full"
    }
    assert dry["code"] == 23
    assert plain
    assert again["code"] == 21
    assert await spent(rig) == PRICE


async def test_a_modal_that_may_not_wait_is_refused_and_its_window_stays_open(rig: Rig) -> None:
    upscale = await an_upscale(rig)
    patient = (await rig.press(upscale, "Custom Zoom"))["result"]
    hasty = await another_key(rig, on_limit="reject")
    path = "/mj/submit/modal"

    await rig.gateway.store.write(room, 0, 0)
    no_slot = (await rig.post(path, {"taskId": patient}, by=hasty)).json()
    over_his_cap = (await rig.post(path, {"taskId": patient})).json()
    as_it_was = await rig.fetch(patient)
    await rig.gateway.store.write(room, 10, 1_000)
    taken = (await rig.post(path, {"taskId": patient}, by=hasty)).json()

    for refused in (no_slot, over_his_cap):
        assert (refused["code"], refused["properties"]["reason"]) == (23, "queue_full")
    assert as_it_was["status"] == "MODAL"
    assert (taken["code"], taken["result"]) == (1, patient)
    assert (await rig.finished(patient))["status"] == "SUCCESS"
    assert await rig.books() == ()


async def another_key(rig: Rig, **of: object) -> Person:
    """One more key of Alice's."""
    key = a_key(rig.alice.user_id, "another-key-of-alice", rig.clock.now()) | of
    token_id = await rig.gateway.store.write(tokens.add, key)
    return replace(rig.alice, token_id=token_id, key="sk-another-key-of-alice")


async def room(tx: Transaction, running: int, waiting: int) -> None:
    """How many run at the channel, and how many of a user's wait."""
    await tx.run("UPDATE channel_modes SET max_running = :n", n=running)
    await tx.run("UPDATE users SET max_waiting = :n", n=waiting)


async def test_another_users_window_does_not_exist(rig: Rig) -> None:
    window = (await rig.press(await an_upscale(rig), "Custom Zoom"))["result"]

    answer = (await rig.post("/mj/submit/modal", {"taskId": window}, by=rig.bob)).json()

    assert answer["properties"]["reason"] == "parent_not_found"


async def test_a_change_presses_the_button_that_it_names(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)

    numbered = await rig.post(
        "/mj/submit/change", {"taskId": grid, "action": "VARIATION", "index": 3}
    )
    spelled = await rig.post("/mj/submit/simple-change", {"content": f"{grid} u2"})

    varied = await rig.finished(numbered.json()["result"])
    upscaled = await rig.finished(spelled.json()["result"])
    assert (varied["action"], upscaled["action"]) == ("VARIATION", "UPSCALE")
    assert "::3::" in varied["customId"]


class Asks:
    """An upstream that wants every prompt confirmed, and counts what it was sent."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.confirmed = False

    async def submit(self, request: web.Request) -> web.Response:
        self.calls.append(request.path)
        offered = {"finalPrompt": "a polished fox", "remix": True}
        return web.json_response({"code": 21, "result": "77", "properties": offered})

    async def modal(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls.append(f"{request.path} {body['taskId']} {body['prompt']}")
        self.confirmed = True
        return web.json_response({"code": 1, "result": "77"})

    async def listed(self, request: web.Request) -> web.Response:
        del request
        status = "SUCCESS" if self.confirmed else "MODAL"
        picture = "http://127.0.0.1/p.png" if self.confirmed else ""
        return web.json_response([{"id": "77", "status": status, "imageUrl": picture}])


@asynccontextmanager
async def asking() -> AsyncGenerator[tuple[Asks, str]]:
    """Such an upstream, and its address."""
    asks, app = Asks(), web.Application()
    app.router.add_post("/mj/submit/imagine", asks.submit)
    app.router.add_post("/mj/submit/modal", asks.modal)
    app.router.add_post("/mj/task/list-by-condition", asks.listed)
    async with answering(app) as url:
        yield asks, url


async def test_a_window_that_the_upstream_opens_is_confirmed_there(make_rig: MakeRig) -> None:
    async with asking() as (asks, url):
        rig = await make_rig(upstream_url=url)
        answer = (await rig.post("/mj/submit/imagine", {"prompt": "a fox"})).json()
        held = await rig.balance()

        await rig.post("/mj/submit/modal", {"taskId": answer["result"]})

        task = await rig.finished(answer["result"])
    assert (answer["code"], answer["properties"]["finalPrompt"]) == (21, "a polished fox")
    assert held == (RICH, 0, 0)
    assert asks.calls == ["/mj/submit/imagine", "/mj/submit/modal 77 a polished fox"]
    assert task["status"] == "SUCCESS"
    assert await rig.balance() == (RICH - PRICE, 0, PRICE)
    assert await rig.books() == ()
