"""`mjgate sandbox`: an upstream to try and develop against, without an account."""

from typing import Annotated

import typer

from mjgate import telemetry
from mjgate.cli.service import EndWithStdin, LogFormat, listening, until_stopped
from mjgate.cli.shared import secret
from mjgate.cli.terminal import Failure, note, say
from mjgate.sandbox.server import serve as serve_sandbox
from mjgate.sandbox.settings import PLENTY, SandboxSettings

Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--secret",
        help="Key that it asks for, - for standard input (MJGATE_SANDBOX_SECRET or …_FILE).",
        show_default=False,
    ),
]
Seconds = Annotated[float, typer.Option(help="What a fast picture takes.")]
MaxRunning = Annotated[int, typer.Option(help="Pictures drawn at a time.")]
MaxWaiting = Annotated[int, typer.Option(help="Tasks that may wait.")]
Seed = Annotated[int | None, typer.Option(help="Makes a whole run repeatable.", show_default=False)]
Faults = Annotated[
    list[str] | None,
    typer.Option("--fault", help="NAME[:PROBABILITY], how to misbehave; may be repeated."),
]


def sandbox(
    *,
    port: Port = 8090,
    host: Host = "127.0.0.1",
    key: Key = None,
    seconds: Seconds = 6.0,
    max_running: MaxRunning = PLENTY,
    max_waiting: MaxWaiting = PLENTY,
    seed: Seed = None,
    fault: Faults = None,
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
    _serve(settings, end_with_stdin=end_with_stdin)


def _serve(settings: SandboxSettings, *, end_with_stdin: bool) -> None:
    host = settings.host
    if settings.secret is None:
        note("The sandbox takes any key: it listens on this machine only.")

    def ready(port: int) -> None:
        place = f"[{host}]" if ":" in host else host
        say(f"The sandbox is ready at http://{place}:{port}")

    with listening(host, settings.port, "mjgate sandbox"):
        until_stopped(serve_sandbox(settings, ready=ready), end_with_stdin=end_with_stdin)
