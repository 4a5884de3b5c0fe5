"""Real pictures, drawn by worker processes and served over HTTP."""

import asyncio
import base64
import io
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name

import pytest
from PIL import Image

from mjgate.sandbox import easel
from mjgate.sandbox.files import File, Shelf
from mjgate.sandbox.plain import flat
from mjgate.sandbox.pool import DRAWING, Pool
from mjgate.sandbox.settings import SandboxSettings
from tests.sandbox.client import PLAIN, Client, Json, listener, sandbox

DRAWN = SandboxSettings(port=0, seconds=0)
MASK = base64.b64encode(flat(3, (1024, 1024))).decode()


@pytest.fixture(autouse=True)
def _on_this_machine(loopback: None) -> None:
    del loopback


async def picture(client: Client, url: str) -> Image.Image:
    return Image.open(io.BytesIO(await download(client, url)))


async def download(client: Client, url: str) -> bytes:
    async with client.session.get(url) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


async def test_a_grid_is_drawn_in_its_proportions_and_the_same_again() -> None:
    prompt = "a lighthouse at night --ar 2:1 --seed 7"
    async with sandbox(DRAWN) as client:
        task = await client.fetch(await client.imagine(prompt))
        first = await download(client, task["imageUrl"])
        again = await client.fetch(await client.imagine(prompt))

        second = await download(client, again["imageUrl"])

        grid = Image.open(io.BytesIO(first))
        assert first == second
        assert grid.size == (task["imageWidth"], task["imageHeight"])
        assert grid.width == 2 * grid.height


async def test_an_unfinished_picture_can_be_looked_at() -> None:
    async with sandbox(DRAWN) as client:
        task = await client.fetch(await client.imagine("[[fault:hang]] a lighthouse"))

        unfinished = await picture(client, task["imageUrl"])

        assert "progress-90" in task["imageUrl"]
        assert unfinished.width == unfinished.height


async def test_a_drawing_that_fails_says_so_and_the_next_one_works() -> None:
    pool = Pool()
    try:
        with pytest.raises(ValueError, match="picture"):
            await pool.run("describe", b"no picture")

        assert await pool.run("plan", "a lighthouse", 7)
    finally:
        await pool.close()


def test_every_drawing_that_is_asked_for_exists() -> None:
    names = re.findall(r'"((?:draw|plan|cut)_\w+|sketched|describe|re?plan|reroll)"', text())

    assert len(names) > 10
    assert all(callable(resolve_name(f"{DRAWING}:{name}")) for name in names)


def text() -> str:
    return Path(easel.__file__).read_text()


def test_a_full_shelf_lets_go_of_what_was_not_wanted_longest() -> None:
    shelf = Shelf(room=20)
    for name in ("one", "two"):
        shelf.put(name, File(b"x" * 10, "image/png"))
    shelf.get("one")

    shelf.put("three", File(b"x" * 10, "image/png"))

    assert list(shelf.items) == ["one", "three"]


async def test_a_picture_at_an_address_is_fetched_before_the_end() -> None:
    async with sandbox(replace(PLAIN)) as other, sandbox(DRAWN) as client:
        source = await other.fetch(await other.imagine("a fox"))

        answer = await client.submit("describe", {"link": source["imageUrl"]})

        task = await client.finished(answer["result"])
        body = {"taskId": task["id"], "customId": "MJ::Picread::Retry"}
        again = await client.finished((await client.submit("action", body))["result"])
        for described in (task, again):
            assert (described["status"], len(described["prompt"].split("\n\n"))) == ("SUCCESS", 4)


async def test_an_address_without_a_picture_fails_the_task_with_a_reason() -> None:
    async with sandbox(DRAWN) as client:
        answer = await client.submit("describe", {"link": f"{client.url}/sandbox/stats"})

        task = await client.finished(answer["result"])
        assert task["status"] == "FAILURE"
        assert "no picture" in task["failReason"]


async def test_a_hook_that_is_away_does_no_harm() -> None:
    async with listener() as hook:
        gone = hook.url
    async with sandbox() as client:
        task_id = await client.imagine("a fox", notifyHook=gone)

        assert (await client.fetch(task_id))["status"] == "SUCCESS"


@pytest.mark.slow
async def test_everything_can_be_drawn() -> None:
    async with sandbox(DRAWN) as client:
        grid = await client.imagine("a red fox in the snow --ar 3:2")
        tasks = [await client.fetch(grid)]
        photo = base64.b64encode(await download(client, tasks[0]["imageUrl"])).decode()
        tasks += [await follow(client, grid, label) for label in ("V3", "🔄", "U2")]
        upscale = tasks[-1]["id"]
        labels = ("Upscale (Creative)", "Vary (Strong)", "Zoom Out 2x", "➡️", "Animate (Low motion)")
        tasks += [await follow(client, upscale, label) for label in labels]
        window = (await client.press(upscale, "Vary (Region)"))["result"]
        await client.submit("modal", {"taskId": window, "prompt": "a hut", "maskBase64": MASK})
        tasks.append(await client.fetch(window))
        for path, body in (
            ("blend", {"base64Array": [photo, photo], "dimensions": "PORTRAIT"}),
            ("edits", {"prompt": "a lake", "image": photo, "maskBase64": MASK}),
            ("retexture", {"prompt": "gold", "image": photo}),
            ("video", {"image": photo}),
        ):
            tasks.append(await client.fetch((await client.submit(path, body))["result"]))

        for task in tasks:
            await look_at(client, task)


async def follow(client: Client, parent: str, label: str) -> Json:
    return await client.fetch((await client.press(parent, label))["result"])


async def look_at(client: Client, task: Json) -> None:
    """Every picture opens, and a clip is an MP4 or an animated WebP."""
    addresses: list[str] = [task["imageUrl"], *(task["splitUrls"] or [])[:1]]
    for url in addresses:
        assert (await picture(client, url)).width > 100
    if task["videoUrl"]:
        clip = await download(client, task["videoUrl"])
        assert clip[4:8] == b"ftyp" or clip[8:12] == b"WEBP"


@pytest.mark.slow
async def test_no_worker_outlives_a_sandbox_that_was_killed() -> None:
    script = (
        "import asyncio\n"
        "from mjgate.sandbox.server import serve\n"
        "from mjgate.sandbox.settings import SandboxSettings\n"
        "if __name__ == '__main__':\n"
        "    settings = SandboxSettings(port=0, seconds=0)\n"
        "    asyncio.run(serve(settings, ready=lambda port: print(port, flush=True)))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    async with sandbox() as client:
        client.url = f"http://127.0.0.1:{port}"
        task = await client.fetch(await client.imagine("a fox"))
        await download(client, task["imageUrl"])
        workers = children(process.pid)

        os.kill(process.pid, signal.SIGKILL)
        await process.wait()

        assert workers
        async with asyncio.timeout(10):
            while any(alive(worker) for worker in workers):  # noqa: ASYNC110  a process of others
                await asyncio.sleep(0.05)


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
