"""What the commands share that run until they are told to stop: their address, and their end."""

import asyncio
import errno
import os
import shlex
import signal
import socket
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated, Any, Final, TypeVar

import typer
import uvloop

from mjgate.cli.terminal import Failure

T = TypeVar("T")

LOOPBACK: Final = "127.0.0.1"
BACKLOG: Final = 2_048
NETWORK = "How it is reached"

Host = Annotated[
    str | None,
    typer.Option(
        help="Address to listen on (127.0.0.1).", rich_help_panel=NETWORK, show_default=False
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        help="Port to listen on; 0 takes a free one (8000).",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(
        help="How clients reach it; addresses of pictures begin with it (http://HOST:PORT).",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
EndWithStdin = Annotated[bool, typer.Option("--end-with-stdin", hidden=True)]
Inherited = Annotated[int | None, typer.Option("--inherited", hidden=True)]
"""The number of a socket that listens already, which whoever started us has handed on."""
LogFormat = Annotated[
    str | None,
    typer.Option("--log-format", help="console or json (console).", show_default=False),
]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def until_stopped(service: Coroutine[Any, Any, T], *, end_with_stdin: bool = False) -> T | None:
    """Run until Ctrl-C or SIGTERM, which both end it in order and quietly; None if they did."""
    before = signal.signal(signal.SIGTERM, _as_interrupt)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a script started us with `&`
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with (
            suppress(KeyboardInterrupt),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            return runner.run(_leashed(service) if end_with_stdin else service)
    finally:
        signal.signal(signal.SIGTERM, before)
    return None


@contextmanager
def listening(host: str, port: int, command: str) -> Generator[None]:
    """Say what is wrong with the address that we should listen on. Failure."""
    try:
        yield
    except socket.gaierror as error:
        raise Failure(
            f"{host} is no address of this machine: {error.strerror}.",
            f"{command} --host 127.0.0.1",
        ) from error
    except OSError as error:
        if error.errno not in _SENTENCES:
            raise
        if error.errno != errno.EADDRNOTAVAIL and host != LOOPBACK:
            command = f"{command} --host {shlex.quote(host)}"
        sentence, step = _SENTENCES[error.errno]
        raise Failure(
            sentence.format(host=host, port=port),
            f"{command} {step.format(port=_free_above(host, port))}",
        ) from error


_SENTENCES: Final = {
    errno.EADDRINUSE: ("Port {port} of {host} is taken by another program.", "--port {port}"),
    errno.EACCES: ("Port {port} needs rights that we do not have.", "--port 8000"),
    errno.EADDRNOTAVAIL: ("{host} is no address of this machine.", "--host 127.0.0.1"),
}


def _free_above(host: str, port: int) -> int:
    """The next port that can be had; 0, which takes any, if none is near."""
    for higher in range(port + 1, min(port + 100, 65_536)):
        with suppress(OSError), listen(host, higher):
            return higher
    return 0


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


async def _leashed(service: Coroutine[Any, Any, T]) -> T:
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    return await service


def _end_with_stdin() -> None:
    """Stop when whoever holds the other end of our standard input is gone."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
