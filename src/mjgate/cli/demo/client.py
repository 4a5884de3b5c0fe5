"""A client as anybody would write one: it submits, looks, presses a button and downloads."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import aiohttp
import msgspec

from mjgate.cli.terminal import Failure

Task = Mapping[str, Any]
Progress = Callable[[int], None]

PATIENCE: Final = 180.0
"""Seconds that a task may take."""

PAUSE: Final = 0.2

_ENDINGS: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


class Client:
    """Speaks the task protocol with one gateway; `step` is what to type when that fails."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: str, step: str) -> None:
        self._session = session
        self._url = url
        self._step = step
        self._headers = {"Authorization": f"Bearer {key}"}

    async def imagine(self, prompt: str, photograph: bytes) -> str:
        """Hand in a prompt with a reference photograph; the task's id. Failure."""
        picture = "data:image/jpeg;base64," + b64encode(photograph).decode()
        return await self._submit("imagine", {"prompt": prompt, "base64Array": [picture]})

    async def press(self, task: Task, label: str) -> str:
        """Press a button of a finished task; the new task's id. Failure."""
        for button in cast("list[Task]", task["buttons"]):
            if button["label"] == label:
                body = {"taskId": task["id"], "customId": button["customId"]}
                return await self._submit("action", body)
        raise Failure(f"The picture has no button {label}.", self._step)

    async def task(self, task_id: str) -> Task:
        """The task as it is now."""
        return cast("Task", await self._ask("GET", f"/mj/task/{task_id}/fetch"))

    async def listed(self, task_ids: list[str]) -> list[Task]:
        """Several tasks in one look."""
        found = await self._ask("POST", "/mj/task/list-by-condition", {"ids": task_ids})
        return cast("list[Task]", found)

    async def finished(self, task_id: str, progress: Progress) -> Task:
        """Look until the task is done. Failure when it is not, or went wrong."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            task = await self.task(task_id)
            progress(int(str(task["progress"] or "0%").rstrip("%") or 0))
            if task["status"] == "SUCCESS":
                return task
            if task["status"] == "FAILURE":
                raise Failure(f"Task {task_id} failed: {task['failReason']}", self._step)
            await asyncio.sleep(PAUSE)
        raise Failure(f"Task {task_id} was not done in {PATIENCE:.0f} s.", self._step)

    async def save(self, address: str, stem: Path) -> Path:
        """Download a picture beside `stem`, with the ending that its type has. Failure."""
        parts = urlsplit(address)  # the public address may not lead here from this machine
        async with self._session.get(f"{self._url}{parts.path}?{parts.query}") as answer:
            content = await answer.read()
            ending = _ENDINGS.get(answer.content_type)
        if ending is None or not content:
            raise Failure(f"The picture could not be had: HTTP {answer.status}.", self._step)
        path = stem.with_suffix(f".{ending}")
        path.write_bytes(content)
        return path

    async def _submit(self, path: str, body: Mapping[str, object]) -> str:
        answer = cast("Task", await self._ask("POST", f"/mj/submit/{path}", body))
        if not answer.get("result"):
            raise Failure(f"The gateway refused: {answer.get('description')}", self._step)
        return str(answer["result"])

    async def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> object:
        async with self._session.request(
            method, self._url + path, json=body, headers=self._headers
        ) as answer:
            return msgspec.json.decode(await answer.read())
