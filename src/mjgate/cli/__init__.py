"""
The command line, one module a noun.

Every command does one thing, says what to do next, and ends with 0 (done), 1 (could not) or 2
(asked wrongly). With `--json` it answers one line on standard output and nothing else there.
"""

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from mjgate.cli.terminal import Failure, failed, say
from mjgate.config import ConfigError

log = logging.getLogger(__name__)

RUN: Final = "Run"
PEOPLE: Final = "Set up, also while it runs"
LOOK: Final = "Look after it"


@dataclass(frozen=True, slots=True)
class Row:
    """A command or noun of the list; `place` is the module here that has it, and its name there."""

    name: str
    panel: str
    place: str
    help: str


ROWS: Final = (
    Row(
        "demo",
        RUN,
        "demo:demo",
        "Start a gateway and an upstream, and draw a first picture. Needs nothing else.",
    ),
    Row(
        "serve",
        RUN,
        "serve:serve",
        "Run the gateway. Makes the database if there is none, and then the first admin.",
    ),
    Row(
        "work",
        RUN,
        "serve:work",
        "Do the background work without HTTP: follow tasks, hand on, deliver.",
    ),
    Row(
        "sandbox",
        RUN,
        "sandbox:sandbox",
        "Run the built-in upstream. A small program draws its pictures, not a model.",
    ),
    Row("user", PEOPLE, "user:commands", "The people who may use the gateway, and their money."),
    Row("token", PEOPLE, "token:commands", "The keys that open the API."),
    Row("channel", PEOPLE, "channel:commands", "The accounts at providers that do the work."),
    Row(
        "check",
        PEOPLE,
        "check:check",
        "Try what a server of the midjourney-proxy kind can do, and how to connect it.",
    ),
    Row("task", LOOK, "task:commands", "Single tasks: what is known of them, and stopping them."),
    Row("maintenance", LOOK, "maintenance:commands", "Take no new tasks for a while."),
    Row("keys", LOOK, "keys:commands", "The master key."),
    Row("migrate", LOOK, "migrate:migrate", "Make the database, or bring it up to date."),
    Row(
        "config",
        LOOK,
        "options:config",
        "Show every option with its value and where it came from; secrets masked.",
    ),
    Row(
        "doctor",
        LOOK,
        "doctor:doctor",
        "Try database, files, clock, keys, books and each channel; say what to do.",
    ),
    Row("openapi", LOOK, "openapi:openapi", "Print the description of everything that is served."),
    Row("ledger", LOOK, "ledger:commands", "Whether the books balance."),
    Row("media", LOOK, "media:commands", "The pictures and clips that are kept."),
)
"""The list, in the order in which people need it. What is not asked for is not loaded."""

_ORDER: Final = [row.name for row in ROWS]


class _InOrder(TyperGroup):
    """Lists groups where they belong, not after the rest."""

    def list_commands(self, ctx: object) -> list[str]:
        del ctx
        return sorted(self.commands, key=_ORDER.index)


def commands(asked: str | None = None) -> typer.Typer:
    """The command line, with the one command loaded that was asked for; with all for None."""
    cli = typer.Typer(
        name="mjgate",
        cls=_InOrder,
        epilog="Options also come from MJGATE_… variables and a TOML file: see `mjgate config`.",
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    cli.callback(invoke_without_command=True)(start)
    for row in ROWS:
        found = _loaded(row.place) if asked in {None, row.name} else _not_asked_for
        if isinstance(found, typer.Typer):
            cli.add_typer(found, name=row.name, help=row.help, rich_help_panel=row.panel)
        else:
            cli.command(row.name, help=row.help, rich_help_panel=row.panel)(found)
    return cli


def _loaded(place: str) -> Any:  # noqa: ANN401  a function or a Typer
    module, _, name = place.partition(":")
    return getattr(import_module(f"mjgate.cli.{module}"), name)


def _not_asked_for() -> None:
    """Only listed."""


def start(
    context: typer.Context,
    *,
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.")
    ] = False,
) -> None:
    """A self-hosted gateway for Midjourney tasks."""
    if show_version:
        say(f"mjgate {version('mjgate')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.get_help()


def main(words: Sequence[str] | None = None) -> None:
    """Run a command and end the process with its exit code."""
    os.umask(0o077)  # whatever we write is ours alone
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a sign that the terminal lacks is no failure
            stream.reconfigure(errors="replace")
    sys.exit(ended(sys.argv[1:] if words is None else words))


def ended(words: Sequence[str]) -> int:
    """Run a command; its exit code. Says in a sentence what went wrong, never in a traceback."""
    cli = commands(next((word for word in words if not word.startswith("-")), ""))
    try:
        code: object = cli(list(words), prog_name="mjgate", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # whoever read us has gone: `mjgate user list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001  whatever it is, a person reads it
        failure = _failure(error, _asked(cli, words))
        failed(failure)
        return failure.code
    return code if isinstance(code, int) else 0


def _failure(error: Exception, asked: str) -> Failure:
    match error:
        case Failure():
            return error
        case ConfigError():
            return Failure(str(error), error.step or f"{asked} --help", code=2)
        case typer.TyperException():
            return Failure(_usage(error), f"{asked} --help", code=error.exit_code)
        case _:
            log.debug("a command failed", exc_info=error)
            text = f"Something that should not happen did: {type(error).__name__}: {error}."
            return Failure(text, "mjgate doctor")


def _usage(error: typer.TyperException) -> str:
    """What was asked wrongly, with what was probably meant."""
    close = getattr(error, "possibilities", None)
    if close:
        return f"{error.message}. Did you mean {' or '.join(sorted(close))}?"
    return error.format_message()


def _asked(cli: typer.Typer, words: Sequence[str]) -> str:
    """The command that was asked for, as far as there is one."""
    known = typer.main.get_command(cli)
    path = ["mjgate"]
    for word in words:
        commands = getattr(known, "commands", {})
        if word not in commands:
            break
        known = commands[word]
        path.append(word)
    return " ".join(path)
