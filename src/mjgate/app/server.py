"""The gateway behind HTTP, in one process or in several that share an address."""

import asyncio
import multiprocessing
import signal
import socket
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.supervisors import Multiprocess

from mjgate import telemetry
from mjgate.app import background, gateway_of
from mjgate.app.memory import spare_the_collector
from mjgate.config import Config
from mjgate.web import WebSettings, create_app
from mjgate.web.front import Front
from mjgate.web.origins import Headers
from mjgate.web.wire import Wire

KEEP_ALIVE: Final = 75


async def serve(config: Config, listener: socket.socket, *, ready: Callable[[str], None]) -> None:
    """Serve until told to stop; `ready` hears the address once requests are answered."""
    url = config.address(listener.getsockname()[1])
    server = _Server(_server(config, url), lambda: ready(url))
    await server.serve(sockets=[listener])
    if not server.started:
        msg = "the server did not start; the log says why"
        raise RuntimeError(msg)


class _Server(uvicorn.Server):
    """Tells when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; quietly when that fails, for the application has told why."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def serve_many(config: Config, listener: socket.socket, *, ready: Callable[[str], None]) -> None:
    """The same in several processes that share the address; one that dies is replaced."""
    url = config.address(listener.getsockname()[1])
    _Processes(_server(config, url), listener, lambda: ready(url)).run()


class _Processes(Multiprocess):
    """Tells when all of them answer."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, ready: Callable[[], None]
    ) -> None:
        super().__init__(config, sockets=[listener])
        self._ready: Callable[[], None] | None = ready

    def handle_signals(self) -> None:
        """What is done twice a second: hear signals, and look whether all have started."""
        super().handle_signals()
        ready = self._ready
        if ready is not None and all(each.is_ready(timeout=1) for each in self.processes):
            self._ready = None
            ready()


class Served:
    """The gateway as an application: it lives as long as its server, in whichever process."""

    def __init__(self, config: Config, url: str) -> None:
        self._config = config
        self._url = url
        self._inner: Front | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Live, or answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._inner is not None:
            await self._inner(scope, receive, send)

    def origin_headers(self, scope: Scope) -> Headers:
        """What lets a page of another origin read the answer to what was no request."""
        return [] if self._inner is None else self._inner.origin_headers(scope)

    async def _live(self, receive: Receive, send: Send) -> None:
        config = self._config
        parent = multiprocessing.parent_process()
        if parent is not None:
            _settle_in(config, parent)
        await receive()
        stop = asyncio.Event()
        async with gateway_of(config, self._url) as gateway, background(config, gateway, stop):
            _hear_signals(stop)
            self._inner = create_app(gateway, _web_settings(config))
            spare_the_collector()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def _server(config: Config, url: str) -> uvicorn.Config:
    return uvicorn.Config(
        Served(config, url),
        workers=config.workers,
        http=Wire,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=5,
    )


def _web_settings(config: Config) -> WebSettings:
    return WebSettings(
        body_limit=config.body_limit,
        origins=config.cors_origins,
        hosts=config.hosts,
        proxies=config.trusted_proxies,
        documents=config.documents,
        metrics_token=config.metrics_token,
    )


def _hear_signals(stop: asyncio.Event) -> None:
    """Set `stop` as soon as we are told to end; the server then does what it does at a signal."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def told(number: int, frame: FrameType | None, before: object = before) -> None:
            loop.call_soon_threadsafe(stop.set)
            if callable(before):
                before(number, frame)

        signal.signal(number, told)


def _settle_in(config: Config, parent: BaseProcess) -> None:
    """One of several processes: log as the first does, and do not outlive it."""
    telemetry.configure(style=config.log_format, level=config.log_level, prompts=config.log_prompts)
    loop = asyncio.get_running_loop()

    def alone() -> None:
        loop.remove_reader(parent.sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(parent.sentinel, alone)
