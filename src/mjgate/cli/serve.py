"""`mjgate serve`, `work` and `migrate`: the gateway itself."""

import asyncio
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated, Any, Final

import typer
import uvloop

from mjgate import app, telemetry
from mjgate.cli.shared import ConfigFile, DatabaseUrl, DataDir, Json, Place, at_new_desk
from mjgate.cli.terminal import Failure, answer, note, pairs, say
from mjgate.config import Config
from mjgate.manage import Desk
from mjgate.manage.users import MadeUser, first_admin

log = logging.getLogger(__name__)

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
LogFormat = Annotated[
    str | None,
    typer.Option("--log-format", help="console or json (console).", show_default=False),
]


def serve(
    *,
    host: Host = None,
    port: Port = None,
    public_url: PublicUrl = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that serve HTTP (1).", show_default=False)
    ] = None,
    no_workers: Annotated[
        bool,
        typer.Option("--no-workers", help="No background work here; `mjgate work` does it."),
    ] = False,
    log_format: LogFormat = None,
    end_with_stdin: EndWithStdin = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Run the gateway. Makes the database if there is none, and then the first admin."""
    place = Place(data_dir, database_url, config)
    settings = place.load(
        host=host,
        port=port,
        public_url=public_url,
        workers=workers,
        no_workers=no_workers or None,
        log_format=log_format,
    )
    _begin(settings)
    with (
        listening(settings.host, settings.port, place.command("serve")),
        app.listen(settings.host, settings.port) as listener,  # first: it is what may be refused
    ):
        admin = prepared(settings, "serve", place)
        if admin is not None:
            _introduce(admin, given=bool(settings.admin_password))
        if settings.workers > 1:
            app.serve_many(settings, listener, ready=_ready)
        else:
            service = app.serve(settings, listener, ready=_ready)
            until_stopped(service, end_with_stdin=end_with_stdin)


def work(
    *,
    log_format: LogFormat = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Do the background work without HTTP: follow tasks, hand on, deliver."""
    place = Place(data_dir, database_url, config)
    settings = place.load(log_format=log_format)
    _begin(settings)
    prepared(settings, "work", place)
    note("mjgate works in the background. Ctrl-C ends it.")
    until_stopped(app.work(settings))


def migrate(
    *,
    as_json: Json = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Make the database, or bring it up to date."""
    place = Place(data_dir, database_url, config)
    settings = place.load()
    where = at_new_desk("migrate", place, settings, _where)
    if as_json:
        answer({"ok": True, "database": where})
        return
    say(f"The database at {where} is up to date.")
    say("Next, somebody to use it:")
    say(f"  {place.command('user', 'create', 'NAME')}", "cyan")


def prepared(config: Config, command: str, place: Place) -> MadeUser | None:
    """Bring the database up to date; the first admin, if we are the one to make him. Failure."""

    async def make(desk: Desk) -> MadeUser | None:
        return await first_admin(desk, config.admin_password)

    return at_new_desk(command, place, config, make)


def until_stopped(service: Coroutine[Any, Any, None], *, end_with_stdin: bool = False) -> None:
    """Run until Ctrl-C or SIGTERM, which both end it in order and quietly."""
    before = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        with (
            suppress(KeyboardInterrupt),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(_leashed(service) if end_with_stdin else service)
    finally:
        signal.signal(signal.SIGTERM, before)


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
        sentence, step = _SENTENCES[error.errno]
        raise Failure(
            sentence.format(host=host, port=port),
            f"{command} {step.format(port=port + 1)}",
        ) from error


_SENTENCES: Final = {
    errno.EADDRINUSE: ("Port {port} of {host} is taken by another program.", "--port {port}"),
    errno.EACCES: ("Port {port} needs rights that we do not have.", "--port 8000"),
    errno.EADDRNOTAVAIL: ("{host} is no address of this machine.", "--host 127.0.0.1"),
}


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


async def _leashed(service: Coroutine[Any, Any, None]) -> None:
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    await service


def _end_with_stdin() -> None:
    """Stop when whoever holds the other end of our standard input is gone."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _begin(config: Config) -> None:
    telemetry.configure(style=config.log_format, level=config.log_level, prompts=config.log_prompts)
    for sentence in config.warnings:
        log.warning(sentence)


def _ready(url: str) -> None:
    say(f"mjgate is ready at {url}")


def _introduce(admin: MadeUser, *, given: bool) -> None:
    """Tell the first admin's password, the only time that it can be told."""
    if given:
        say(f"Made the first admin {admin.username}, with the password of MJGATE_ADMIN_PASSWORD.")
        return
    say(f"Made the first admin {admin.username}. This password is shown once and good for a day:")
    pairs({"password": admin.password})


async def _where(desk: Desk) -> str:
    return desk.store.where
