"""The whole round of a picture, as any client makes it, and what the books say of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, cast

import aiohttp
from PIL import Image

from mjgate.cli.demo.client import Client, Task
from mjgate.cli.demo.story import Bar, Story
from mjgate.config import Config
from mjgate.home import open_store
from mjgate.store import ledger
from mjgate.store.ledger import Kind

PROMPT: Final = "a lighthouse on a rocky coast, evening --ar 3:2"
PHOTOGRAPH: Final = files("mjgate") / "assets" / "coffee.jpg"
UPSCALE: Final = "U1"
VARIATION: Final = "V2"


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of it: the files that were saved, and how to go on."""

    task_id: str
    image: Path
    upscale: Path
    variation: Path
    address: str  # of the first picture, signed
    url: str
    key: str

    def told(self) -> dict[str, str]:
        """What programs are told."""
        return {
            "task_id": self.task_id,
            "image": str(self.image),
            "upscale": str(self.upscale),
            "url": self.url,
            "key": self.key,
        }


async def whole_round(config: Config, story: Story, url: str, key: str) -> Shown:
    """Imagine, press two buttons, look at all of it again. Failure."""
    pictures = config.data_dir / "pictures"
    pictures.mkdir(exist_ok=True)
    async with aiohttp.ClientSession() as session:
        client = Client(session, url, key, f"cat {config.data_dir / 'gateway.log'}")
        grid, image = await _imagine(client, story, pictures)
        (upscale, larger), (variation, varied) = await _press(client, story, pictures, grid)
        await _look(client, story, [grid, upscale, variation])
    await _add_up(config, story, [grid, upscale, variation])
    address = str(grid["imageUrl"])
    return Shown(str(grid["id"]), image, larger, varied, address, config.address(), key)


async def _imagine(client: Client, story: Story, pictures: Path) -> tuple[Task, Path]:
    story.part("Imagine")
    story.row("prompt", PROMPT)
    story.row("reference", PHOTOGRAPH.name, "a photograph, whose colours go into the picture")
    with story.bars(["drawing"]) as bars:
        task = await client.finished(
            await client.imagine(PROMPT, PHOTOGRAPH.read_bytes()), bars["drawing"]
        )
    path = await client.save(str(task["imageUrl"]), pictures / f"{task['id']}-grid")
    story.row("picture", path, _size(path))
    story.row("buttons", _labels(task))
    return task, path


async def _press(
    client: Client, story: Story, pictures: Path, grid: Task
) -> tuple[tuple[Task, Path], tuple[Task, Path]]:
    """Both at once: they do not wait for each other."""
    story.part(f"Press two of them: {UPSCALE} enlarges the first, {VARIATION} varies the second")

    async def press(label: str, name: str, bar: Bar) -> tuple[Task, Path]:
        task = await client.finished(await client.press(grid, label), bar)
        return task, await client.save(str(task["imageUrl"]), pictures / f"{task['id']}-{name}")

    with story.bars(["upscaling", "varying"]) as bars:
        made = await asyncio.gather(
            press(UPSCALE, "upscale", bars["upscaling"]),
            press(VARIATION, "variation", bars["varying"]),
        )
    for name, (_, path) in zip(("upscale", "variation"), made, strict=True):
        story.row(name, path, _size(path))
    return made


async def _look(client: Client, story: Story, tasks: list[Task]) -> None:
    story.part("Look again")
    task = await client.task(str(tasks[0]["id"]))
    took = (int(task["finishTime"]) - int(task["submitTime"])) / 1000
    story.row("by id", f"GET /mj/task/{task['id']}/fetch")
    story.row("", f"{task['action']} {task['status']} {task['progress']}, {took:.1f} s from submit")
    found = await client.listed([str(task["id"]) for task in tasks])
    story.row("as a list", "POST /mj/task/list-by-condition")
    story.row("", ", ".join(f"{task['action']} {task['status']}" for task in found))


async def _add_up(config: Config, story: Story, tasks: list[Task]) -> None:
    """Read the ledger where it is, while the gateway runs."""
    actions = {int(task["id"]): str(task["action"]) for task in tasks}
    async with await open_store(config, must_exist=True) as store:
        entries = await ledger.of_tasks(store.reader, list(actions))
        audit = await ledger.check(store.reader)
    rows = [
        (str(task_id), action, *(_units(entries, task_id, kind) for kind in _KINDS))
        for task_id, action in actions.items()
    ]
    story.part("The books: a price is held when a task comes in, and taken when it succeeds")
    story.table(("task", "action", "held", "taken"), rows)
    verdict = f"do not balance in {len(audit.broken)} places" if audit.broken else "balance"
    story.text(f"They {verdict}, over {audit.tasks} tasks of this demo.")


_KINDS: Final = (Kind.HOLD, Kind.SETTLE)


def _units(entries: list[ledger.Entry], task_id: int, kind: Kind) -> str:
    found = [each.amount for each in entries if (each.task_id, each.kind) == (task_id, kind)]
    return f"{sum(found):,}"


def _labels(task: Task) -> str:
    buttons = cast("list[Mapping[str, str]]", task["buttons"])
    return "  ".join(each["label"] or each["emoji"] for each in buttons)


def _size(path: Path) -> str:
    with Image.open(path) as picture:
        return f"{picture.width} × {picture.height}"
