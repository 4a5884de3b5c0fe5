"""Values as upstreams really send them: numbers as text, text as numbers, or odd."""

import codecs
import json
import re
from collections.abc import Mapping
from typing import Final, cast

import msgspec

from mjgate.domain.prompt import clean

Json = Mapping[str, object]

TEXT_MOST: Final = 32 * 1024
ADDRESS_MOST: Final = 4_096
IDENTIFIER_MOST: Final = 255
NUMBER_MOST: Final = 10**15
"""Nothing that is counted or measured here is larger, and every database can keep it."""

SIDE_MOST: Final = 100_000
"""Pixels."""

LIST_MOST: Final = 64
RAW_KEPT: Final = 2 * 1024
"""Bytes of an answer that are kept as they came."""

_NUMBER = re.compile(r"-?[0-9]{1,16}")
_IDENTIFIER = re.compile(rf"\S{{1,{IDENTIFIER_MOST}}}")


_LONE: Final = re.compile(
    r"(?<!\\)\\u(?:[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u)[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""Halves of characters, which no text can hold."""


def decode(body: bytes) -> object:
    """
    The JSON in `body`; None where there is none that can be read.

    One broken character in one task's text must not hide the other tasks of the answer.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    text = _LONE.sub(r"\\ufffd", body.decode("utf-8", "replace"))
    try:
        return json.loads(text, strict=False, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def raw(value: object) -> str:
    """The beginning of a value as JSON, as it is kept for the admin."""
    return clean(msgspec.json.encode(value)[:RAW_KEPT].decode(errors="ignore"))


def mapping(value: object) -> Json:
    """The object, or an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """The first elements of a list, as many as are believed; anything else is a list of one."""
    return cast("list[object]", value)[:LIST_MOST] if isinstance(value, list) else [value]


def integer(value: object) -> int | None:
    """A whole number, also as text or with a decimal point; None for the rest."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if abs(value) <= NUMBER_MOST else None


def measure(value: object, most: int = SIDE_MOST) -> int | None:
    """A whole number from 1 to `most`, pixels unless said; None for the rest."""
    number = integer(value)
    return number if number is not None and 0 < number <= most else None


def words(value: object, most: int = TEXT_MOST) -> str:
    """Clean text, also from a whole number; `""` for the rest."""
    if value is None or value == "":
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return clean(value)[:most] if isinstance(value, str) else ""


def identifier(value: object) -> str:
    """An id as text; `""` for what cannot be one."""
    text = words(value).strip()
    return text if _IDENTIFIER.fullmatch(text) else ""


def address(value: object) -> str | None:
    """An http address; None for the rest."""
    if not isinstance(value, str) or not value:
        return None
    text = words(value).strip()
    fits = len(text) <= ADDRESS_MOST and text[:8].lower().startswith(("http://", "https://"))
    return text if fits else None


def addresses(value: object) -> tuple[str, ...] | None:
    """Addresses from a list of texts or of `{url}` objects, or from one text; None if empty."""
    if not value:
        return None
    found = (address(mapping(item).get("url", item)) for item in items(value))
    return tuple(each for each in found if each) or None
