"""The composition root: the only module, with the command line, that knows every other."""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from mjgate.app.memory import return_large_blocks
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
from mjgate.workers import SERVING, working


@asynccontextmanager
async def gateway_of(config: Config, public_url: str) -> AsyncGenerator[Gateway]:
    """Everything a process works with, open for as long as the block lasts."""
    return_large_blocks()
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


async def work(config: Config) -> None:
    """Work in the background until told to stop, without answering requests."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with gateway_of(config, config.address()) as gateway, background(config, gateway, stop):
        await stop.wait()


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
