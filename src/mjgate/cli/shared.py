"""What most commands share: the desk they work at, what can go wrong there, and secrets."""

import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

import typer

from mjgate import home
from mjgate.cli.place import Place
from mjgate.cli.terminal import Failure
from mjgate.config import Config
from mjgate.config.sources import secret_file
from mjgate.manage import BadValue, Desk, NotDone
from mjgate.store.database import DatabaseAway, DatabaseUnusable

T = TypeVar("T")

SQLITE: Final = "sqlite:///"
ROOM: Final = 1 << 20
"""Bytes of free disk below which whatever went wrong did so for lack of room."""

ACTOR: Final = "command line"
"""Who acts here, as the audit names him."""

Json = Annotated[bool, typer.Option("--json", help="Answer one line of JSON.")]


def at_desk(command: str, place: Place, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Do the work of `command` with the database that is there; never makes one. Failure."""
    config = place.load()
    refuse_missing(config, place)
    with explained(config, command, place):
        return asyncio.run(_at_desk(config, work, must_exist=True))


def at_new_desk(
    command: str, place: Place, config: Config, work: Callable[[Desk], Awaitable[T]]
) -> T:
    """The same, but the database is made or brought up to date first. Failure."""
    with explained(config, command, place):
        return asyncio.run(_at_desk(config, work, must_exist=False))


@contextmanager
def explained(config: Config, command: str, place: Place) -> Generator[None]:
    """Turn what can go wrong with the data into a Failure with a next step."""
    try:
        yield
    except home.OutdatedError as error:
        raise Failure(f"The database cannot be used: {error}.", place.command("migrate")) from error
    except DatabaseAway as error:
        raise Failure(
            f"The database cannot be reached: {error}.", _by_hand(config, command)
        ) from error
    except DatabaseUnusable as error:
        raise Failure(
            f"The database cannot be used: {error}.", _by_hand(config, command)
        ) from error
    except home.KeyTroubleError as error:
        raise Failure(str(error), error.step) from error
    except NotDone as error:
        code = 2 if isinstance(error, BadValue) else 1
        raise Failure(str(error), _after(error, command, place), code=code) from error
    except OSError as error:
        what = error.filename or config.data_dir
        raise Failure(
            f"{what} cannot be used: {error.strerror}.", _by_hand(config, command)
        ) from error


def refuse_missing(config: Config, place: Place) -> None:
    """Nobody makes a database by accident. Failure."""
    if not config.database_url.startswith(SQLITE):
        return
    path = Path(config.database_url.removeprefix(SQLITE))
    if not path.exists():
        raise Failure(f"There is no database at {path}.", place.command("migrate"))


def secret(typed: str | None, variable: str) -> str:
    """
    A secret: as typed, from standard input for `-`, or from `variable` or the file it names.

    Empty when nobody said it. ConfigError, Failure.
    """
    if typed == "-":
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise Failure("Standard input held no secret.", "mjgate --help", code=2)
        return line
    if typed:
        return typed
    by_file = f"{variable}_FILE"
    if path := os.environ.get(by_file):
        return secret_file(path, by_file)
    return os.environ.get(variable, "")


def listed(texts: list[str] | None) -> list[str]:
    """Words given with commas between them, or one option for each."""
    return [part.strip() for text in texts or () for part in text.split(",") if part.strip()]


async def _at_desk(config: Config, work: Callable[[Desk], Awaitable[T]], *, must_exist: bool) -> T:
    async with await home.open_store(config, must_exist=must_exist) as store:
        desk = Desk(
            store=store,
            keys=home.load_keys(config),
            clock=store.clock,
            actor=ACTOR,
        )
        return await work(desk)


def _by_hand(config: Config, command: str) -> str:
    """What to try: data where we surely may write, or the way to the server that others take."""
    if full(config.data_dir):
        return f"df -h {shlex.quote(str(config.data_dir))}"
    if config.database_url.startswith(SQLITE):
        return f"mjgate {command} --data-dir ~/mjgate-data"
    url = urlsplit(config.database_url)
    user = f"{url.username}@" if url.username else ""
    place = url.netloc.rpartition("@")[2]
    query = f"?{url.query}" if url.query and "password" not in url.query else ""
    return f"psql {shlex.quote(f'postgresql://{user}{place}{url.path}{query}')}"


def full(directory: Path) -> bool:
    """Whether the disk has no room for the next thing that is written there."""
    while not directory.exists():
        directory = directory.parent
    usage = shutil.disk_usage(directory)
    return usage.free < ROOM < usage.total


def _after(error: NotDone, command: str, place: Place) -> str:
    """What to type after a refusal: a list of what there is, or the command's own help."""
    lists = {"user": "user", "key": "token", "channel": "channel"}
    noun = "" if isinstance(error, BadValue) else getattr(error, "noun", "")
    if noun in lists:
        return place.command(lists[noun], "list")
    return f"mjgate {command} --help"
