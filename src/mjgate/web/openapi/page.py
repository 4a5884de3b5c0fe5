"""The viewer: the document as a page that needs no script and nothing from elsewhere."""

import json
import shlex
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import groupby
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from mjgate.web.openapi.schemas import PLACE, Schema
from mjgate.web.openapi.words import Language, sayer

_TEMPLATE: Final = files("mjgate").joinpath("assets", "docs", "page.html.jinja")


def wanted(asked: str, accepted: str) -> Language:
    """The language that was asked for, else the first of ours that the browser would take."""
    names = [asked, *(part.partition(";")[0].strip()[:2] for part in accepted.split(","))]
    return next((Language(name.lower()) for name in names if name.lower() in set(Language)), _ELSE)


_ELSE: Final = Language.EN


def written(document: Schema, language: Language, beside: str = "") -> str:
    """The page; `beside` leads from its address to those of the document and the style."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text("utf-8"))
    return template.render(
        document=document,
        language=language.value,
        beside=beside,
        said=sayer(language),
        chapters=[*_chapters(document)],
        shapes=[*_shapes(document)],
    )


def _chapters(document: Schema) -> Iterator[Mapping[str, Any]]:
    found = [
        _shown(document, method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    told = {each["name"]: each["description"] for each in document["tags"]}
    names = list(told)
    found.sort(key=lambda each: names.index(each["tag"]))
    for number, (tag, group) in enumerate(groupby(found, key=lambda each: each["tag"])):
        yield {"id": f"c{number}", "name": tag, "about": told[tag], "operations": [*group]}


def _shown(document: Schema, method: str, path: str, operation: Schema) -> dict[str, Any]:
    """An operation as the page shows it."""
    responses = operation["responses"]
    refused = {
        status: document["components"]["responses"][each["$ref"].rpartition("/")[2]]["description"]
        for status, each in responses.items()
        if "$ref" in each
    }
    content = responses["200"]["content"]
    kind, media = next(iter(content.items()))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    schema = {} if body is None else _resolved(document, body["schema"])
    return {
        "id": operation["operationId"],
        "tag": operation["tags"][0],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "about": operation.get("description", ""),
        "doors": [name for each in operation["security"] for name in each],
        "parameters": operation["parameters"],
        "members": [*_members(schema)],
        "gives": _words(_data(media["schema"])) if kind == "application/json" else [(kind, "")],
        "refused": refused,
        "curl": _curl(document, method, path, operation, body),
    }


def _data(schema: Schema) -> Schema:
    """Of an envelope what is in it."""
    return schema.get("properties", {}).get("data", schema)


def _shapes(document: Schema) -> Iterator[Mapping[str, Any]]:
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object":
            yield {
                "name": name,
                "title": schema.get("title", name),
                "about": schema.get("description", ""),
                "members": [*_members(schema)],
            }


def _members(schema: Schema) -> Iterator[Mapping[str, Any]]:
    needed = schema.get("required", [])
    for name, each in schema.get("properties", {}).items():
        yield {
            "name": name,
            "kinds": _words(each),
            "needed": name in needed,
            "about": each.get("description", ""),
            "words": each.get("enum", []),
        }


def _resolved(document: Schema, schema: Schema) -> Schema:
    name = schema.get("$ref", "").removeprefix(PLACE)
    found: Schema = document["components"]["schemas"][name] if name else schema
    return found


def _words(schema: Schema) -> list[tuple[str, str]]:
    """The kinds of a value: word, and the shape that it leads to, if any."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PLACE)
        return [(name.rpartition(".")[2].rstrip("_").replace("_", " of "), name)]
    if "anyOf" in schema:
        return [word for each in schema["anyOf"] for word in _words(each)]
    kind = schema.get("type", "any")
    if kind == "array":
        return [(f"{word}[]", shape) for word, shape in _words(schema.get("items", {}))]
    return [(each, "") for each in ([kind] if isinstance(kind, str) else kind)]


def _curl(document: Schema, method: str, path: str, operation: Schema, body: Schema | None) -> str:
    """A command that asks for it, to be pasted into a shell."""
    address = f"{document['servers'][0]['url']}{path}"
    line = ["curl", "-s", *(["-X", method.upper()] if method != "get" and body is None else [])]
    parts = [" ".join([*line, shlex.quote(address)])]
    if operation["security"]:
        key = "KEY" if "key" in operation["security"][0] else "ACCESS_TOKEN"
        parts.append(f'-H "Authorization: Bearer ${key}"')
    if body is not None:
        parts.append("-H 'Content-Type: application/json'")
        text = json.dumps(body.get("example", {}), ensure_ascii=False)
        parts.append(f"-d {shlex.quote(text)}")
    return " \\\n  ".join(parts)
