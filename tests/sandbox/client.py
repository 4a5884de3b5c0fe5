"""A client of the sandbox as people write them, and a small server that hears its notices."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
from aiohttp import web

from mjgate.sandbox.server import running
from mjgate.sandbox.settings import SandboxSettings
from tests.served import answering

Json = Any
"""What came over the wire; tests look into it as they please."""

PLAIN = SandboxSettings(port=0, seconds=0, pictures="plain")


ENDS = {"SUCCESS", "FAILURE"}


class Client:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def post(self, path: str, body: object) -> Json:
        async with self.session.post(self.url + path, json=body) as answer:
            return await answer.json()

    async def get(self, path: str) -> Json:
        async with self.session.get(self.url + path) as answer:
            return await answer.json()

    async def status(self, path: str) -> int:
        async with self.session.get(self.url + path) as answer:
            await answer.read()
            return answer.status

    async def submit(self, path: str, body: object) -> Json:
        return await self.post(f"/mj/submit/{path}", body)

    async def imagine(self, prompt: str, **more: object) -> str:
        answer = await self.submit("imagine", {"prompt": prompt, **more})
        assert answer["code"] in {1, 22}, answer
        return str(answer["result"])

    async def press(self, task_id: str, label: str, **more: object) -> Json:
        task = await self.fetch(task_id)
        named = [each for each in task["buttons"] if label in {each["label"], each["emoji"]}]
        body = {"taskId": task_id, "customId": named[0]["customId"], **more}
        return await self.submit("action", body)

    async def fetch(self, task_id: str) -> Json:
        return await self.get(f"/mj/task/{task_id}/fetch")

    async def finished(self, task_id: str) -> Json:
        """Ask until the task has ended."""
        while (task := await self.fetch(task_id))["status"] not in ENDS:  # noqa: ASYNC110  over HTTP
            await asyncio.sleep(0.02)  # a client can only ask again
        return task

    async def stats(self) -> Json:
        return await self.get("/sandbox/stats")


@contextlib.asynccontextmanager
async def sandbox(settings: SandboxSettings = PLAIN) -> AsyncGenerator[Client]:
    """A sandbox on a port of its own, and a client that has no key."""
    async with running(settings) as port, aiohttp.ClientSession() as session:
        yield Client(session, f"http://127.0.0.1:{port}")


class Listener:
    """What was posted to a hook, in order."""

    def __init__(self) -> None:
        self.heard: list[Json] = []
        self.news = asyncio.Condition()
        self.url = ""

    async def hear(self, request: web.Request) -> web.Response:
        async with self.news:
            self.heard.append(await request.json())
            self.news.notify_all()
        return web.Response()

    async def until(self, status: str) -> list[str]:
        """The statuses heard, once `status` is among them."""
        async with self.news:
            await self.news.wait_for(lambda: status in self.statuses())
            return self.statuses()

    def statuses(self) -> list[str]:
        return [task["status"] for task in self.heard]


@contextlib.asynccontextmanager
async def listener() -> AsyncGenerator[Listener]:
    """A hook on a port of its own."""
    hook = Listener()
    app = web.Application()
    app.router.add_post("/hook", hook.hear)
    async with answering(app) as address:
        hook.url = f"{address}/hook"
        yield hook
