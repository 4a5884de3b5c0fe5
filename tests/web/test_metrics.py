"""/metrics: what was counted and how things stand, for who may know it."""

import re

import httpx
import pytest
from starlette.types import ASGIApp

from mjgate.dialects import Call
from mjgate.domain.errors import Unanswered
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.tallies import fold
from mjgate.store.database import Transaction
from mjgate.store.moves import create
from mjgate.upstream import Endpoint
from mjgate.web import WebSettings, create_app
from tests.docs.pages import read
from tests.lifecycle.hands import a_draft, caller_of
from tests.rig import Rig
from tests.web.shape import one_engine, refused
from tests.web.test_streams import listening

TOKEN = "a token for the metrics alone"


async def measured(rig: Rig) -> dict[str, float]:
    """Every value by its name and labels."""
    answer = await rig.client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = (line.rpartition(" ") for line in answer.text.splitlines() if line[0] != "#")
    return {name: float(value) for name, _, value in lines}


async def test_what_was_committed_is_counted_and_timed(rig: Rig) -> None:
    channel = f'channel="{rig.channel_id}"'
    first = await rig.imagine()
    rig.clock.pass_by(20_000)
    await rig.finished(first)
    second = await rig.task(await rig.imagine())
    await fail(rig.gateway, second, FailReason.ADMIN, actor="admin")
    while await fold(rig.gateway):
        pass

    found = await measured(rig)

    assert found['mjgate_submits_total{action="IMAGINE",mode="FAST"}'] == 2
    assert found['mjgate_finishes_total{reason="",state="SUCCESS"}'] == 1
    assert found['mjgate_finishes_total{reason="admin",state="FAILURE"}'] == 1
    seconds = found['mjgate_picture_seconds_sum{action="IMAGINE",mode="FAST"}']
    assert 20 <= seconds < 60
    assert found[f'mjgate_upstream_seconds_count{{call="submit",{channel}}}'] == 2
    assert found["mjgate_looks_total"] >= 1
    tasks = {name: value for name, value in found.items() if name.startswith("mjgate_tasks{")}
    assert {re.findall('outcome="(.*?)"', name)[0]: value for name, value in tasks.items()} == {
        "ACCEPTED": 2, "SUCCESS": 1, "FAILURE": 1,
    }  # fmt: skip
    assert found[f'mjgate_channel_up{{{channel},name="main"}}'] == 1
    assert found["mjgate_streams_open"] == 0
    assert found["mjgate_feed_up"] == 1


async def test_what_was_not_committed_is_not_counted(rig: Rig) -> None:
    caller = await caller_of(rig.gateway, rig.alice)
    draft = a_draft(rig.gateway, caller)._replace(id=5, submit_at=rig.clock.now())

    async def begun(tx: Transaction) -> None:
        await create(tx, draft, actor="user", now=rig.clock.now())
        raise _Enough

    with pytest.raises(_Enough):
        await rig.gateway.store.write(begun)

    assert not any(name.startswith("mjgate_submits") for name in await measured(rig))


class _Enough(Exception):
    pass


async def test_who_waits_is_counted_and_since_when(rig: Rig) -> None:
    await rig.gateway.store.write(_full, rig.channel_id)
    rig.gateway.forget()
    answer = await rig.post("/mj/submit/imagine", {"prompt": "a fox"})
    assert answer.json()["code"] in {1, 22}
    task = await rig.task(str(answer.json()["result"]))
    assert task.state is State.QUEUED
    rig.clock.pass_by(90_000)

    found = await measured(rig)

    depth = {name: value for name, value in found.items() if "queue_depth" in name}
    oldest = {name: value for name, value in found.items() if "queue_oldest" in name}
    assert list(depth.values()) == [1]
    assert list(oldest.values()) == [90]
    assert found["mjgate_webhook_backlog"] == 0


async def _full(tx: Transaction, channel_id: int) -> None:
    await tx.run("UPDATE channel_modes SET max_running = 0 WHERE channel_id = :id", id=channel_id)


@one_engine
async def test_a_call_without_an_answer_is_counted_as_such(rig: Rig) -> None:
    nobody = Endpoint("http://127.0.0.1:9", channel_id=7)
    with pytest.raises(Unanswered):
        await rig.gateway.upstream.look(nobody, Call("GET", "/"))

    found = await measured(rig)

    assert found['mjgate_upstream_unanswered_total{call="look",channel="7"}'] == 1


@one_engine
async def test_every_metric_stands_in_the_page_of_options(rig: Rig) -> None:
    await rig.finished(await rig.imagine())
    rig.gateway.disk.free = 5
    with pytest.raises(Unanswered):
        await rig.gateway.upstream.look(Endpoint("http://127.0.0.1:9"), Call("GET", "/"))

    text = (await rig.client.get("/metrics")).text

    served = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    told = set(re.findall(r"`(mjgate_\w+)`", read("docs/configuration.md")))
    assert {name for name in served if not name.endswith("_created")} == told


@one_engine
async def test_streams_are_counted_while_they_are_open(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key}
    before = await measured(rig)
    async with listening(rig, f"/mj/task/{await rig.imagine()}/events", headers) as listener:
        await listener.has(1)
        during = await measured(rig)

    assert (before["mjgate_streams_open"], during["mjgate_streams_open"]) == (0, 1)


@one_engine
async def test_the_metrics_open_to_their_token_and_to_this_machine_alone(rig: Rig) -> None:
    app = create_app(rig.gateway, WebSettings(metrics_token=TOKEN, proxies=("127.0.0.1",)))
    key = {"Authorization": f"Bearer {rig.alice.key}"}
    token = {"Authorization": f"Bearer {TOKEN}"}
    proxied = {"X-Forwarded-For": "203.0.113.9"}

    answers = {
        "here": await ask(app, "127.0.0.1", {}),
        "here, IPv6": await ask(app, "::1", {}),
        "token": await ask(app, "203.0.113.9", token),
        "token through a proxy": await ask(app, "127.0.0.1", token | proxied),
        "elsewhere": await ask(app, "203.0.113.9", {}),
        "an API key": await ask(app, "203.0.113.9", key),
        "a wrong token here": await ask(app, "127.0.0.1", {"Authorization": "Bearer x" + TOKEN}),
        "through a proxy": await ask(app, "127.0.0.1", proxied),
        "by query": await ask(app, "203.0.113.9", {}, f"/metrics?token={TOKEN}"),
    }

    let_in = {name for name, answer in answers.items() if answer.status_code == 200}
    assert let_in == {"here", "here, IPv6", "token", "token through a proxy"}
    assert not re.search(r"submits", answers["elsewhere"].text)
    refused(answers["elsewhere"], 401, "bad_key")


@one_engine
async def test_a_proxy_on_this_machine_that_is_not_trusted_opens_nothing(rig: Rig) -> None:
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        answer = await ask(rig.app, "127.0.0.1", {name: "203.0.113.9"})
        assert answer.status_code == 401, name


async def ask(
    app: ASGIApp, address: str, headers: dict[str, str], path: str = "/metrics"
) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(address, 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.get(path, headers=headers)
