"""Whatever comes in, what goes out is JSON that says what was wrong, and never our fault."""

import io
import json
import re
from collections.abc import Mapping
from typing import Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mjgate import telemetry
from mjgate.domain.action import COMMON, RULES
from mjgate.store.database import DatabaseAway, Reader, Row, Value
from mjgate.web.application import routes
from tests.rig import Rig
from tests.web.shape import FOX, IMAGINE, client_of, one_engine, refused, untouched

JUNK = [
    b"", b"null", b"[]", b"{}", b"{", b"\x00\xff", b'"text"', b"[" * 10_000, b"<html>",
    b'{"prompt":{"a":[]},"taskId":[],"customId":{},"ids":{},"image":7,"base64":{},"index":"x"}',
    b'{"prompt":"\\u0000","taskId":"\\u0000","customId":"\\u0000","state":"\\u0000"}',
    b'{"prompt":"x","accountFilter":[1],"modes":{"a":1},"notifyHook":"http://[","botType":[]}',
]  # fmt: skip

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "ODD"]

KINDS = ["application/json", "text/html", "", "multipart/form-data", "application/json; charset=x"]


def sound(answer: httpx.Response) -> None:
    """No fault of ours, no HTML, nothing empty, and an id to find it by."""
    assert answer.status_code < 500, answer.text
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert answer.request.method == "HEAD" or b"Traceback" not in answer.content
    if answer.status_code == 204:
        assert answer.request.method == "OPTIONS"
        return
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    if answer.request.method != "HEAD":
        told(answer)


def told(answer: httpx.Response) -> None:
    """What every JSON answer says."""
    body = answer.json()
    if isinstance(body, list):
        return
    path = answer.request.url.path
    if path.startswith("/api/"):
        job = path.startswith("/api/mj/task/")
        assert ({"code", "message", "data"} if job else {"success", "message", "data"}) <= set(body)
        assert "success" not in body or body["success"] == (answer.status_code == 200)
        assert answer.status_code == 200 or body["message"]
        return
    if "requestId" in body or answer.status_code != 200:
        refused(answer, answer.status_code, body["error"], code=body["code"])
    elif "content" in body:
        assert {"content", "totalElements", "pageNumber", "pageSize"} == set(body)
    elif "status" not in body:
        assert {"code", "description", "result", "properties"} == set(body)
        assert isinstance(body["properties"], dict)
        assert body["result"] is None or isinstance(body["result"], str)


PARTS = {"{id}": "1763712000000000", "{mj_id}": "1763712000000000", "{n}": "1", "{task}": "1-1"}


OTHERS = {"/docs", "/docs/style.css", "/openapi.json", "/metrics"}
"""Answers of another form, which other tests look at."""


def every_path() -> dict[str, set[str]]:
    """Every path that is served in our form, something for each of its parts, and its methods."""
    found: dict[str, set[str]] = {path: set() for path in ("/", "/nowhere", "/api/nowhere")}
    for route in routes(cast("Any", None)):
        path = re.sub(r"\{\w+\}", lambda found: PARTS.get(found[0], "x"), route.path)
        if path not in OTHERS:
            found.setdefault(path, set()).update(route.methods or METHODS)
    return found


@one_engine
@pytest.mark.parametrize("method", METHODS)
async def test_every_route_answers_any_method_and_any_body_in_json(rig: Rig, method: str) -> None:
    for turn, (path, methods) in enumerate(every_path().items()):
        for number, content in enumerate(JUNK):
            if method not in methods and turn % len(JUNK) != number:
                continue  # a body that nobody reads: one of them will do
            kind = KINDS[number % 2 and number % len(KINDS)]
            headers = {"mj-api-secret": rig.alice.key} | ({"Content-Type": kind} if kind else {})

            answer = await rig.client.request(method, path, content=content, headers=headers)

            sound(answer)


texts = st.text(max_size=40) | st.sampled_from(
    ["\u0000", "1763712000000000", "a::b", "http://[", "data:,", "--turbo", "{a,b}", "🦊" * 300]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
fields = st.sampled_from(
    sorted(
        {row.name for rule in RULES.values() for row in (*COMMON, *rule.fields)}
        | {"ids", "status", "statusSet", "sort", "pageNumber", "pageSize"}
    )
)
bodies = st.dictionaries(fields | st.text(max_size=12), values, max_size=6)
paths = st.sampled_from(
    [*RULES, "submit/edit", "task/list-by-condition", "task/list-by-ids", "task/query"],
)

often = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(path=paths, body=bodies, prompt=st.none() | texts)
@often
async def test_any_json_is_answered_and_keeps_the_books(
    rig: Rig, path: str, body: Mapping[str, Any], prompt: str | None
) -> None:
    content = json.dumps({**body, "prompt": prompt}).encode()
    headers = {"mj-api-secret": rig.alice.key, "Content-Type": "application/json"}

    answer = await rig.client.post(f"/mj/{path}", content=content, headers=headers)

    sound(answer)
    assert await rig.books() == ()


@one_engine
@given(content=st.binary(max_size=200), path=paths)
@often
async def test_any_bytes_are_answered(rig: Rig, content: bytes, path: str) -> None:
    headers = {"mj-api-secret": rig.alice.key}

    sound(await rig.client.post(f"/mj/{path}", content=content, headers=headers))


header_texts = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40
)
header_names = st.sampled_from(
    ["authorization", "mj-api-secret", "host", "origin", "content-type", "content-length",
     "content-encoding", "idempotency-key", "x-request-id", "x-forwarded-for", "accept", "range",
     "if-none-match", "cookie", "new-api-user", "x-ptoken", "expect"]
)  # fmt: skip


@one_engine
@given(
    headers=st.lists(st.tuples(header_names, header_texts), max_size=6),
    method=st.sampled_from(METHODS),
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    prefix=st.sampled_from(["", "/mj", "/mj/task", "/mj/image", "/mj/video", "/mj/notify/1/1-1"]),
)
@often
async def test_any_headers_and_any_path_are_answered(
    rig: Rig, headers: list[tuple[str, str]], method: str, path: str, prefix: str
) -> None:
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": f"{prefix}/{path}",
        "query_string": path.encode()[:40],
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("gateway", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401  as ASGI has it
        sent.append(message)

    await rig.app(scope, receive, send)

    assert sent[0]["status"] < 500
    kinds = [value for name, value in sent[0]["headers"] if name == b"content-type"]
    assert kinds == ([] if sent[0]["status"] == 204 else [b"application/json; charset=utf-8"])


class Broken(Reader):
    """A reader that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def row(self, sql: str, /, **values: Value) -> Row | None:
        del sql, values
        raise self._error

    rows = scan = row  # pyright: ignore[reportAssignmentType]  none of them answers


@one_engine
@pytest.mark.parametrize("prefix", ["/mj", "/mj-relax/mj"])
async def test_a_crash_is_told_without_its_traceback(
    rig: Rig, sink: io.StringIO, prefix: str
) -> None:
    telemetry.configure(style="json", to=sink)
    rig.gateway.store.reader = Broken(RuntimeError("a hidden treasure"))
    headers = {"mj-api-secret": rig.alice.key, "X-Request-Id": "find-me"}

    submitted = await rig.client.post(f"{prefix}/submit/imagine", json=FOX, headers=headers)
    fetched = await rig.client.get(f"{prefix}/task/1763712000000000/fetch", headers=headers)
    ready = await rig.client.get("/health/ready")

    for answer in (submitted, fetched, ready):
        refused(answer, 500, "internal")
        assert "treasure" not in answer.text
        assert "Error" not in answer.text
    assert submitted.headers.get_list("access-control-allow-origin") == ["*"]
    assert json.loads(sink.getvalue().splitlines()[0])["request_id"] == "find-me"


@one_engine
async def test_a_database_that_is_away_is_said_so_with_a_time_to_come_again(rig: Rig) -> None:
    reader = rig.gateway.store.reader
    rig.gateway.store.reader = Broken(DatabaseAway("postgresql://user:secret@host"))

    answers = [
        await rig.post(IMAGINE, FOX),
        await rig.get("/mj/task/1763712000000000/fetch"),
        await rig.post("/mj/task/list-by-condition", {"ids": ["1763712000000000"]}),
        await rig.client.get("/health/ready"),
    ]

    for answer in answers:
        refused(answer, 503, "overloaded")
        assert int(answer.headers["retry-after"]) > 0
        assert "secret" not in answer.text
    assert (await rig.client.get("/health/live")).status_code == 200
    rig.gateway.store.reader = reader
    await untouched(rig)


async def test_a_server_does_not_see_the_error_of_a_request(rig: Rig) -> None:
    """Or it would close the connection and write a second traceback."""
    rig.gateway.store.reader = Broken(RuntimeError("oops"))

    async with client_of(rig.app) as client:
        answer = await client.post(IMAGINE, json=FOX, headers={"mj-api-secret": rig.alice.key})

    refused(answer, 500, "internal")
