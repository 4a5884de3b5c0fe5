"""Where the values of options come from, and what each of them is."""

import os
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast

from mjgate.config import Config, ConfigError
from mjgate.config.options import PREFIX, Option, Shown, option_of, variable

COMMAND_LINE: Final = "command line"
DEFAULT: Final = "default"
PRECEDENCE: Final = (
    COMMAND_LINE,
    "environment (MJGATE_ and the name in capitals)",
    "file (--config or MJGATE_CONFIG)",
    DEFAULT,
)
"""Where a value may come from; the first that says something wins."""

CONFIG_FILE: Final = "MJGATE_CONFIG"
OTHER_VARIABLES: Final = frozenset(
    {
        CONFIG_FILE,
        "MJGATE_CHANNEL_SECRET",
        "MJGATE_CHANNEL_SECRET_FILE",
        "MJGATE_USER_PASSWORD",
        "MJGATE_USER_PASSWORD_FILE",
        "MJGATE_SANDBOX_SECRET",
        "MJGATE_SANDBOX_SECRET_FILE",
    }
)
"""Variables of ours that are no options of the gateway."""


@dataclass(frozen=True, slots=True)
class Row:
    """An option for people: documents and `mjgate config` print the same rows."""

    name: str
    variable: str
    flag: str
    help: str
    accepts: str
    default: str
    value: str
    source: str


def load(
    given: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ
) -> Config:
    """
    Read every option; `given` are those of the command line, None where it says nothing.

    Raises ConfigError.
    """
    typed = {name: value for name, value in (given or {}).items() if value is not None}
    path = str(typed.pop("config", "") or environ.get(CONFIG_FILE, ""))
    texts = _file(Path(path).expanduser()) if path else {}
    texts |= _environment(environ)
    texts |= {name: (_text(value), COMMAND_LINE) for name, value in typed.items()}
    values: dict[str, Any] = {
        name: _value(name, option, *texts[name])
        for name, option in options().items()
        if name in texts
    }
    return Config(
        **values,
        sources={name: texts[name][1] for name in values},
        unknown=_unknown(environ),
    )


def options() -> dict[str, Option]:
    """Every option by its name, in the order of the class."""
    found = {field.name: option_of(field.metadata) for field in fields(Config)}
    return {name: option for name, option in found.items() if option is not None}


def describe(config: Config | None = None) -> list[Row]:
    """Every option for people; without a config, with its default."""
    by_name: dict[str, Field[Any]] = {field.name: field for field in fields(Config)}
    rows: list[Row] = []
    for name, option in options().items():
        default = option.otherwise or option.show(by_name[name].default)
        value = default if config is None else option.show(getattr(config, name)) or default
        source = DEFAULT if config is None else config.sources.get(name, DEFAULT)
        rows.append(
            Row(
                name=name,
                variable=variable(name),
                flag=option.flag,
                help=option.help,
                accepts=option.kind.accepts,
                default=default,
                value=value,
                source=source,
            )
        )
    return rows


def _value(name: str, option: Option, text: str, source: str) -> object:
    try:
        return option.kind.read(text)
    except ValueError:
        shown = f", not {text[:200]!r}" if option.shown is Shown.WHOLE else ""
        text = f"{name} ({source}) must be {option.kind.accepts}{shown}."
        raise ConfigError(text, _step(source)) from None


def _environment(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What the environment says; a variable that is empty says nothing."""
    found: dict[str, tuple[str, str]] = {}
    for name, option in options().items():
        plain = variable(name)
        by_file = f"{plain}_FILE" if option.shown is not Shown.WHOLE else ""
        if environ.get(plain) and environ.get(by_file):
            text = f"{plain} and {by_file} are both set: keep one of them."
            raise ConfigError(text, f"unset {plain}")
        if environ.get(plain):
            found[name] = environ[plain], plain
        elif environ.get(by_file):
            found[name] = secret_file(environ[by_file], by_file), by_file
    return found


def secret_file(path: str, source: str) -> str:
    """The secret that a file holds, without the line break at its end. ConfigError."""
    try:
        return Path(path).expanduser().read_text("utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        text = f"{source} names {path}, which cannot be read: {why}."
        raise ConfigError(text, _listing(Path(path))) from None


def _file(path: Path) -> dict[str, tuple[str, str]]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        text = f"{path.absolute()} cannot be read: {error.strerror}."
        raise ConfigError(text, _listing(path)) from None
    except ValueError as error:
        text = f"{path.absolute()} is not TOML: {error}."
        raise ConfigError(text, _step(str(path))) from None
    found: dict[str, tuple[str, str]] = {}
    for key, value in content.items():
        name = key.replace("-", "_")
        if name not in options():
            hint = _hint(name, list(options()))
            text = f"{path.absolute()} sets {key!r}, which is not an option.{hint}"
            raise ConfigError(text, _step(str(path)))
        if isinstance(value, dict):
            text = f"{path.absolute()} has a table {key!r}: write {name} = value."
            raise ConfigError(text, _step(str(path)))
        found[name] = _text(value), str(path.absolute())
    return found


def _step(source: str) -> str:
    """What to type when this source says something wrong."""
    if source == COMMAND_LINE:
        return ""
    if source.startswith(PREFIX):
        return f"unset {source}"
    return f"cat {shlex.quote(source)}"


def _listing(path: Path) -> str:
    """What to type when this file cannot be read."""
    return f"ls -l {shlex.quote(str(path.absolute().parent))}"


def _text(value: object) -> str:
    """A value as it would be typed."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(str, cast("Sequence[object]", value)))
    return str(value)


def _unknown(environ: Mapping[str, str]) -> tuple[str, ...]:
    known = set(OTHER_VARIABLES)
    for name, option in options().items():
        known.add(variable(name))
        if option.shown is not Shown.WHOLE:
            known.add(f"{variable(name)}_FILE")
    return tuple(
        f"{name} is set, but there is no such option.{_hint(name, sorted(known))}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known
    )


def _hint(typed: str, known: list[str]) -> str:
    close = get_close_matches(typed, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""
