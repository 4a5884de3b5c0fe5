"""Serving the sandbox: uvicorn, with the means to cut a line in the middle of a request."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mjgate.sandbox.answers import CUT
from mjgate.sandbox.app import create_app
from mjgate.sandbox.settings import SandboxSettings

GRACE = 0.2
"""Seconds that running requests get when the sandbox stops."""


async def serve(settings: SandboxSettings, *, ready: Callable[[int], None] | None = None) -> None:
    """
    Run until cancelled; `ready` hears the port once requests are answered.

    Raises OSError when the port cannot be had.
    """
    async with running(settings) as port:
        if ready is not None:
            ready(port)
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def running(settings: SandboxSettings) -> AsyncGenerator[int, None]:
    """A sandbox that answers for as long as the block lasts; gives its port."""
    listener = _listen(settings.host, settings.port)
    port: int = listener.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            _ending_quietly(create_app(settings)),
            http=_Line,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await _either(server.up.wait(), task)
        yield port
    finally:
        server.stop.set()
        await task
        listener.close()


async def _either(up: Coroutine[object, object, object], task: "asyncio.Task[None]") -> None:
    """Wait until the server is up; raise what it died of otherwise."""
    waiting = asyncio.ensure_future(up)
    await asyncio.wait((waiting, task), return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        waiting.cancel()
        await task


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it, and stops at once when told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self.stop = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        del sockets
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if requests := set(self.server_state.tasks):
            await asyncio.wait(requests, timeout=GRACE)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # the aborted ones notice
        if late := set(self.server_state.tasks):
            for request in late:
                request.cancel()
            await asyncio.wait(late)
        await self.lifespan.shutdown()


def _ending_quietly(app: ASGIApp) -> ASGIApp:
    """Requests that are cut off when the sandbox stops end without a traceback in the log."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return serve


class _Line(HttpToolsProtocol):
    """Hands each request the means to abort its connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CUT: {"abort": self.transport.abort}}


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.setblocking(False)  # noqa: FBT003  the standard library has it so
    except OSError:
        listener.close()
        raise
    return listener
