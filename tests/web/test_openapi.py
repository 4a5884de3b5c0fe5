"""The document of everything that is served, and its viewer."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from openapi_spec_validator import validate

from mjgate.domain.action import COMMON, RULES
from mjgate.web import WebSettings
from mjgate.web.application import routes
from mjgate.web.openapi import document
from mjgate.web.openapi.words import EXAMPLES, Language, chinese
from tests.rig import Rig
from tests.web.shape import calling, one_engine

Json = Any

ADDRESS = "https://mj.example.com"
DOCUMENT: Json = document(Language.EN, ADDRESS)
SERVED = {
    f"{method} {route.path.rstrip('/')}"
    for route in routes(cast("Any", None))
    for method in (route.methods or set()) - {"HEAD"}
}


def operations(found: Json = DOCUMENT) -> Iterator[tuple[str, Json]]:
    for path, item in found["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path.rstrip('/')}", operation


def sentences(value: Json) -> Iterator[str]:
    """All that the document says in words."""
    if isinstance(value, list):
        for each in cast("list[Json]", value):
            yield from sentences(each)
    if isinstance(value, dict):
        for name, each in cast("dict[str, Json]", value).items():
            if name in {"summary", "description"} and isinstance(each, str):
                yield each
            yield from sentences(each)


@pytest.mark.parametrize("language", Language)
def test_the_document_is_one(language: Language) -> None:
    found = document(language, ADDRESS)

    validate(json.loads(json.dumps(found)))
    names = [each["operationId"] for _, each in operations(found)]
    assert len(set(names)) == len(names)


def test_what_is_served_is_in_the_document_and_nothing_else() -> None:
    assert {name for name, _ in operations()} == SERVED


def test_every_field_of_a_submit_is_in_its_body() -> None:
    for rule in RULES.values():
        for below in ("/mj", "/api/mj/task"):
            body = DOCUMENT["paths"][f"{below}/{rule.path}"]["post"]["requestBody"]["content"]
            schema = body["application/json"]["schema"]
            assert set(schema["properties"]) == {each.name for each in (*rule.fields, *COMMON)}
            assert set(schema["required"]) <= set(EXAMPLES[rule.path])


def test_submits_are_below_the_prefix_of_each_mode_too() -> None:
    servers = DOCUMENT["paths"]["/mj/submit/imagine"]["post"]["servers"]

    assert [each["url"].removeprefix(ADDRESS) for each in servers] == [
        "", "/mj-fast", "/fast", "/mj-relax", "/relax", "/mj-turbo", "/turbo",
    ]  # fmt: skip


def test_every_sentence_of_the_document_has_a_chinese_one() -> None:
    known = chinese()
    refusals = document(Language.ZH, ADDRESS)["components"]["responses"]
    english = {key: value for key, value in DOCUMENT.items() if key != "components"}
    told = set(sentences(english)) | set(sentences(DOCUMENT["components"]["schemas"]))

    missing = told | {each["name"] for each in DOCUMENT["tags"]}

    assert sorted(missing - set(known)) == []
    for name, each in refusals.items():
        assert re.search("[\u4e00-\u9fff]", each["description"]), name
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+ ", each["description"]), name


@one_engine
async def test_the_document_and_its_viewer_are_served_without_anything_from_elsewhere(
    rig: Rig,
) -> None:
    written = await rig.client.get("/openapi.json")
    shown = await rig.client.get("/docs")
    style = await rig.client.get("/docs/style.css")
    again = await rig.client.get("/docs", headers={"If-None-Match": shown.headers["etag"]})

    assert written.json() == document(Language.EN, "http://gateway")
    assert again.status_code == 304
    kinds = ("application/json", "text/html", "text/css")
    for answer, kind in zip((written, shown, style), kinds, strict=True):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self';")
        assert "unsafe" not in policy
    assert re.findall(r"<script|<style| style=| on\w+=|javascript:", shown.text) == []
    assert set(re.findall(r'(?:src|href)="([^"#?]+)', shown.text)) == {
        "docs/style.css", "openapi.json",
    }  # fmt: skip
    slashed = await rig.client.get("/docs/")
    assert set(re.findall(r'(?:src|href)="([^"#?]+)', slashed.text)) == {
        "../docs/style.css", "../openapi.json",
    }  # fmt: skip
    for name, each in operations():
        assert f'id="{each["operationId"]}"' in shown.text, name


@one_engine
@pytest.mark.parametrize(
    ("path", "accepted", "language"),
    [
        ("/docs", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("/docs", "en-GB,zh;q=0.5", "en"),
        ("/docs", "fr", "en"),
        ("/docs", "", "en"),
        ("/docs?lang=zh", "en", "zh-Hans"),
        ("/docs?lang=en", "zh", "en"),
        ("/docs?lang=<script>", "zh", "zh-Hans"),
    ],
)
async def test_the_viewer_speaks_english_and_chinese(
    rig: Rig, path: str, accepted: str, language: str
) -> None:
    shown = await rig.client.get(path, headers={"Accept-Language": accepted})
    written = await rig.client.get("/openapi.json?lang=zh", headers={"Accept-Language": "en"})

    assert f'<html lang="{language}">' in shown.text
    assert ("按提示词绘制四宫格。" in shown.text) == (language == "zh-Hans")
    assert (
        written.json()["paths"]["/mj/submit/imagine"]["post"]["summary"] == "按提示词绘制四宫格。"
    )


@one_engine
async def test_documents_can_be_switched_off(rig: Rig) -> None:
    async with calling(rig, settings=WebSettings(documents=False)) as client:
        answers = [await client.get(path) for path in ("/docs", "/docs/style.css", "/openapi.json")]

    assert [each.status_code for each in answers] == [404, 404, 404]
    assert {each.json()["error"] for each in answers} == {"not_found"}
