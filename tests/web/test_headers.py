"""Headers: request ids, calls from web pages of other origins, and the proxies in between."""

import re

import pytest

from mjgate.web import WebSettings
from tests.rig import Rig
from tests.web.shape import FOX, IMAGINE, calling, one_engine, refused, set_key

pytestmark = one_engine

EVERY = [
    ("POST", IMAGINE, 200),
    ("POST", "/mj-relax/mj/submit/imagine", 200),
    ("POST", "/mj/submit/blend", 200),
    ("GET", "/mj/submit/imagine", 405),
    ("GET", "/mj/task/1763712000000000/fetch", 404),
    ("POST", "/mj/task/list-by-condition", 200),
    ("GET", "/mj/image/1763712000000000?sig=x", 403),
    ("GET", "/mj/video/1763712000000000/0.mp4?sig=x", 403),
    ("GET", "/mj/nowhere", 404),
    ("GET", "/mj", 404),
    ("POST", "/mj-slow/mj/submit/imagine", 404),
    ("POST", "/submit/imagine", 404),
    ("POST", "/mj-fast/submit/imagine", 404),
    ("POST", "/api/mj/task/submit/imagine", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), EVERY)
async def test_web_pages_may_read_every_answer(
    rig: Rig, method: str, path: str, status: int
) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Origin": "https://page.example"}
    body = FOX if method == "POST" else None

    answer = await rig.client.request(method, path, json=body, headers=headers)

    assert answer.status_code == status
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "access-control-allow-credentials" not in answer.headers


async def test_web_pages_may_draw_pictures_on_a_canvas(rig: Rig) -> None:
    task = await rig.finished(await rig.imagine())

    answer = await rig.client.get(task["imageUrl"], headers={"Origin": "https://page.example"})

    assert answer.status_code == 200
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]


@pytest.mark.parametrize("path", ["/api/token/", "/api/mj/self", "/health/live", "/"])
async def test_what_is_not_the_protocol_is_not_for_other_origins(rig: Rig, path: str) -> None:
    answer = await rig.client.get(path, headers={"Origin": "https://page.example"})
    preflight = await rig.client.options(path, headers={"Origin": "https://page.example"})

    assert "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-origin" not in preflight.headers


NAMED = {
    "authorization", "mj-api-secret", "content-type", "accept", "accept-language",
    "idempotency-key", "new-api-user", "x-ptoken", "x-requested-with",
}  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        IMAGINE,
        "/mj-fast/mj/submit/action",
        "/mj/task/1/fetch",
        "/mj/image/1",
        "/mj/video/1/0.mp4",
        "/api/mj/task/1/fetch",
        "/mj/nowhere",
    ],
)
async def test_a_preflight_names_what_may_be_sent(rig: Rig, path: str) -> None:
    asked = {
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "mj-api-secret,content-type",
    }

    answer = await rig.client.options(path, headers=asked)

    allowed = answer.headers["access-control-allow-headers"]
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(allowed.split(", ")) == NAMED
    assert {"GET", "POST"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    assert int(answer.headers["access-control-max-age"]) > 0
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]


LISTED = ("https://one.example", "https://two.example")


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        (("*",), "", ["*"]),
        (("*",), "https://one.example", ["*"]),
        (LISTED, "https://one.example", ["https://one.example"]),
        (LISTED, "https://two.example", ["https://two.example"]),
        (LISTED, "https://three.example", []),
        (LISTED, "", []),
        (("off",), "https://one.example", []),
        ((), "https://one.example", []),
    ],
)
async def test_origins_may_be_listed_or_left_to_a_proxy(
    rig: Rig, origins: tuple[str, ...], origin: str, allowed: list[str]
) -> None:
    headers = {"Origin": origin} if origin else {}

    async with calling(rig, settings=WebSettings(origins=origins)) as client:
        answer = await client.post(IMAGINE, json=FOX, headers=headers)
        preflight = await client.options(IMAGINE, headers=headers)

    assert answer.headers.get_list("access-control-allow-origin") == allowed
    assert preflight.headers.get_list("access-control-allow-origin") == allowed
    assert ("origin" in answer.headers.get("vary", "").lower()) == (origins is LISTED)


@pytest.mark.parametrize("sent", ["a", "A.b_c-9", "x" * 64, "0123456789abcdef"])
async def test_a_proper_request_id_comes_back(rig: Rig, sent: str) -> None:
    answer = await rig.client.post(IMAGINE, json=FOX, headers={"X-Request-Id": sent})

    assert refused(answer, 401, "bad_key")["requestId"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a,b", "é", "a\tb", "<script>", "a%0a"])
async def test_any_other_request_id_is_replaced(rig: Rig, sent: str) -> None:
    headers = {b"X-Request-Id": sent.encode()}

    answer = await rig.client.post(IMAGINE, json=FOX, headers=headers)

    given = refused(answer, 401, "bad_key")["requestId"]
    assert given != sent
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given)


async def test_good_answers_have_a_request_id_too(rig: Rig) -> None:
    headers = {"X-Request-Id": "mine", "mj-api-secret": rig.alice.key}

    submitted = await rig.client.post(IMAGINE, json=FOX, headers=headers)
    preflight = await rig.client.options(IMAGINE, headers=headers)

    assert submitted.json()["code"] == 1
    assert submitted.headers["x-request-id"] == preflight.headers["x-request-id"] == "mine"
    assert "requestId" not in submitted.json()


TRUSTED = ("10.0.0.0/8", "fd00::/8", "192.0.2.1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        ("10.0.0.1", "198.51.100.1", 200),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", 403),
        ("203.0.113.9", "198.51.100.1", 403),
        ("198.51.100.1", "", 200),
        ("10.0.0.1", "unknown", 403),
    ],
)
async def test_a_key_for_certain_addresses_is_good_behind_a_proxy(
    rig: Rig, peer: str, forwarded: str, status: int
) -> None:
    await set_key(rig, rig.alice, ips="198.51.100.0/24")
    headers = {"mj-api-secret": rig.alice.key, "X-Forwarded-For": forwarded}

    async with calling(rig, peer, WebSettings(proxies=TRUSTED)) as client:
        answer = await client.post("/mj/task/list-by-condition", json={}, headers=headers)

    assert answer.status_code == status
