"""
`mjgate demo`: the main job on an empty machine, over real HTTP between real processes.

ground (directory, user, key, channel) -> children (sandbox, gateway) -> client (a whole round)
-> story (what people see)
"""

import asyncio
import contextlib
import errno
import os
import secrets
import shlex
import socket
from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import aiohttp
import msgspec
import typer

from mjgate.cli.demo.children import running
from mjgate.cli.demo.ending import tell_end
from mjgate.cli.demo.ground import DATA_DIR, Ground, another, claimed, laid
from mjgate.cli.demo.round import Shown, whole_round
from mjgate.cli.demo.story import Story
from mjgate.cli.service import Host, PublicUrl, listen, listening, until_stopped
from mjgate.cli.shared import Json, full
from mjgate.cli.terminal import Failure, answer, err, note, out
from mjgate.config import Config
from mjgate.config.sources import load
from mjgate.home import KeyTroubleError
from mjgate.store.database import StoreError

PORT: Final = 8000
SECONDS: Final = "3"
"""What the sandbox takes for a picture here: long enough to see it grow."""

HEARD: Final = ("MJGATE_HOST", "MJGATE_PORT", "MJGATE_PUBLIC_URL")
"""What counts here of the environment; the rest is about another installation."""


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
    ] = DATA_DIR,
) -> None:
    """Start a gateway and an upstream, and draw a first picture. Needs nothing else."""
    with _explained(data_dir):
        config = _config(data_dir, host, port, public_url)
        with _listener(config) as listener, claimed(config.data_dir):
            config = replace(config, port=int(listener.getsockname()[1]))
            shown = until_stopped(_show(config, listener, once=once, as_json=as_json))
    if shown is None:
        raise typer.Abort
    if not once:
        note()
        note(f"All of it has ended; pictures and books stay in {data_dir}.")


def _config(data_dir: Path, host: str | None, port: int | None, public_url: str | None) -> Config:
    """The gateway's options. ConfigError."""
    typed = {
        "data_dir": data_dir,
        "database_url": f"sqlite:///{data_dir.absolute()}/mjgate.db",
        "host": host,
        "port": port,
        "public_url": public_url,
    }
    return load(typed, {name: os.environ[name] for name in HEARD if name in os.environ})


def _listener(config: Config) -> socket.socket:
    """A socket on the chosen port, else on the usual one, else on a free one. Failure."""
    chosen = config.port if "port" in config.sources else None
    if chosen is None:
        with contextlib.suppress(OSError):
            return listen(config.host, PORT)
    with listening(config.host, chosen or 0, "mjgate demo"):
        return listen(config.host, chosen or 0)


@contextlib.contextmanager
def _explained(directory: Path) -> Generator[None]:
    """Every way in which the demo's own data can be unusable, with a way out. Failure."""
    try:
        yield
    except (KeyTroubleError, StoreError) as error:
        if full(directory.absolute()):
            raise _no_room(directory) from error
        text = f"The data of an earlier demo cannot be used: {str(error).rstrip('.')}."
        raise Failure(text, another(directory)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC or full(directory.absolute()):
            raise _no_room(directory) from error
        what = error.filename or directory.absolute()
        step = "mjgate demo --data-dir ~/mjgate-demo"
        raise Failure(f"{what} cannot be used: {error.strerror}.", step) from error


def _no_room(directory: Path) -> Failure:
    place = shlex.quote(str(directory))
    return Failure(f"There is no room left for {directory.absolute()}.", f"df -h {place}")


async def _show(config: Config, listener: socket.socket, *, once: bool, as_json: bool) -> Shown:
    """Everything, from the start to the end; without `once` the end comes with Ctrl-C."""
    story = Story(err if as_json else out)
    story.title(
        "mjgate demo",
        "A gateway and an upstream on this machine, and one picture from the prompt to the books.",
        "A small program draws it, not a model: so no account is needed.",
    )
    async with _started(config, listener, story) as (url, ground):
        try:
            shown = await whole_round(config, story, url, ground.key)
        except (aiohttp.ClientError, msgspec.DecodeError) as error:
            text = f"The gateway did not answer as it should: {error}."
            raise Failure(text, f"cat {config.data_dir / 'gateway.log'}") from error
        if as_json:
            answer(shown.told())
        tell_end(story, config, shown, ground, once=once)
        if not once:
            with contextlib.suppress(asyncio.CancelledError):  # how Ctrl-C comes here
                await asyncio.Event().wait()
    return shown


@contextlib.asynccontextmanager
async def _started(
    config: Config, listener: socket.socket, story: Story
) -> AsyncGenerator[tuple[str, Ground]]:
    """Sandbox and gateway, with a channel between them; gives the gateway's local address."""
    home, secret = config.data_dir, secrets.token_urlsafe(24)
    story.part("Start")
    upstream = running(
        *("sandbox", "--port", "0", "--seconds", SECONDS),
        log=home / "sandbox.log",
        secrets={"MJGATE_SANDBOX_SECRET": secret},
    )
    async with upstream as address:
        story.row("sandbox", address, "the upstream")
        ground = await laid(config, upstream=address, secret=secret)
        public = ("--public-url", config.public_url) if config.public_url else ()
        where = ("--host", config.host, "--port", str(config.port))
        gateway = running(
            *("serve", "--data-dir", str(home), *where, *public),
            log=home / "gateway.log",
            listener=listener,
        )
        async with gateway:
            listener.close()  # the gateway's own from here: its end must be seen by clients
            url = replace(config, public_url="").address()
            story.row("gateway", url, "what clients talk to")
            yield url, ground
