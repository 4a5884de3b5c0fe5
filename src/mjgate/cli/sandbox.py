"""`mjgate sandbox`: an upstream to try and develop against, without an account."""

from typing import Annotated

import typer

from mjgate import telemetry
from mjgate.cli.serve import EndWithStdin, LogFormat, listening, until_stopped
from mjgate.cli.shared import secret
from mjgate.cli.terminal import Failure, note, say
from mjgate.sandbox.server import serve as serve_sandbox
from mjgate.sandbox.settings import PLENTY, SandboxSettings


def sandbox(
    *,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8090,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    key: Annotated[
        str | None,
        typer.Option(
            "--secret",
            help="Key that it asks for, - for standard input (MJGATE_SANDBOX_SECRET or …_FILE).",
            show_default=False,
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(help="What a fast picture takes.")] = 6.0,
    max_running: Annotated[int, typer.Option(help="Pictures drawn at a time.")] = PLENTY,
    max_waiting: Annotated[int, typer.Option(help="Tasks that may wait.")] = PLENTY,
    seed: Annotated[
        int | None, typer.Option(help="Makes a whole run repeatable.", show_default=False)
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="NAME[:PROBABILITY], how to misbehave; may be repeated."),
    ] = None,
    log_format: LogFormat = None,
    end_with_stdin: EndWithStdin = False,
) -> None:
    """Run the built-in upstream. A small program draws its pictures, not a model."""
    telemetry.configure(style=log_format or "console")
    try:
        settings = SandboxSettings(
            host=host,
            port=port,
            secret=secret(key, "MJGATE_SANDBOX_SECRET") or None,
            seconds=seconds,
            max_running=max_running,
            max_waiting=max_waiting,
            seed=seed,
            faults=tuple(fault or ()),
        )
    except ValueError as error:
        raise Failure(str(error), "mjgate sandbox --help", code=2) from error
    if settings.secret is None:
        note("The sandbox takes any key: it listens on this machine only.")

    def ready(had: int) -> None:
        place = f"[{host}]" if ":" in host else host
        say(f"The sandbox is ready at http://{place}:{had}")

    with listening(host, port, "mjgate sandbox"):
        until_stopped(serve_sandbox(settings, ready=ready), end_with_stdin=end_with_stdin)
