"""Streams of tasks: each change is told, they end when they should, nobody sees too much."""

import asyncio
import json
from collections.abc import AsyncGenerator, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from mjgate.domain.task import State
from mjgate.sandbox.settings import SandboxSettings
from mjgate.store import tokens
from mjgate.store.database import Database
from mjgate.store.moves import move
from mjgate.web.watching import STREAMS_MOST
from tests.rig import MakeRig, Person, Rig

Json = Any
SLOW = SandboxSettings(port=0, seconds=600, pictures="plain")


@dataclass
class Listener:
    """A client with an open stream, and what it has got so far."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    text: str = ""
    over: bool = False
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def events(self) -> list[tuple[int, Json]]:
        """Id and task of each event."""
        parts = [part for part in self.text.split("\n\n") if part.startswith("id: ")]
        lines = [dict(line.split(": ", 1) for line in part.split("\n")) for part in parts]
        return [(int(each["id"]), json.loads(each["data"])) for each in lines]

    @property
    def told(self) -> list[str]:
        return [task["status"] for _, task in self.events]

    async def has(self, count: int) -> None:
        """Wait until so many events have come."""
        async with asyncio.timeout(5), self.came:
            await self.came.wait_for(lambda: len(self.events) >= count)

    async def ended(self) -> None:
        async with asyncio.timeout(8), self.came:
            await self.came.wait_for(lambda: self.over)


@asynccontextmanager
async def listening(rig: Rig, path: str, headers: dict[str, str]) -> AsyncGenerator[Listener]:
    """Open a stream; the client goes away at the end of the block."""
    listener, leave = Listener(), asyncio.Event()
    asked = asyncio.Event()

    async def receive() -> dict[str, object]:
        if not asked.is_set():
            asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        async with listener.came:
            if message["type"] == "http.response.start":
                listener.status = message["status"]
                listener.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            else:
                listener.text += message.get("body", b"").decode()
                listener.over = not message.get("more_body", False)
            listener.came.notify_all()

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "client": ("127.0.0.1", 5),
        "server": ("gateway", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }

    async def serve() -> None:
        await rig.app(scope, receive, send)

    serving = asyncio.create_task(serve())
    try:
        yield listener
    finally:
        leave.set()
        async with asyncio.timeout(5):
            await serving


def watch(
    rig: Rig, task_id: str, *, by: Person | None = None, after: int | None = None
) -> AbstractAsyncContextManager[Listener]:
    headers = {"mj-api-secret": (by or rig.alice).key} | _last(after)
    return listening(rig, f"/mj/task/{task_id}/events", headers)


def watch_all(rig: Rig, *, after: int | None = None) -> AbstractAsyncContextManager[Listener]:
    """All tasks of Alice."""
    token = f"access {rig.alice.key.removeprefix('sk-')}"
    headers = {"Authorization": f"Bearer {token}"} | _last(after)
    return listening(rig, "/api/mj/events", headers)


def _last(event: int | None) -> dict[str, str]:
    return {} if event is None else {"Last-Event-ID": str(event)}


async def to(rig: Rig, task_id: str, state: State) -> None:
    assert await rig.gateway.store.write(
        move, int(task_id), state, actor="a test", now=rig.clock.now()
    )


@pytest.fixture
async def slow(make_rig: MakeRig) -> Rig:
    return await make_rig(sandbox=SLOW)


async def test_a_stream_tells_each_change_and_ends_with_the_task(slow: Rig) -> None:
    task_id = await slow.imagine()

    async with watch(slow, task_id) as stream:
        await stream.has(1)
        await to(slow, task_id, State.RUNNING)
        await stream.has(2)
        await to(slow, task_id, State.FAILURE)
        await stream.ended()

    assert stream.told == ["SUBMITTED", "IN_PROGRESS", "FAILURE"]
    assert stream.events[-1][1] == await slow.fetch(task_id)
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["cache-control"] == "no-store"
    assert stream.headers["access-control-allow-origin"] == "*"


async def test_a_stream_goes_on_where_it_ended(slow: Rig) -> None:
    task_id = await slow.imagine()
    async with watch(slow, task_id) as first:
        await first.has(1)

    async with watch(slow, task_id, after=first.events[-1][0]) as again:
        await to(slow, task_id, State.FAILURE)
        await again.ended()
    async with watch(slow, task_id, after=again.events[-1][0]) as nothing:
        await nothing.ended()

    assert again.told == ["FAILURE"]
    assert (nothing.status, nothing.text) == (204, "")


async def test_a_change_that_nobody_heard_of_is_told_all_the_same(
    slow: Rig, database_url: str
) -> None:
    task_id = await slow.imagine()
    async with await Database.open(database_url) as elsewhere, watch(slow, task_id) as stream:
        await stream.has(1)

        await elsewhere.write(move, int(task_id), State.RUNNING, actor="other", now=1)
        await stream.has(2)

    assert stream.told == ["SUBMITTED", "IN_PROGRESS"]


async def test_anothers_task_has_no_stream(slow: Rig) -> None:
    task_id = await slow.imagine()

    async with watch(slow, task_id, by=slow.bob) as stream:
        await stream.ended()

    assert stream.status == 404
    assert json.loads(stream.text)["error"] == "not_found"


async def test_a_stream_of_all_tells_of_ones_own_tasks_and_no_others(slow: Rig) -> None:
    before = await slow.imagine("before")

    async with watch_all(slow) as stream:
        await stream.has(1)
        mine = await slow.imagine("mine")
        answer = await slow.post("/mj/submit/imagine", {"prompt": "bob's"}, by=slow.bob)
        await to(slow, mine, State.RUNNING)
        await to(slow, str(answer.json()["result"]), State.RUNNING)
        await to(slow, before, State.FAILURE)
        while (
            latest(stream).get(before), latest(stream).get(mine)
        ) != ("FAILURE", "IN_PROGRESS"):  # fmt: skip
            await stream.has(len(stream.events) + 1)

    assert set(latest(stream)) == {before, mine}


async def test_a_stream_of_all_goes_on_with_what_ended_meanwhile(slow: Rig) -> None:
    first, second = await slow.imagine(), await slow.imagine()
    async with watch_all(slow) as stream:
        await stream.has(2)
    slow.clock.pass_by(60_000)
    await to(slow, first, State.FAILURE)

    async with watch_all(slow, after=stream.events[-1][0]) as again:
        await again.has(2)

    assert latest(again) == {first: "FAILURE", second: "SUBMITTED"}


async def test_a_revoked_key_ends_its_streams(slow: Rig) -> None:
    task_id = await slow.imagine()
    async with watch(slow, task_id) as stream:
        await stream.has(1)

        await slow.gateway.store.write(tokens.revoke, slow.alice.token_id, slow.clock.now())
        slow.clock.pass_by(1_001)  # what is remembered of a key is good for a second
        await stream.ended()

    assert stream.told == ["SUBMITTED"]


async def test_one_key_has_so_many_streams_and_no_more(slow: Rig) -> None:
    task_id = await slow.imagine()
    streams = [watch(slow, task_id) for _ in range(STREAMS_MOST)]
    opened = [await each.__aenter__() for each in streams]
    for each in opened:
        await each.has(1)

    async with watch(slow, task_id) as refused:
        await refused.ended()
    await streams.pop().__aexit__(None, None, None)
    async with watch(slow, task_id) as again:
        await again.has(1)

    assert refused.status == 429
    assert refused.headers["retry-after"] == "5"
    assert json.loads(refused.text)["error"] == "rate_limited"
    for each in streams:
        await each.__aexit__(None, None, None)


def latest(stream: Listener) -> dict[str, str]:
    """Each task's last status."""
    return {task["id"]: task["status"] for _, task in stream.events}
