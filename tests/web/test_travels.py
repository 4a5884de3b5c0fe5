"""What of a client's request travels on to the channel, and what never does."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.rig import MakeRig
from tests.served import answering
from tests.web.shape import one_engine

OURS = {
    "host", "mj-api-secret", "mjgate-hops", "accept", "accept-encoding", "content-type",
    "content-length", "user-agent", "connection",
}  # fmt: skip


@dataclass
class Listening:
    """What came in."""

    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    address: str = ""
    body: Any = None

    async def take(self, request: web.Request) -> web.Response:
        self.headers, self.address = request.headers, request.path_qs
        self.body = await request.json()
        return web.json_response({"code": 1, "description": "ok", "result": "job-1"})


@asynccontextmanager
async def listening() -> AsyncGenerator[Listening]:
    ears, app = Listening(), web.Application()
    app.router.add_post("/{path:.*}", ears.take)
    async with answering(app) as ears.url:
        yield ears


@one_engine
async def test_unknown_fields_travel_on_and_queries_headers_and_selectors_never(
    make_rig: MakeRig,
) -> None:
    async with listening() as ears:
        rig = await make_rig(upstream_url=ears.url)
        headers = {
            "mj-api-secret": rig.alice.key,
            "Idempotency-Key": "mine",
            "Cookie": "session=1",
            "X-Forwarded-For": "1.2.3.4",
            "Referer": "https://page.example/",
            "X-Anything": "1",
            "User-Agent": "a client",
            "Mjgate-Hops": "anything, at all",
        }
        body = {
            "prompt": "a red \u0000fox \u2014turbo",
            "state": "my own",
            "quality": {"steps": 30, "userId": 7},
            "seedMode": "new",
            "notifyhook": "https://hooks.example/",
            "AccountId": "7",
            "channel": "vip",
            "instance_ID": "7",
            "tools": ["x"],
            "STORAGE": "mine",
            "Modes": ["RELAX"],
        }

        answer = await rig.client.post(
            "/mj/submit/imagine?channel=vip&dryRun=0", json=body, headers=headers
        )

    assert answer.json()["code"] == 1
    assert ears.address == "/mj/submit/imagine"
    assert {name.lower() for name in ears.headers} == OURS
    assert ears.headers["mj-api-secret"] == "upstream-secret"
    assert "client" not in ears.headers["user-agent"]
    assert set(ears.headers["mjgate-hops"]) <= set("0123456789abcdef,")
    state = ears.body.pop("state")
    assert state not in {"", "my own"}
    assert ears.body == {
        "prompt": "a red fox",
        "botType": "MID_JOURNEY",
        "accountFilter": {"modes": ["TURBO"]},
        "quality": {"steps": 30},
        "seedMode": "new",
    }
    task = await rig.fetch(answer.json()["result"])
    assert (task["state"], task["mode"]) == ("my own", "TURBO")
