"""An option of the program: its default, its sentence, its kind, and how it may be shown."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from mjgate.config.values import Kind

T = TypeVar("T")

_KEY: Final = "option"
PREFIX: Final = "MJGATE_"


class Shown(StrEnum):
    """How much of a value may be shown."""

    WHOLE = "whole"
    WITHOUT_PASSWORD = "without password"  # noqa: S105  a word, not a secret
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What is known of an option besides its value."""

    help: str
    kind: Kind[Any]
    flag: str = ""  # on the command line
    shown: Shown = Shown.WHOLE
    otherwise: str = ""  # how people read a default that depends on something else

    def show(self, value: object) -> str:
        """The value for people, without what is secret."""
        if self.shown is Shown.NEVER and value:
            return "****"
        if self.shown is Shown.WITHOUT_PASSWORD:
            return without_password(str(value))
        if isinstance(value, tuple):
            return ", ".join(map(str, cast("tuple[object, ...]", value)))
        if isinstance(value, bool):
            return str(value).lower()
        return str(value)


def option(
    default: T,
    help: str,  # noqa: A002  the word of every command line
    kind: Kind[T],
    *,
    flag: str = "",
    shown: Shown = Shown.WHOLE,
    otherwise: str = "",
) -> T:
    """A field of Config that is an option."""
    about = Option(help=help, kind=kind, flag=flag, shown=shown, otherwise=otherwise)
    return field(default=default, repr=shown is Shown.WHOLE, metadata={_KEY: about})


def option_of(metadata: Any) -> Option | None:  # noqa: ANN401  what dataclasses keep
    """The option that a field's metadata tells of."""
    return metadata.get(_KEY)


def variable(name: str) -> str:
    """The environment variable of an option."""
    return PREFIX + name.upper()


def without_password(url: str) -> str:
    """The address with its password, and whatever could be one, replaced."""
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url.partition("?")[0]
    except ValueError:
        return "****"
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{parts.username}:****@{place}{parts.path}"
