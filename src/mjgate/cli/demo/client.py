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

PAUSE: Final = 0.5

_ENDINGS: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


class Client:
    """Speaks the task protocol with one gateway."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: str) -> None:
        self._session = session
        self._url = url
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
        raise Failure(f"The picture has no button {label}.", "mjgate doctor")

    async def finished(self, task_id: str, progress: Progress) -> Task:
        """Look until the task is done. Failure when it is not, or went wrong."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            task = await self._ask("GET", f"/mj/task/{task_id}/fetch")
            progress(int(str(task["progress"] or "0%").rstrip("%") or 0))
            if task["status"] == "SUCCESS":
                return task
            if task["status"] == "FAILURE":
                raise Failure(f"Task {task_id} failed: {task['failReason']}", "mjgate doctor")
            await asyncio.sleep(PAUSE)
        raise Failure(f"Task {task_id} was not done in {PATIENCE:.0f} s.", "mjgate doctor")

    async def save(self, address: str, stem: Path) -> Path:
        """Download a picture beside `stem`, with the ending that its type has. Failure."""
        parts = urlsplit(address)  # the public address may not lead here from this machine
        async with self._session.get(f"{self._url}{parts.path}?{parts.query}") as answer:
            content = await answer.read()
            ending = _ENDINGS.get(answer.content_type)
        if ending is None or not content:
            raise Failure(f"The picture could not be had: HTTP {answer.status}.", "mjgate doctor")
        path = stem.with_suffix(f".{ending}")
        path.write_bytes(content)
        return path

    async def _submit(self, path: str, body: Mapping[str, object]) -> str:
        answer = await self._ask("POST", f"/mj/submit/{path}", body)
        if not answer.get("result"):
            raise Failure(f"The gateway refused: {answer.get('description')}", "mjgate doctor")
        return str(answer["result"])

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Task:
        async with self._session.request(
            method, self._url + path, json=body, headers=self._headers
        ) as answer:
            return cast("Task", msgspec.json.decode(await answer.read()))
