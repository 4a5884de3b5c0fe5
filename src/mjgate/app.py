"""The composition root: the only module, with the command line, that knows every other."""

import asyncio
import ctypes
import gc
import multiprocessing
import os
import secrets
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Final
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.supervisors import Multiprocess

from mjgate import telemetry
from mjgate.config import Config
from mjgate.domain.clock import SECOND
from mjgate.domain.timing import Timing
from mjgate.home import SQLITE, load_keys, open_files, open_store
from mjgate.imaging import Imaging
from mjgate.lifecycle import Gateway, Senders, nodes, nowhere
from mjgate.lifecycle.alerts import Mail
from mjgate.lifecycle.copies import Copies
from mjgate.links import Links
from mjgate.public_http import PublicHTTP
from mjgate.store.alive import Locks
from mjgate.upstream import Upstream
from mjgate.web import WebSettings, create_app
from mjgate.web.wire import Wire
from mjgate.workers import SERVING, working

KEEP_ALIVE: Final = 75


LARGE_BLOCK: Final = 1 << 20
"""Bytes of a block of memory that goes back to the system as soon as it is free."""

_M_MMAP_THRESHOLD: Final = -3
"""As glibc's malloc.h has it; musl and macOS have no such switch, and no need of it."""


@asynccontextmanager
async def gateway_of(config: Config, public_url: str) -> AsyncGenerator[Gateway]:
    """Everything a process works with, open for as long as the block lasts."""
    _return_large_blocks()
    async with AsyncExitStack() as stack:
        store = await open_store(config, must_exist=False)
        stack.push_async_callback(store.close)
        await store.share()
        upstream = await Upstream.open()
        stack.push_async_callback(upstream.close)
        public = await PublicHTTP.start(allow_private=config.allow_private_hosts)
        stack.push_async_callback(public.close)
        files = open_files(config)
        stack.push_async_callback(files.close)
        imaging = Imaging(workers=config.decoders)
        stack.push_async_callback(imaging.close)
        keys = load_keys(config)
        copies = Copies()
        stack.push_async_callback(copies.close)
        yield Gateway(
            store=store,
            upstream=upstream,
            public=public,
            files=files,
            copies=copies,
            imaging=imaging,
            clock=store.clock,
            keys=keys,
            links=Links(public_url, keys, days=config.link_days, clock=store.clock),
            node=secrets.token_hex(8),
            timing=Timing().scaled(config.time_scale),
            answer_wait=int(config.answer_wait * SECOND),
            senders=Senders(),
            zone=ZoneInfo(config.timezone),
            checkpoint=_checkpoint(config.fault_point),
        )


@asynccontextmanager
async def background(config: Config, gateway: Gateway, stop: asyncio.Event) -> AsyncGenerator[None]:
    """Work as a node among nodes for as long as the block lasts, claiming nothing after `stop`."""
    locks = Locks(config.data_dir / "nodes") if gateway.store.engine == SQLITE else None
    if locks is not None:
        locks.hold(gateway.node)
    await nodes.join(gateway, socket.gethostname())
    try:
        only = SERVING if config.no_workers else None
        mail = _mail(config)
        async with working(gateway, _alive_by(locks), only=only, stop=stop, mail=mail):
            yield
    finally:
        await nodes.leave(gateway)
        if locks is not None:
            locks.release(gateway.node)


class Served:
    """The gateway as an application: it lives as long as its server, in whichever process."""

    def __init__(self, config: Config, url: str) -> None:
        self._config = config
        self._url = url
        self._inner: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Live, or answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._inner is not None:
            await self._inner(scope, receive, send)

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
            _spare_the_collector()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def _return_large_blocks() -> None:
    """Let the memory of bodies and pictures go when they are done; glibc would keep most of it."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


def _spare_the_collector() -> None:
    """What is loaded now stays: look for garbage among what comes, and not at every turn."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


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


async def work(config: Config) -> None:
    """Work in the background until told to stop, without answering requests."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with gateway_of(config, config.address()) as gateway, background(config, gateway, stop):
        await stop.wait()


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


def _mail(config: Config) -> Mail | None:
    """The server for alerts, if one is named."""
    if not config.smtp_url:
        return None
    server, own = urlsplit(config.smtp_url), urlsplit(config.address()).hostname
    encrypted = server.scheme == "smtps"
    return Mail(
        host=server.hostname or "",
        port=server.port or (465 if encrypted else 587),
        sender=config.smtp_from or f"mjgate@{own}",
        encrypted=encrypted,
        user=unquote(server.username or ""),
        password=config.smtp_password,
    )


def _alive_by(locks: Locks | None) -> Callable[[str], bool | None]:
    if locks is None:
        return lambda _: None
    return locks.alive


def _checkpoint(name: str) -> Callable[[str], None]:
    """For tests of crashes: die at once, as if the power had gone, at the named place."""
    if not name:
        return nowhere

    def die(place: str) -> None:
        if place == name:
            os.kill(os.getpid(), signal.SIGKILL)

    return die
