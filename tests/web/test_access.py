"""
Who may ask where: every route that is served, held against everybody who might try.

A new route needs a row here; without one the first test fails.
"""

import asyncio
import re
from typing import Any, Final, cast

from starlette.types import Message, Scope

from mjgate.domain.action import RULES
from mjgate.web.application import routes
from tests.rig import Rig, a_person
from tests.web.api.desk import PASSWORD, Manager, a_user, an_admin, manages
from tests.web.shape import one_engine
from tests.web.test_secrets import dump

IN: Final = frozenset({200, 204, 400, 404, 409, 422})
"""Let in; what then comes of it is another matter. An empty or wrong body changes nothing."""

PERSONAS: Final = (
    "nobody", "wrong key", "API key", "access token", "cookie", "other", "disabled", "admin",
)  # fmt: skip

Statuses = tuple[Any, ...]

OPEN: Statuses = (IN,) * 8
SIGNED: Statuses = (403,) * 8
SECRET: Statuses = (404,) * 8
KEY: Statuses = (401, 401, IN, 401, 401, IN, 403, IN)
TASK: Statuses = (401, 401, IN, 401, 401, 404, 403, 404)
USER: Statuses = (401, 401, 401, IN, IN, IN, 403, IN)
OWN: Statuses = (401, 401, 401, IN, IN, 404, 403, 404)
SHARED: Statuses = (401, 401, 401, IN, IN, 404, 403, IN)
ADMIN: Statuses = (401, 401, 401, 403, 403, 403, 403, IN)

SUBMITS = [
    path.removeprefix("submit/")
    for rule in RULES.values()
    for path in (rule.path, *rule.aliases)
    if path.startswith("submit/")
]

MATRIX: Final[dict[str, Statuses]] = {
    "GET /health/live": OPEN,
    "GET /health/ready": OPEN,
    "GET /openapi.json": OPEN,
    "GET /docs": OPEN,
    "GET /docs/style.css": OPEN,
    "GET /metrics": OPEN,  # to this machine, where everybody in this table sits
    "GET /api/status": OPEN,
    "POST /api/user/login": OPEN,
    "GET /mj/image/{id}": SIGNED,
    "GET /mj/image/{id}/{n}": SIGNED,
    "GET /mj/video/{id}/{n}.mp4": SIGNED,
    "GET /mj/reference/{id}/{hash}": SIGNED,
    "POST /mj/notify/{channel}/{task}/{secret}": SECRET,
    "GET /mj/task/{id}/fetch": TASK,
    "GET /mj/task/{id}/image-seed": TASK,
    "GET /mj/task/{id}/events": TASK,
    "POST /mj/task/{id}/cancel": TASK,
    "POST /mj/task/list-by-condition": KEY,
    "POST /mj/task/list-by-ids": KEY,
    "POST /mj/task/query": KEY,
    "GET /mj/task/list": KEY,
    "GET /mj/task/queue": KEY,
    "GET /mj/queue": KEY,
    "GET /mj/account/list": KEY,
    **{f"POST /mj/submit/{name}": KEY for name in SUBMITS},
    "POST /mj/insight-face/swap": KEY,
    **{f"POST /api/mj/task/submit/{name}": KEY for name in SUBMITS},
    "POST /api/mj/task/insight-face/swap": KEY,
    "GET /api/mj/task/{id}/fetch": TASK,
    "POST /api/user/logout": USER,
    "GET /api/user/self": USER,
    "POST /api/user/self/password": USER,
    "POST /api/user/token": USER,
    "GET /api/token": USER,
    "POST /api/token": USER,
    "GET /api/token/{id}": OWN,
    "PUT /api/token/{id}": (*OWN[:5], IN, 403, IN),  # whose it is is asked after the body is read
    "DELETE /api/token/{id}": OWN,
    "GET /api/price": ADMIN,
    "GET /api/ledger/self": USER,
    "GET /api/webhook": USER,
    "GET /api/webhook/{event}": OWN,
    "POST /api/webhook/{event}/replay": (*OWN[:5], IN, 403, IN),
    "POST /api/webhook/test": USER,
    "POST /api/webhook/replay": USER,
    "POST /api/webhook/secret": USER,
    "POST /api/webhook/pause": USER,
    "POST /api/webhook/resume": USER,
    "GET /api/webhook/receiver": USER,
    "GET /api/mj/self": USER,
    "GET /api/mj/self/export": USER,
    "GET /api/mj": ADMIN,
    "GET /api/mj/export": ADMIN,
    "GET /api/stats": ADMIN,
    "GET /api/mj/events": USER,
    "GET /api/mj/{mj_id}/timeline": SHARED,
    "GET /api/mj/{mj_id}/bundle": SHARED,
    "POST /api/mj/{mj_id}/cancel": (*SHARED[:5], IN, 403, IN),
    "POST /api/mj/{mj_id}/refund": ADMIN,
    "POST /api/mj/{mj_id}/refresh": ADMIN,
    **{f"{method} /api/{noun}": ADMIN
       for noun in ("user", "channel", "group") for method in ("GET", "POST")},
    **{f"{method} /api/{noun}/{{id}}": ADMIN
       for noun in ("user", "channel", "group") for method in ("GET", "PUT", "DELETE")},
    "GET /api/banned-word": ADMIN,
    "POST /api/banned-word": ADMIN,
    "DELETE /api/banned-word/{id}": ADMIN,
    "POST /api/user/{id}/topup": ADMIN,
    "POST /api/user/{id}/adjust": ADMIN,
    **{f"POST /api/channel/{{id}}/{act}": ADMIN for act in ("test", "enable", "disable", "drain")},
    "GET /api/channel/{id}/credential": ADMIN,
    "DELETE /api/channel/{id}/credential/{credential}": ADMIN,
    "PUT /api/price": ADMIN,
    "GET /api/price/history": ADMIN,
    "GET /api/setting": ADMIN,
    "GET /api/setting/{name}": ADMIN,
    "PUT /api/setting/{name}": ADMIN,
    "GET /api/ledger": ADMIN,
    "GET /api/ledger/check": ADMIN,
    "GET /api/audit": ADMIN,
}  # fmt: skip

SERVED: Final = sorted(
    {
        (method, route.path.rstrip("/") or "/")
        for route in routes(cast("Any", None))
        for method in (route.methods or set()) - {"HEAD"}
    }
)


def test_every_route_has_a_row_in_the_matrix() -> None:
    assert [name for name in (f"{method} {path}" for method, path in SERVED)
            if name not in MATRIX] == []  # fmt: skip


@one_engine
async def test_every_address_is_served_with_a_slash_at_its_end_and_without(rig: Rig) -> None:
    admin = await an_admin(rig)
    parts = dict.fromkeys(re.findall(r"{(\w+)}", " ".join(path for _, path in SERVED)), "1")
    asked = [path.format(**parts) for method, path in SERVED if method == "GET"]
    headers: tuple[dict[str, str], ...] = ({}, admin.headers | {"mj-api-secret": admin.key})

    differing: list[object] = []
    for path in asked:
        for key in headers:
            found = [await status_of(rig, "GET", path + end, key) for end in ("", "/", "//")]
            if found != found[:1] * 3 or 300 <= found[0] < 400:
                differing.append((path, found))

    assert differing == []


@one_engine
async def test_no_get_below_api_changes_anything_but_an_export_that_is_audited(rig: Rig) -> None:
    admin = await an_admin(rig)
    task = await rig.imagine()
    await rig.finished(task)
    parts = {"mj_id": task, "id": "1", "name": "routing", "event": "x", "credential": "1"}
    ours = [path for method, path in SERVED if method == "GET" and path.startswith("/api/")]
    asked = [path.format(**parts) for path in ours if "/mj/task/" not in path]
    before = await dump(rig, but="audit")

    for path in asked:
        await status_of(rig, "GET", path, admin.headers)

    acts = await rig.gateway.store.reader.rows("SELECT act, subject FROM audit ORDER BY id")
    assert await dump(rig, but="audit") == before
    assert {tuple(row) for row in acts} == {
        ("tasks exported", "all tasks"), ("tasks exported", f"tasks of user {admin.id}"),
    }  # fmt: skip


@one_engine
async def test_everybody_gets_exactly_as_far_as_he_may(rig: Rig) -> None:
    carol = await a_user(rig)
    people = await personas(rig, carol)
    task = await rig.client.post(
        "/mj/submit/imagine", json={"prompt": "a fox"}, headers={"mj-api-secret": carol.key}
    )
    named = {"n": "1", "name": "maintenance", "event": "evt_1_1_x", "channel": "1",
             "credential": "1", "task": "1-1", "secret": "x", "hash": "x"}  # fmt: skip
    parts = {"mj_id": task.json()["result"], **named}
    await rig.look()
    token = (await carol.data("POST", "/api/token/", {}))["id"]

    wrong: list[str] = []
    for method, path in SERVED:
        own = parts["mj_id"] if "/mj/" in path else token if "/token/" in path else 999_999
        where = path.format(id=own, **parts)
        expected = MATRIX[f"{method} {path}"]
        for persona, wanted in zip(PERSONAS, expected, strict=True):
            headers = people[persona][where.startswith("/api") and "/mj/task/" not in where]
            found = await status_of(rig, method, where, headers)
            if found not in (wanted if isinstance(wanted, frozenset) else {wanted}):
                wrong.append(f"{method} {path}: {persona} got {found}")

    assert wrong == [], "\n".join(wrong)


async def personas(rig: Rig, carol: Manager) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """The headers with which each asks: for the task protocol, and for the management API."""
    login = {"username": "carol", "password": PASSWORD}
    entered = await rig.client.post("/api/user/login", json=login)
    cookie = {
        "Cookie": f"mjgate={entered.cookies['mjgate']}",
        "X-CSRF-Token": entered.json()["data"]["csrf_token"],
        "Origin": "http://gateway",
    }
    rig.client.cookies.clear()
    person = await a_person(rig.gateway, "dave")
    dave, admin = manages(rig, person), await an_admin(rig)
    await admin.data("PUT", f"/api/user/{dave.id}", {"status": "disabled"})
    key, wrong = {"mj-api-secret": carol.key}, {"Authorization": "Bearer sk-nobodys"}
    bob = manages(rig, rig.bob)
    return {
        "nobody": ({}, {}),
        "wrong key": (wrong, wrong),
        "API key": (key, {"Authorization": f"Bearer {carol.key}"}),
        "access token": (carol.headers, carol.headers),
        "cookie": (cookie, cookie),
        "other": ({"mj-api-secret": rig.bob.key}, bob.headers),
        "disabled": ({"mj-api-secret": dave.key}, dave.headers),
        "admin": ({"mj-api-secret": admin.key}, admin.headers),
    }


async def status_of(rig: Rig, method: str, path: str, headers: dict[str, str]) -> int:
    """The status of an answer, which may be a stream without an end. Bodies mean nothing."""
    loop = asyncio.get_running_loop()
    status: asyncio.Future[int] = loop.create_future()
    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("gateway", 80),
        "headers": [(b"host", b"gateway"), *(
            (name.lower().encode(), value.encode()) for name, value in headers.items()
        )],
    }  # fmt: skip
    sent = [{"type": "http.request", "body": b'{"nonsense": 1}', "more_body": False}]

    async def receive() -> Message:
        return sent.pop() if sent else await loop.create_future()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start" and not status.done():
            status.set_result(message["status"])

    task = asyncio.ensure_future(rig.app(scope, receive, send))
    try:
        async with asyncio.timeout(10):
            return await status
    finally:
        task.cancel()
        await asyncio.wait({task})
