"""`mjgate serve` and `work`: the gateway itself."""

import logging
import socket
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

import typer

from mjgate import app, telemetry
from mjgate.app import server
from mjgate.cli.place import Place, placed
from mjgate.cli.service import (
    EndWithStdin,
    Host,
    Inherited,
    LogFormat,
    Port,
    PublicUrl,
    listen,
    listening,
    until_stopped,
)
from mjgate.cli.shared import at_new_desk
from mjgate.cli.terminal import note, pairs, say
from mjgate.config import Config
from mjgate.manage import Desk
from mjgate.manage.users import MadeUser, first_admin

log = logging.getLogger(__name__)


@placed
def serve(
    place: Place,
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
    inherited: Inherited = None,
) -> None:
    """Run the gateway. Makes the database if there is none, and then the first admin."""
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
        _listener(settings, inherited) as listener,  # first: it is what may be refused
    ):
        admin = prepared(settings, "serve", place)
        if admin is not None:
            _introduce(admin, given=bool(settings.admin_password))
        _serve(settings, listener, end_with_stdin=end_with_stdin)


def _listener(settings: Config, inherited: int | None) -> socket.socket:
    if inherited is not None:
        return socket.socket(fileno=inherited)
    return listen(settings.host, settings.port)


def _serve(settings: Config, listener: socket.socket, *, end_with_stdin: bool) -> None:
    """Answer requests in this process, or in several, until told to stop."""
    ready = partial(_ready, listener.getsockname()[1])
    if settings.workers > 1:
        server.serve_many(settings, listener, ready=ready)
    else:
        service = server.serve(settings, listener, ready=ready)
        until_stopped(service, end_with_stdin=end_with_stdin)


@placed
def work(place: Place, *, log_format: LogFormat = None) -> None:
    """Do the background work without HTTP: follow tasks, hand on, deliver."""
    settings = place.load(log_format=log_format)
    _begin(settings)
    prepared(settings, "work", place)
    note("mjgate works in the background. Ctrl-C ends it.")
    until_stopped(app.work(settings))


def prepared(config: Config, command: str, place: Place) -> MadeUser | None:
    """Bring the database up to date; the first admin, if we are the one to make him. Failure."""

    async def make(desk: Desk) -> MadeUser | None:
        return await first_admin(desk, config.admin_password)

    return at_new_desk(command, place, config, make)


def _begin(config: Config) -> None:
    telemetry.configure(style=config.log_format, level=config.log_level, prompts=config.log_prompts)
    for sentence in config.warnings:
        log.warning(sentence)


def _ready(port: int, url: str) -> None:
    """Tell the address; and the port, where the public address keeps it to itself."""
    if not urlsplit(url).netloc.endswith(f":{port}"):
        say(f"It listens on port {port}.")
    say(f"mjgate is ready at {url}")


def _introduce(admin: MadeUser, *, given: bool) -> None:
    """Tell the first admin's password, the only time that it can be told."""
    if given:
        say(f"Made the first admin {admin.username}, with the password of MJGATE_ADMIN_PASSWORD.")
        return
    say(f"Made the first admin {admin.username}. This password is shown once and good for a day:")
    pairs({"password": admin.password})
