"""The document of everything that is served, as OpenAPI 3.1 has it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from mjgate.dialects.job import JobAnswer
from mjgate.domain.action import Mode
from mjgate.domain.errors import Refused
from mjgate.manage import NotDone
from mjgate.web.openapi import words
from mjgate.web.openapi.entries import JOBS, JSON, SUBMIT, Entry, entries
from mjgate.web.openapi.schemas import PLACE, Schema, body_of, components
from mjgate.web.openapi.words import Language
from mjgate.web.respond import ErrorBody, Trouble
from mjgate.web.spots import Door, Spot

_PART: Final = re.compile(r"\{(\w+)\}")
_NUMBERS: Final = frozenset(
    {"p", "page_size", "cursor", "token_id", "user_id", "channel_id", "until"}
    | {"start_timestamp", "end_timestamp", "drain", "dryRun", "n"}
)
_FAMILIES: Final = (
    ("Protocol", ErrorBody, (("mjgate.domain.",),)),
    ("Signed", ErrorBody, (("mjgate.web.",), ("mjgate.domain.",))),
    ("Job", JobAnswer, (("mjgate.domain.",),)),
    ("Management", Trouble, (("mjgate.domain.", "mjgate.manage"),)),
)
"""The refusals of each kind of address: their form, and where they are written, nearest first."""
_SECURITY: Final[Mapping[Door, list[Schema]]] = {
    Door.KEY: [{"key": []}, {"bearerKey": []}],
    Door.MANAGER: [{"accessToken": []}, {"session": []}],
    Door.SIGNED: [],
    Door.METRICS: [{"metricsToken": []}],
    Door.OPEN: [],
}
_SCHEMES: Final[Schema] = {
    "key": {"type": "apiKey", "in": "header", "name": "mj-api-secret"},
    "bearerKey": {"type": "http", "scheme": "bearer"},
    "accessToken": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": "mjgate"},
    "metricsToken": {"type": "http", "scheme": "bearer"},
}


class _Writer:
    """One document: its language and address, and where each type's schema stands."""

    def __init__(self, every: Sequence[Entry], language: Language, address: str) -> None:
        self._address = address
        self.said = words.sayer(language)
        kinds = [kind for each in every for kind in (each.takes, each.gives) if _is_type(kind)]
        found, self.schemas = components(kinds, self.said)
        self._places = dict(zip(map(str, kinds), found, strict=False))

    def operation(self, entry: Entry) -> Schema:
        """One method at one address."""
        made: Schema = {
            "tags": [self.said(entry.tag)],
            "operationId": _name(entry),
            "summary": self.said(entry.summary),
            "security": _SECURITY[entry.door],
            "parameters": [*map(self._parameter, _parameters(entry))],
            "responses": self._responses(entry),
        }
        if entry.admin:
            made["description"] = self.said("For admins.")
        body = self._body(entry)
        if body is not None:
            made["requestBody"] = {"required": True, "content": {JSON: body}}
        if entry.tag == SUBMIT:
            made["servers"] = _prefixed(self._address, self.said)
        return made

    def _body(self, entry: Entry) -> Schema | None:
        if entry.rule is not None:
            example = words.EXAMPLES[entry.rule.path]
            return {"schema": body_of(entry.rule, self.said), "example": example}
        return None if entry.takes is None else {"schema": self._place(entry.takes)}

    def _parameter(self, found: tuple[str, str]) -> Schema:
        where, name = found
        said = words.PARAMETERS.get(name, "")
        return {
            "name": name,
            "in": where,
            "required": where == "path",
            "schema": _kind_of(where, name),
        } | ({"description": self.said(said)} if said else {})

    def _responses(self, entry: Entry) -> Schema:
        good: Schema = {"description": self.said("Done.")}
        content = self._content(entry)
        made: Schema = {"200": good | {"content": content}}
        if isinstance(entry.gives, str) and entry.gives.startswith(("image/", "video/")):
            made["206"] = {"description": self.said("A part, by `Range`."), "content": content}
            made["304"] = {"description": self.said("The client has it already.")}
        for status in entry.also:
            made[str(status)] = {"description": self.said("There is nothing more to tell.")}
        family = _family(entry)
        for status in entry.statuses:
            made[str(status)] = {"$ref": f"#/components/responses/{family}{status}"}
        return made

    def _content(self, entry: Entry) -> Schema:
        if isinstance(entry.gives, str):
            return {entry.gives: {"schema": {"type": "string"}}}
        schema: Schema = {} if entry.gives is None else self._place(entry.gives)
        if entry.enveloped:
            schema = _envelope({"type": "null"} if entry.gives is None else schema)
        elif entry.may_refuse:
            kind = JobAnswer if entry.tag == JOBS else ErrorBody
            schema = {"anyOf": [schema, {"$ref": PLACE + kind.__name__}]}
        return {JSON: {"schema": schema}}

    def _place(self, kind: object) -> Schema:
        return self._places[str(kind)]

    def refusals(self) -> Schema:
        """What may be refused, by family of answers and by status."""
        return {
            f"{family}{status}": {
                "description": " ".join(map(self.said, sentences)),
                "content": {JSON: {"schema": {"$ref": PLACE + kind.__name__}}},
            }
            for family, kind, places in _FAMILIES
            for status, sentences in told(places).items()
        }


def document(own: Sequence[Spot], language: Language, address: str) -> Schema:
    """The document in one language; `address` is what clients call us by."""
    every = [*entries(own)]
    writer = _Writer(every, language, address)
    paths: dict[str, Schema] = {}
    for entry in every:
        paths.setdefault(entry.path, {})[entry.method.lower()] = writer.operation(entry)
    tags = dict.fromkeys(each.tag for each in every)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mjgate",
            "version": version("mjgate"),
            "summary": writer.said("A self-hosted gateway for Midjourney tasks"),
            "description": writer.said(words.ABOUT),
        },
        "servers": [{"url": address}],
        "tags": [
            {"name": writer.said(tag), "description": writer.said(words.TAGS[tag])} for tag in tags
        ],
        "paths": paths,
        "components": {
            "schemas": writer.schemas,
            "responses": writer.refusals(),
            "securitySchemes": {
                name: scheme | {"description": writer.said(words.SCHEMES[name])}
                for name, scheme in _SCHEMES.items()
            },
        },
    }


def _prefixed(address: str, said: Callable[[str], str]) -> list[Schema]:
    """The same paths below the prefix of each mode."""
    free: Schema = {"url": address, "description": said("As the rest of the request says")}
    modes = [
        {"url": f"{address}/{before}{mode.lower()}", "description": mode.value}
        for mode in Mode
        for before in ("mj-", "")
    ]
    return [free, *modes]


def told(places: Sequence[tuple[str, ...]]) -> dict[int, list[str]]:
    """What each status says, from the errors themselves; the nearest of them."""
    found: dict[int, list[str]] = {}
    for modules in places:
        near: dict[int, list[str]] = {}
        for kind in (*_below(Refused), *_below(NotDone)):
            refused = kind.status >= 400  # noqa: PLR2004  not a code under HTTP 200
            if refused and kind.__module__.startswith(modules):
                near.setdefault(kind.status, []).append(" ".join((kind.__doc__ or "").split()))
        found = near | found
    return dict(sorted(found.items()))


def _below(kind: type[Any]) -> Iterable[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _is_type(kind: object) -> bool:
    return kind is not None and not isinstance(kind, str)


def _parameters(entry: Entry) -> list[tuple[str, str]]:
    return [
        *(("path", name) for name in _PART.findall(entry.path)),
        *(("query", name) for name in entry.query),
        *(("header", name) for name in entry.headers),
    ]


def _kind_of(where: str, name: str) -> Schema:
    if name == "id" and where == "path":
        return {"type": "string"}
    return {"type": "integer", "minimum": 0} if name in _NUMBERS else {"type": "string"}


def _family(entry: Entry) -> str:
    if entry.tag == JOBS:
        return "Job"
    if entry.door is Door.SIGNED:
        return "Signed"
    return "Management" if entry.path.startswith("/api/") else "Protocol"


def _envelope(data: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["success", "message", "data"],
        "properties": {"success": {"const": True}, "message": {"type": "string"}, "data": data},
    }


def _name(entry: Entry) -> str:
    """`postSubmitImagine`: the same for ever, for those who make clients from the document."""
    parts = re.split(r"\W+", _PART.sub(r"by \1", entry.path).removeprefix("/mj/"))
    return entry.method.lower() + "".join(part[:1].upper() + part[1:] for part in parts if part)
