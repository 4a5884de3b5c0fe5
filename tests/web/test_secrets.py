"""No secret is in a log, in an answer that does not make it, or in the database."""

import io
import logging

import httpx

from mjgate import telemetry
from tests.rig import Rig
from tests.web.api.desk import Manager, an_admin
from tests.web.shape import IMAGINE

CHANNEL = "the-secret-of-a-channel"
PROXY = "the-password-of-a-proxy"
HOOK = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
PASSWORD = "the password of dora"
GUESS = "a wrong guess at hers"
OWN = (
    "/api/user/self", "/api/token/", "/api/ledger/self", "/api/price/", "/api/webhook/",
    "/api/webhook/receiver/", "/api/mj/self", "/api/mj/self/export",
)  # fmt: skip
EVERYBODYS = (
    "/api/user/", "/api/channel/", "/api/group/", "/api/setting/", "/api/audit/?page_size=100",
    "/api/ledger/", "/api/ledger/check", "/api/status", "/api/price/history", "/api/mj/",
    "/api/mj/export", "/api/stats/", "/metrics", "/openapi.json",
)  # fmt: skip
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
TABLES_PG = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"


async def test_no_secret_gets_out_or_is_kept(rig: Rig, sink: io.StringIO) -> None:
    telemetry.configure(style="json", level="debug", to=sink)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    told: list[str] = []

    async def keep(answer: httpx.Response) -> None:
        await answer.aread()
        told.append(f"{answer.text} {answer.headers!r}")

    admin = await an_admin(rig)
    dora = await admin.data("POST", "/api/user/", {"username": "dora", "password": PASSWORD})
    login = {"username": "dora", "password": PASSWORD}
    session = (await rig.client.post("/api/user/login", json=login)).cookies["mjgate"]
    rig.client.cookies.clear()
    manager = Manager(rig.client, dora["id"], "", {"Authorization": dora["access_token"]})
    key = (await manager.data("POST", "/api/token/", {"webhook_secret": HOOK}))["key"]
    secrets = [
        PASSWORD, GUESS, CHANNEL, PROXY, HOOK, session, key.removeprefix("sk-"),
        dora["access_token"],
    ]  # fmt: skip

    rig.client.event_hooks["response"].append(keep)
    await story(rig, admin, manager, key)
    rig.client.event_hooks["response"].clear()

    everything = {"answers": "\n".join(told), "log": sink.getvalue(), "database": await dump(rig)}
    found = [
        (place, secret)
        for place, text in everything.items()
        for secret in secrets
        if secret in text
    ]
    assert len(told) > 30
    assert found == []


async def story(rig: Rig, admin: Manager, dora: Manager, key: str) -> None:
    """All that shows, changes or mistakes something that has a secret."""
    wrong = {"username": "dora", "password": GUESS}
    await rig.client.post("/api/user/login", json=wrong)
    await rig.client.post("/api/user/login", json={"username": GUESS, "password": GUESS})
    new = {"name": "second", "base_url": rig.upstream_url, "secret": CHANNEL}
    proxy = {"proxy": f"http://u:{PROXY}@p.example:9"}
    made = await admin.data("POST", "/api/channel/", new | proxy)
    place = f"/api/channel/{made['id']}"
    await admin.ask("PUT", place, {"secret": CHANNEL + " with a blank"})
    await admin.ask("PUT", place, {"secret": CHANNEL})
    await admin.ask("POST", f"{place}/test")
    await dora.ask("POST", "/api/user/self/password", {"old_password": GUESS, "password": GUESS})
    await dora.ask("PUT", "/api/token/1", {"webhook_secret": HOOK[:-5]})
    headers = {"mj-api-secret": key}
    await admin.data("POST", f"/api/user/{dora.id}/topup", {"units": 100_000})
    drawn = await rig.client.post(IMAGINE, json={"prompt": "a fox"}, headers=headers)
    await rig.look()
    await rig.client.get(f"/mj/task/list?key={key}", headers=headers)
    await rig.client.post(IMAGINE, content=b"{", headers=headers)
    await rig.client.get("/api/mj/self/export", headers=headers)  # an API key opens no export
    task = f"/api/mj/{drawn.json()['result']}"
    for path in OWN:
        await dora.ask("GET", path)
    for path in (*EVERYBODYS, f"/api/user/{dora.id}", place, f"{place}/credential/"):
        await admin.ask("GET", path)
    for path in ("/api/mj/self/export", "/api/mj/export"):
        assert "a fox" in (await (dora if "self" in path else admin).ask("GET", path)).text
    for path in (f"{task}/timeline", f"{task}/bundle"):
        for each in (dora, admin):
            assert (await each.ask("GET", path)).status_code == 200
    for body in ({"username": "dora"}, {"username": "erin", "pass": PASSWORD}, {"password": 5}):
        await admin.ask("POST", "/api/user/", body)
    await admin.ask("DELETE", f"/api/user/{dora.id}")
    await admin.ask("DELETE", place)
    for path in ("/api/nothing", "/nothing", "/mj/nothing"):
        await admin.ask("GET", path)


async def dump(rig: Rig, *, but: str = "") -> str:
    """Every row of every table but one, as text."""
    reader = rig.gateway.store.reader
    tables = TABLES if rig.gateway.store.engine == "sqlite" else TABLES_PG
    names = [str(row["name"]) for row in await reader.rows(tables)]
    assert {"users", "tokens", "audit", "channels", "sessions"} <= set(names)
    rows = [await reader.rows(f"SELECT * FROM {name}") for name in names if name != but]  # pyright: ignore[reportArgumentType]  # noqa: S608  of our names
    return "\n".join(repr(tuple(row)) for table in rows for row in table)
