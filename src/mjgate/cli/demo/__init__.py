"""
`mjgate demo`: the main job on an empty machine, over real HTTP between real processes.

ground (directory, user, key, channel) -> children (sandbox, gateway) -> client (imagine, upscale)
"""

import asyncio
import contextlib
import json
import os
import secrets
import shlex
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import aiohttp
import msgspec
import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mjgate.cli.demo.children import running
from mjgate.cli.demo.client import Client
from mjgate.cli.demo.ground import Ground, claimed, laid
from mjgate.cli.service import Host, PublicUrl, listen, until_stopped
from mjgate.cli.shared import Json, Place, explained
from mjgate.cli.terminal import Failure, answer, err, pairs, say
from mjgate.config import Config

PROMPT: Final = "a sailing boat on a calm sea at dawn, soft clouds --ar 3:2"
NEXT_PROMPT: Final = "a red fox in a snowy forest, morning light --ar 3:2"
PHOTOGRAPH: Final = files("mjgate") / "assets" / "lighthouse.jpg"
PORT: Final = 8000
SECONDS: Final = "3"
"""What the sandbox takes for a picture here: long enough to see it grow."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of it."""

    task_id: str
    image: Path
    upscale: Path
    url: str
    key: str


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when the pictures are there.")] = False,
    port: Annotated[
        int | None,
        typer.Option(help="Port of the gateway (8000, or a free one).", show_default=False),
    ] = None,
    host: Host = None,
    public_url: PublicUrl = None,
    as_json: Json = False,
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="A directory of the demo's own.")
    ] = Path("demo-data"),
) -> None:
    """Start a gateway and an upstream, and draw a first picture. Needs nothing else."""
    place = Place(data_dir)
    config = place.load(
        host=host or "127.0.0.1",
        port=port or _free(host or "127.0.0.1", PORT if port is None else 0),
        public_url=public_url,
        database_url=f"sqlite:///{data_dir.absolute()}/mjgate.db",
    )
    with explained(config, "demo", place, must_exist=False), claimed(config.data_dir):
        until_stopped(_show(config, once=once, as_json=as_json))


async def _show(config: Config, *, once: bool, as_json: bool) -> None:
    async with _started(config) as (url, ground):
        try:
            shown = await _drawn(config, url, ground.key)
        except (aiohttp.ClientError, msgspec.DecodeError) as error:
            log = config.data_dir / "gateway.log"
            raise Failure(
                f"The gateway did not answer as it should: {error}.", f"cat {log}"
            ) from error
        if as_json:
            answer(
                {
                    "task_id": shown.task_id,
                    "image": str(shown.image),
                    "upscale": str(shown.upscale),
                    "url": shown.url,
                    "key": shown.key,
                }
            )
        else:
            _tell(config, shown, ground, once=once)
        if not once:
            await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def _started(config: Config) -> AsyncGenerator[tuple[str, Ground]]:
    """Sandbox and gateway, with a channel between them; gives the gateway's local address."""
    home, secret = config.data_dir, secrets.token_urlsafe(24)
    upstream = running(
        "sandbox",
        "--port",
        "0",
        "--seconds",
        SECONDS,
        log=home / "sandbox.log",
        secrets={"MJGATE_SANDBOX_SECRET": secret},
    )
    async with upstream as address:
        ground = await laid(config, upstream=address, secret=secret)
        public = ["--public-url", config.public_url] if config.public_url else []
        gateway = running(
            "serve",
            "--data-dir",
            str(home),
            "--host",
            config.host,
            "--port",
            str(config.port),
            *public,
            log=home / "gateway.log",
        )
        async with gateway:
            yield replace(config, public_url="").address(), ground


async def _drawn(config: Config, url: str, key: str) -> Shown:
    """The main job, as any client does it."""
    pictures = config.data_dir / "pictures"
    pictures.mkdir(exist_ok=True)
    async with aiohttp.ClientSession() as session:
        client = Client(session, url, key)
        with _bars() as bars:
            drawing, enlarging = bars.add_task("drawing"), bars.add_task("upscaling", start=False)
            task_id = await client.imagine(PROMPT, PHOTOGRAPH.read_bytes())
            task = await client.finished(task_id, lambda done: bars.update(drawing, completed=done))
            image = await client.save(task["imageUrl"], pictures / f"{task_id}-grid")
            bars.start_task(enlarging)
            larger = await client.finished(
                await client.press(task, "U1"),
                lambda done: bars.update(enlarging, completed=done),
            )
            upscale = await client.save(larger["imageUrl"], pictures / f"{task_id}-upscale")
    return Shown(task_id, image, upscale, config.address(), key)


def _bars() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        console=err,
    )


def _free(host: str, wanted: int) -> int:
    """The wanted port, or a free one where that is taken."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), listen(host, port) as listener:
            return int(listener.getsockname()[1])
    return wanted


def _tell(config: Config, shown: Shown, ground: Ground, *, once: bool) -> None:
    """The pictures first, then how to go on."""
    home = config.data_dir
    say()
    say("Two pictures, drawn by a small program so that no account is needed:", "bold")
    pairs({"the grid": shown.image, "its first, upscaled": shown.upscale})
    say()
    if once:
        say("To have it running, with an address and a key to try:")
        say(f"  mjgate demo --data-dir {shlex.quote(str(home))}", "cyan")
    else:
        _tell_running(config, shown, ground)
    say()
    say("Now a real provider. Bring an upstream account of your own, and its key:")
    say(
        f"  mjgate channel add --data-dir {shlex.quote(str(home))} --name mine --provider mjproxy"
        " --base-url https://upstream.example.com --secret -",
        "cyan",
    )


def _tell_running(config: Config, shown: Shown, ground: Ground) -> None:
    say("The gateway is running; Ctrl-C ends it.", "bold")
    pairs({"address": shown.url, "key": shown.key})
    if ground.admin is not None:
        pairs({"admin": ground.admin.username, "password": ground.admin.password})
    if (remote := os.environ.get("SSH_CONNECTION", "").split())[2:3] and not config.public_url:
        say("From your own machine, first:")
        say(f"  ssh -L {config.port}:{config.host}:{config.port} {remote[2]}", "cyan")
    say("Try it:")
    body = json.dumps({"prompt": NEXT_PROMPT})
    say(
        f"  curl -s {shlex.quote(shown.url + '/mj/submit/imagine')}"
        f" -H {shlex.quote('Authorization: Bearer ' + shown.key)}"
        f" -H 'Content-Type: application/json' -d {shlex.quote(body)}",
        "cyan",
    )
