"""Bodies that cannot be read: too large, not JSON, not in our encoding. Nothing is lost by them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
from PIL import Image

from mjgate.web import WebSettings
from tests.imaging.made import saved
from tests.rig import MakeRig, Rig
from tests.web.shape import FOX, IMAGINE, calling, one_engine, refused, served, untouched

pytestmark = one_engine

LIST = "/mj/task/list-by-condition"
FOX_BYTES = json.dumps(FOX).encode()

GARBAGE = [
    b"{",
    b'{"prompt": "a fox"',
    b'{"prompt": "a fox"}}',
    b"{'prompt': 'a fox'}",
    b"prompt=a+fox",
    b"<html></html>",
    b'{"prompt": NaN}',
    b'{"prompt": 1e999}',
    b'{"prompt": "\xff"}',
    b'{"prompt": "\\ud800"}',
    b"\xff\xfe{\x00}\x00",
    b"\x00",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"prompt": "a fox", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"n": ' + b"9" * 10_000 + b"}",
]

NO_OBJECTS = [b"[]", b"[1,2]", b'["a fox"]', b'"a fox"', b"1", b"true", b'[{"prompt":"a fox"}]']


@pytest.mark.parametrize("body", GARBAGE + NO_OBJECTS, ids=lambda body: str(body[:24]))
async def test_what_is_no_json_object_is_refused(rig: Rig, body: bytes) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Content-Type": "application/json"}

    submitted = await rig.client.post(IMAGINE, content=body, headers=headers)
    listed = await rig.client.post(LIST, content=body, headers=headers)

    refused(submitted, 400, "bad_json")
    refused(listed, 400, "bad_json")
    await untouched(rig)


async def test_a_mark_of_the_byte_order_is_no_part_of_the_json(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Content-Type": "application/json"}

    answer = await rig.client.post(IMAGINE, content=b"\xef\xbb\xbf" + FOX_BYTES, headers=headers)

    assert answer.json()["code"] == 1


@pytest.mark.parametrize("body", [b"", b"  \n", b"null", b" null ", b"{}"])
async def test_nothing_is_an_empty_object(rig: Rig, body: bytes) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Content-Type": "application/json"}

    submitted = await rig.client.post(IMAGINE, content=body, headers=headers)
    listed = await rig.client.post(LIST, content=body, headers=headers)

    assert refused(submitted, 200, "missing_field")["properties"]["field"] == "prompt"
    assert served(listed) == []
    await untouched(rig)


@pytest.mark.parametrize(
    "kind",
    ["", "application/json", "application/json; charset=utf-8", "Application/JSON",
     "application/vnd.api+json", "text/json", " application/json ;charset=UTF-8"],
)  # fmt: skip
async def test_json_goes_by_many_names_and_by_none(rig: Rig, kind: str) -> None:
    headers = {"mj-api-secret": rig.alice.key} | ({"Content-Type": kind} if kind else {})

    answer = await rig.client.post(IMAGINE, content=FOX_BYTES, headers=headers)

    assert answer.json()["code"] == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/xml"},
        {"Content-Type": "json/application"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "br", "Content-Type": "application/json"},
        {"Content-Encoding": "identity, gzip"},
    ],
    ids=str,
)
async def test_other_types_and_encodings_are_refused(rig: Rig, headers: dict[str, str]) -> None:
    key = {"mj-api-secret": rig.alice.key}

    submitted = await rig.client.post(IMAGINE, content=FOX_BYTES, headers=headers | key)
    listed = await rig.client.post(LIST, content=b"{}", headers=headers | key)

    refused(submitted, 415, "media_type")
    refused(listed, 415, "media_type")
    await untouched(rig)


@pytest.mark.parametrize("path", ["/mj/task/1763712000000000/fetch", "/health/live"])
async def test_a_body_where_none_is_read_does_no_harm(rig: Rig, path: str) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Content-Type": "application/json"}

    answer = await rig.client.request("GET", path, content=b"null", headers=headers)

    assert answer.status_code in {200, 404}
    served(answer)


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_body_may_come_in_pieces_without_a_length(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key}
    pieces = in_pieces(FOX_BYTES[:5], b"", FOX_BYTES[5:])

    answer = await rig.client.post(IMAGINE, content=pieces, headers=headers)

    assert "content-length" not in answer.request.headers
    assert answer.json()["code"] == 1


LIMIT = 1_000


@pytest.mark.parametrize("pieces", [[b"x" * 1_001], [b"x" * 600, b"x" * 600], [b"x"] * 1_001])
async def test_too_large_a_body_in_pieces_is_refused_with_the_limit(
    rig: Rig, pieces: list[bytes]
) -> None:
    headers = {"mj-api-secret": rig.alice.key}

    async with calling(rig, settings=WebSettings(body_limit=LIMIT)) as client:
        answer = await client.post(IMAGINE, content=in_pieces(*pieces), headers=headers)

    body = refused(answer, 413, "too_large")
    assert body["properties"]["limit"] == LIMIT
    assert "1000 bytes" in body["description"]
    await untouched(rig)


@pytest.mark.parametrize("length", ["1001", "0001001", "999999999999", "9" * 5_000])
async def test_too_large_a_length_is_refused_before_the_first_byte(rig: Rig, length: str) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Content-Length": length}

    async with calling(rig, settings=WebSettings(body_limit=LIMIT)) as client:
        answer = await client.post(IMAGINE, content=never(), headers=headers)

    assert refused(answer, 413, "too_large")["properties"]["limit"] == LIMIT
    await untouched(rig)


async def test_a_body_of_exactly_the_limit_is_read(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key}
    body = FOX_BYTES.ljust(LIMIT)

    async with calling(rig, settings=WebSettings(body_limit=LIMIT)) as client:
        answer = await client.post(IMAGINE, content=body, headers=headers)

    assert answer.json()["code"] == 1


async def test_only_submits_may_be_large(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key}
    body = b"{}".ljust(256 * 1024 + 1)

    listed = await rig.client.post(LIST, content=body, headers=headers)
    submitted = await rig.client.post(IMAGINE, content=body, headers=headers)

    assert refused(listed, 413, "too_large")["properties"]["limit"] == 256 * 1024
    refused(submitted, 200, "missing_field")


async def never() -> AsyncIterator[bytes]:
    raise AssertionError
    yield b""


@pytest.mark.parametrize("path", [IMAGINE, LIST])
async def test_a_stranger_is_refused_before_the_first_byte(rig: Rig, path: str) -> None:
    headers = {"mj-api-secret": "sk-nobody", "Content-Length": "10"}

    answer = await rig.client.post(path, content=never(), headers=headers)

    refused(answer, 401, "bad_key")


async def test_a_wrong_type_is_refused_before_the_first_byte(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Content-Type": "text/plain", "Content-Length": "9"}

    answer = await rig.client.post(IMAGINE, content=never(), headers=headers)

    refused(answer, 415, "media_type")


async def test_a_client_that_goes_in_the_middle_of_its_body_leaves_nothing(rig: Rig) -> None:
    messages = [
        {"type": "http.request", "body": FOX_BYTES[:5], "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await rig.app(scope_of(rig), receive, send)

    assert sent[0]["status"] == 400
    await untouched(rig)


def scope_of(rig: Rig) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": IMAGINE,
        "query_string": b"",
        "headers": [(b"mj-api-secret", rig.alice.key.encode())],
        "client": ("127.0.0.1", 1),
    }


async def test_too_many_bytes_at_once_are_asked_to_come_again(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key}
    half, begun = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield FOX_BYTES.ljust(700)
        begun.set()
        await half.wait()

    tight = WebSettings(bodies_at_once=LIMIT, bodies_patience=0.01)
    async with calling(rig, settings=tight) as client:
        first = asyncio.create_task(client.post(IMAGINE, content=slowly(), headers=headers))
        await begun.wait()
        second = await client.post(IMAGINE, content=FOX_BYTES.ljust(400), headers=headers)
        small = await client.post(LIST, content=b"{}", headers=headers)
        half.set()
        taken = await first
        third = await client.post(IMAGINE, content=FOX_BYTES.ljust(LIMIT), headers=headers)

    refused(second, 503, "overloaded")
    assert int(second.headers["retry-after"]) > 0
    assert (small.status_code, taken.json()["code"], third.json()["code"]) == (200, 1, 1)
    await untouched(rig, tasks=2)


async def test_a_large_picture_passes(make_rig: MakeRig) -> None:
    rig = await make_rig()
    noise = saved(Image.effect_noise((1_700, 1_700), 200), "PNG")
    picture = base64.b64encode(noise).decode()

    answer = await rig.post(IMAGINE, {"prompt": "a fox", "base64Array": [picture]})

    assert len(picture) > 2 * 1024 * 1024
    assert answer.json()["code"] == 1
