"""Where the data is: the options that nearly every command has, and gets as one `Place`."""

import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Final

import typer

from mjgate.config import Config
from mjgate.config.options import without_password
from mjgate.config.sources import load

WHERE: Final = "Where the data is"

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Directory of database, master key and pictures (MJGATE_DATA_DIR, else ./data).",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="sqlite:////path or postgresql://… (MJGATE_DATABASE_URL, else in the data directory).",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="TOML file with options (MJGATE_CONFIG).",
        rich_help_panel=WHERE,
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command was told to look."""

    data_dir: DataDir = None
    database_url: DatabaseUrl = None
    config: ConfigFile = None

    def load(self, **more: object) -> Config:
        """The configuration, with what else the command line said. ConfigError."""
        return load(asdict(self) | more)

    def command(self, *words: str) -> str:
        """A command to type next, about the same place."""
        told = (
            ("--data-dir", self.data_dir),
            ("--database-url", without_password(self.database_url or "")),
            ("--config", self.config),
        )
        options = [word for flag, value in told if value for word in (flag, str(value))]
        return shlex.join(["mjgate", *words, *options])


def placed(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of `Place`, after its own, instead of `place`."""
    own = [each for each in signature(command).parameters.values() if each.name != "place"]
    where = [
        each.replace(kind=Parameter.KEYWORD_ONLY) for each in signature(Place).parameters.values()
    ]

    @wraps(command)
    def typed(
        *, data_dir: DataDir, database_url: DatabaseUrl, config: ConfigFile, **given: object
    ) -> None:
        command(place=Place(data_dir, database_url, config), **given)

    typed.__dict__["__signature__"] = signature(command).replace(parameters=[*own, *where])
    return typed
