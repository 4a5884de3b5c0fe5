"""The processes of a measurement: a gateway, a server of static bytes, an instant upstream."""

import itertools
import multiprocessing
import os
import re
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import uvicorn
import uvloop
from bench import answering
from bench.answering import Answering
from starlette.types import Receive, Scope, Send

from mjgate.app.server import serve
from mjgate.cli.service import listen
from mjgate.config import Config
from mjgate.domain.clock import SystemClock
from mjgate.home import load_keys, open_store
from mjgate.manage import Desk
from mjgate.manage.channels import NewChannel, add_channel
from mjgate.manage.tokens import NewToken, create_token
from mjgate.manage.tuning import set_setting
from mjgate.manage.users import NewUser, create_user
from tests.postgres import postgres

SECRET = "a master key for measurements, long enough"
TICKS = os.sysconf("SC_CLK_TCK")
SPAWN = multiprocessing.get_context("spawn")


@dataclass
class Server:
    """A process that answers, and how much processor time it has used."""

    port: int
    process: BaseProcess

    def cpu(self) -> float:
        """Seconds of processor time so far, of user and system together."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(") ")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICKS

    def memory(self) -> int:
        """Resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text("utf-8").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class World:
    """A database with somebody who has a key, and a channel."""

    config: Config
    key: str


@contextmanager
def databases(engine: str) -> Generator[str]:
    """An empty database, gone afterwards."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory() as directory:
            yield f"sqlite:///{directory}/mjgate.db"
        return
    with postgres() as server, server.database() as name:
        yield server.url(name)


@asynccontextmanager
async def world(
    engine: str,
    upstream_port: int,
    *,
    channels: int = 0,
    allow_private_hosts: tuple[str, ...] = (),
) -> AsyncGenerator[World]:
    """
    Make the database and everybody in it.

    Several channels are told apart by the first part of the path, their number from 1.
    """
    with tempfile.TemporaryDirectory() as directory, databases(engine) as url:
        config = Config(
            data_dir=Path(directory),
            database_url=url,
            secret_key=SECRET,
            port=0,
            log_level="error",
            allow_private_hosts=allow_private_hosts,
        )
        store = await open_store(config, must_exist=False)
        try:
            desk = Desk(store=store, keys=load_keys(config), clock=SystemClock(), actor="bench")
            user = await create_user(desk, NewUser(username="alice", quota=10**12))
            token = await create_token(desk, NewToken(username=user.username))
            await set_setting(desk, "submits_per_second", 0)
            base_url = f"http://127.0.0.1:{upstream_port}"
            for number in range(1, channels + 1) or (0,):
                await add_channel(
                    desk,
                    NewChannel(
                        name=f"instant {number}",
                        provider="mjproxy",
                        base_url=f"{base_url}/{number}" if number else base_url,
                        secret="secret",
                        max_running=10**6,
                        options={"notify": "off"},
                    ),
                )
        finally:
            await store.close()
        yield World(config, token.key)


@contextmanager
def process(target: Callable[..., None], *arguments: object) -> Generator[Server]:
    """Run `target(pipe, *arguments)` until the block ends; it sends its port when it is ready."""
    ours, theirs = SPAWN.Pipe()
    child = SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
    child.start()
    try:
        yield Server(ours.recv(), child)
    finally:
        child.terminate()
        child.join(10)


def gateway(pipe: Connection, config: Config) -> None:
    """The gateway as it is served, in this process."""

    def ready(url: str) -> None:
        pipe.send(int(url.rpartition(":")[2]))

    with listen(config.host, config.port) as listener:
        uvloop.run(serve(config, listener, ready=ready))


def static(pipe: Connection, body: bytes) -> None:
    """The same server, answering the same bytes whatever is asked."""
    start: dict[str, object] = {
        "type": "http.response.start",
        "status": 200,
        "headers": [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
        ],
    }

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send(start)
        await send({"type": "http.response.body", "body": body})

    listener = listen("127.0.0.1", 0)
    pipe.send(listener.getsockname()[1])
    config = uvicorn.Config(
        application,
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    uvloop.run(uvicorn.Server(config).serve(sockets=[listener]))


_IDS = re.compile(rb'"(\d{10,})"')
_WORKING = b'{"id":"%s","status":"SUBMITTED","progress":"0%%"}'


class _Instant(Answering):
    """An upstream that accepts everything at once and finishes nothing."""

    numbers = itertools.count(1_000_000_000)

    def answer(self, head: bytes, body: bytes) -> bytes:
        if b"/submit/" in head[:80]:
            return b'{"code":1,"description":"ok","result":"%d"}' % next(self.numbers)
        return b"[%s]" % b",".join(_WORKING % each for each in _IDS.findall(body))


def instant(pipe: Connection) -> None:
    """Serve `_Instant`."""
    answering.serve(pipe, _Instant)
