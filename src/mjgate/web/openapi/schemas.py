"""JSON Schema of bodies and answers: from the rules' fields, and from the types that are sent."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from mjgate.dialects.job import JobAnswer, JobView
from mjgate.dialects.mjproxy import TaskView
from mjgate.dialects.mjproxy.views import ButtonView, MediaView, PageView, SubmitAnswer
from mjgate.domain.action import COMMON, RULES, Action, Bot, Field, Kind, Mode, Rule
from mjgate.domain.reasons import Reason
from mjgate.domain.task import Status
from mjgate.web.respond import ErrorBody, Trouble

Schema = dict[str, Any]
Said = Callable[[str], str]
"""A sentence in the language of the document."""

PLACE: Final = "#/components/schemas/"

_WHOLE: Final = (TaskView, ButtonView, MediaView, SubmitAnswer, PageView, JobAnswer, JobView)
"""Types whose every member is always there, whatever it is."""

_WORDS: Final[Mapping[tuple[str, str], Iterable[object]]] = {
    ("TaskView", "status"): Status,
    ("TaskView", "action"): Action,
    ("TaskView", "mode"): Mode,
    ("TaskView", "botType"): Bot,
    ("SubmitAnswer", "code"): (1, 21, 22),
    ("ErrorBody", "code"): (3, 4, 9, 23, 24),
    ("ErrorBody", "error"): Reason,
    ("JobView", "status"): ("pending", "running", "completed", "failed"),
}
"""Members that have one of a few values."""

_KINDS: Final[Mapping[Kind, Schema]] = {
    Kind.TEXT: {"type": "string"},
    Kind.TASK: {"type": ["string", "integer"]},
    Kind.NUMBER: {"type": "integer"},
    Kind.FLAG: {"type": "boolean"},
    Kind.CHOICE: {"type": "string"},
    Kind.IMAGE: {"type": "string"},
    Kind.IMAGES: {"type": "array", "items": {"type": "string"}},
    Kind.OBJECT: {"$ref": f"{PLACE}AccountFilter"},
    Kind.LIST: {"type": "array", "items": {"type": "string"}},
}


class AccountFilter(Struct, frozen=True, rename="camel"):
    """Which channel may take the task: `instanceId` and `modes` bind, the rest only prefers."""

    instance_id: str = ""
    modes: list[str] = []
    remix: bool = False
    niji_remix: bool = False
    remix_auto_considered: bool = False
    remark: str = ""


def components(kinds: Iterable[object], said: Said) -> tuple[list[Schema], dict[str, Schema]]:
    """For each type where its schema stands, and the schemas."""
    every = [*kinds, AccountFilter, ErrorBody, Trouble, *_WHOLE]
    found, named = msgspec.json.schema_components(
        every, schema_hook=_anything, ref_template=f"{PLACE}{{name}}"
    )
    for kind in _WHOLE:
        names = [each.encode_name for each in msgspec.structs.fields(kind)]
        named[kind.__name__]["required"] = names
    for (name, member), words in _WORDS.items():
        named[name]["properties"][member]["enum"] = list(words)
    for schema in named.values():
        if "description" in schema:
            schema["description"] = said(_plain(schema["description"]))
    return list(found), named


def body_of(rule: Rule, said: Said) -> Schema:
    """What a submit may carry; more may stand beside it and travels on."""
    schema: Schema = {
        "type": "object",
        "required": [each.name for each in rule.fields if each.required and not _ignored(each)],
        "properties": {each.name: _field(each, said) for each in (*rule.fields, *COMMON)},
    }
    if rule.either:
        groups = [{"anyOf": [{"required": [name]} for name in group]} for group in rule.either]
        schema["allOf"] = groups
    needed: dict[str, list[str]] = {}
    for each in rule.fields:
        if each.needed_with:
            needed.setdefault(each.needed_with, []).append(each.name)
        if each.required and _ignored(each):
            other, word = each.ignored_if
            schema["if"] = {"not": {"properties": {other: {"const": word}}}}
            schema["then"] = {"required": [each.name]}
    if needed:
        schema["dependentRequired"] = needed
    return schema


def sentences() -> list[str]:
    """Everything that fields have to say."""
    rules = (each.fields for each in RULES.values())
    return [each.help for fields in (COMMON, *rules) for each in fields if each.help]


def _field(field: Field, said: Said) -> Schema:
    schema = dict(_KINDS[field.kind])
    if field.help:
        schema["description"] = said(field.help)
    if field.choices:
        schema["enum"] = [*field.choices]
    if field.numbers:
        schema["enum"] = [*field.numbers]
    if field.kind is Kind.TEXT:
        schema |= {"maxLength": field.most} | ({"minLength": 1} if field.required else {})
    if field.kind in {Kind.IMAGES, Kind.LIST}:
        schema |= {"maxItems": field.most} | ({"minItems": field.least} if field.least else {})
    return schema


def _ignored(field: Field) -> bool:
    return bool(field.ignored_if[0])


def _anything(kind: type) -> Schema:
    """What may be any value at all."""
    del kind
    return {"title": "any"}


def _plain(text: str) -> str:
    return " ".join(text.split())
