"""What a row takes and gives, member by member, in words: for the documents."""

import types
from collections.abc import Iterator
from enum import Enum
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct, UnsetType

_WORDS = {
    "str": "text",
    "int": "number",
    "bool": "true or false",
    "float": "number",
    "object": "any",
}


def described(kind: object) -> list[tuple[str, str]]:
    """Name and kind of each member; those of a list are said of its items."""
    inner = _items(kind)
    if not (isinstance(inner, type) and issubclass(inner, Struct)):
        return []
    return [(each.encode_name, _said(each)) for each in msgspec.structs.fields(inner)]


def _items(kind: Any) -> Any:  # noqa: ANN401  a type of any form
    """What a page or a list is made of."""
    arguments = get_args(kind)
    return _items(arguments[0]) if arguments and not isinstance(kind, types.UnionType) else kind


def _said(field: msgspec.structs.FieldInfo) -> str:
    """The kind of a member, and whether it may be left out."""
    words = " or ".join(dict.fromkeys(_word(each) for each in _parts(field.type)))
    return words if field.required else f"({words})"


def _parts(kind: Any) -> Iterator[Any]:  # noqa: ANN401  a type of any form
    if get_origin(kind) in {Union, types.UnionType}:
        for each in get_args(kind):
            if each is not UnsetType:
                yield from _parts(each)
    else:
        yield kind


def _word(kind: Any) -> str:  # noqa: ANN401  a type of any form
    name = str(getattr(kind, "__name__", ""))
    if kind is type(None):
        return "null"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + " ".join(str(each.value) for each in kind)
    origin: Any = get_origin(kind)
    inner: tuple[Any, ...] = get_args(kind)
    if origin in {list, tuple, frozenset}:
        return f"list of {_word(inner[0])}"
    if origin is dict:
        return "object"
    return _WORDS.get(name, "object")
