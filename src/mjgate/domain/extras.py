"""
Fields of a submit that mean nothing here, and which of them travel on to the channel.

Never those that choose hooks, tools, accounts or storage, and never one that an upstream could
take for a field that was checked and priced here.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from mjgate.domain.action import COMMON, RULES
from mjgate.domain.prompt import clean

Body = Mapping[str, object]

EXTRAS_MOST: Final = 16 * 1024
DEEPEST: Final = 32
"""How deep an unknown field may be nested to travel on."""

_KNOWN: Final = frozenset(
    row.name.casefold() for rule in RULES.values() for row in (*COMMON, *rule.fields)
)
_STAYS = re.compile(
    r"hook|callback|notify|^state$|tool|user|account|channel|instance|storage|bucket|token|secret"
    r"|nonce|^remark$|remix|^modes?$|^filter$|proxy|api_?key"
)


def absent(raw: object) -> bool:
    """Whether a value means that the field was not sent."""
    return raw is None or (isinstance(raw, str | list | dict) and not raw)


def extras(body: Body) -> dict[str, object]:
    """
    Unknown fields that travel on: whole ones, in order, as long as they fit.

    A known field in another letter case stays: some upstreams would take it for the known one.
    """
    kept: dict[str, object] = {}
    room = EXTRAS_MOST
    for name, value in body.items():
        known = clean(name).casefold() in _KNOWN
        if known or _stays(name) or _depth(value) > DEEPEST:
            continue
        plain = _cleaned(value)
        if absent(plain):
            continue
        room -= len(json.dumps({name: plain}, ensure_ascii=False).encode("utf-8", "replace"))
        if room < 0:
            break
        kept[clean(name)] = plain
    return kept


def _depth(value: object) -> int:
    """How deep lists and objects are nested, counted no further than needed."""
    level, depth = [value], 0
    while depth <= DEEPEST and (level := [inner for each in level for inner in _inner(each)]):
        depth += 1
    return depth


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("Body", value).values()
    return cast("Sequence[object]", value) if isinstance(value, list) else ()


def _stays(name: str) -> bool:
    """Whether a field of that name must not leave us, at whatever depth."""
    return bool(_STAYS.search(clean(name).casefold()))


def _cleaned(value: object) -> object:
    """The value with every text in it clean, and without what stays here."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        items = cast("Body", value).items()
        return {clean(name): _cleaned(inner) for name, inner in items if not _stays(name)}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in cast("Sequence[object]", value)]
    return value
