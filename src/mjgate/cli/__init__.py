"""
The command line, one module a noun.

Every command does one thing, says what to do next, and ends with 0 (done), 1 (could not) or 2
(asked wrongly). With `--json` it answers one line on standard output and nothing else there.
"""

import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Final

import typer
from typer.core import TyperGroup

from mjgate.cli import channel, demo, doctor, ledger, options, sandbox, serve, token, user
from mjgate.cli.terminal import Failure, failed, say
from mjgate.config import ConfigError

log = logging.getLogger(__name__)

RUN: Final = "Run"
PEOPLE: Final = "Set up, also while it runs"
LOOK: Final = "Look after it"

ORDER: Final = (
    "demo",
    "serve",
    "work",
    "sandbox",
    "user",
    "token",
    "channel",
    "migrate",
    "config",
    "doctor",
    "ledger",
)


class _InOrder(TyperGroup):
    """Lists commands as people need them, not groups after the rest."""

    def list_commands(self, ctx: object) -> list[str]:
        del ctx
        return sorted(self.commands, key=ORDER.index)


cli = typer.Typer(
    name="mjgate",
    cls=_InOrder,
    epilog="Options also come from MJGATE_… variables and a TOML file: see `mjgate config`.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli.command(rich_help_panel=RUN)(demo.demo)
cli.command(rich_help_panel=RUN)(serve.serve)
cli.command(rich_help_panel=RUN)(serve.work)
cli.command(rich_help_panel=RUN)(sandbox.sandbox)
cli.add_typer(user.commands, name="user", rich_help_panel=PEOPLE)
cli.add_typer(token.commands, name="token", rich_help_panel=PEOPLE)
cli.add_typer(channel.commands, name="channel", rich_help_panel=PEOPLE)
cli.command(rich_help_panel=LOOK)(serve.migrate)
cli.command(rich_help_panel=LOOK)(options.config)
cli.command(rich_help_panel=LOOK)(doctor.doctor)
cli.add_typer(ledger.commands, name="ledger", rich_help_panel=LOOK)


@cli.callback(invoke_without_command=True)
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
    sys.exit(ended(sys.argv[1:] if words is None else words))


def ended(words: Sequence[str]) -> int:
    """Run a command; its exit code. Says in a sentence what went wrong, never in a traceback."""
    try:
        code: object = cli(list(words), prog_name="mjgate", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # whoever read us has gone: `mjgate user list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001  whatever it is, a person reads it
        failure = _failure(error, words)
        failed(failure)
        return failure.code
    return code if isinstance(code, int) else 0


def _failure(error: Exception, words: Sequence[str]) -> Failure:
    match error:
        case Failure():
            return error
        case ConfigError():
            return Failure(str(error), "mjgate config", code=2)
        case typer.TyperException():
            return Failure(_usage(error), f"{_asked(words)} --help", code=error.exit_code)
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


def _asked(words: Sequence[str]) -> str:
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
