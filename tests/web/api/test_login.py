"""Logging in: what a cookie needs, how long it is good, and how guessing is slowed."""

from dataclasses import replace

import httpx

from mjgate.domain.clock import DAY, HOUR, MINUTE, SECOND
from mjgate.manage.sessions import network
from mjgate.manage.users import first_admin
from mjgate.web import WebSettings, create_app
from tests.rig import Rig
from tests.web.api.desk import PASSWORD, Json, Manager, a_user, desk_of, manages
from tests.web.shape import one_engine

HOME = "http://gateway"
LOGIN = "/api/user/login"
SELF = "/api/user/self"
CHANGE = "/api/user/self/password"


def browser(rig: Rig, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """Somebody with a cookie jar of his own."""
    transport = httpx.ASGITransport(rig.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url=HOME, headers={"Origin": HOME})


async def enter(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post(LOGIN, json={"username": name, "password": password})


async def entered(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> Json:
    answer = await enter(client, name, password)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    client.headers["X-CSRF-Token"] = data["csrf_token"]
    return data


async def test_a_session_opens_the_api_until_its_user_leaves(rig: Rig) -> None:
    carol = await a_user(rig)
    client = browser(rig)

    before = await client.get(SELF)
    data = await entered(client, "carol")
    inside = await client.get(SELF)
    left = await client.post("/api/user/logout")
    after = await client.get(SELF)

    assert before.status_code == 401
    assert data["id"] == carol.id
    assert inside.json()["data"]["username"] == "carol"
    assert inside.json()["data"]["csrf_token"] == data["csrf_token"]
    assert left.status_code == 200
    assert after.status_code == 401


async def test_each_login_has_a_new_session_that_scripts_cannot_read(rig: Rig) -> None:
    await a_user(rig)

    first, second = [(await enter(browser(rig), "carol")) for _ in range(2)]

    cookies = [answer.headers["set-cookie"] for answer in (first, second)]
    assert first.cookies["mjgate"] != second.cookies["mjgate"]
    assert all("HttpOnly" in each and "SameSite=lax" in each for each in cookies)
    row = await rig.gateway.store.reader.row("SELECT COUNT(*) AS n FROM sessions")
    assert row is not None
    assert row["n"] == 2
    dump = await rig.gateway.store.reader.rows("SELECT id_hash FROM sessions")
    assert first.cookies["mjgate"] not in {each["id_hash"] for each in dump}


PAGES: list[tuple[dict[str, str], int]] = [
    ({}, 200),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": ""}, 403),
    ({"Origin": "http://gateway.evil.example"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 200),
    ({"X-CSRF-Token": ""}, 403),
    ({"X-CSRF-Token": "guess"}, 403),
]


@one_engine
async def test_a_change_by_cookie_comes_from_our_own_page(rig: Rig) -> None:
    await a_user(rig)
    client = browser(rig)
    await entered(client, "carol")

    statuses = [
        (await client.post("/api/user/token", json={}, headers=headers)).status_code
        for headers, _ in PAGES
    ]

    assert statuses == [status for _, status in PAGES]


@one_engine
async def test_a_cookie_without_a_word_of_its_page_changes_nothing(rig: Rig) -> None:
    await a_user(rig)
    client = browser(rig)
    await entered(client, "carol")
    del client.headers["Origin"]

    assert (await client.post("/api/user/token", json={})).status_code == 403
    assert (await client.get(SELF)).status_code == 200


@one_engine
async def test_anothers_form_token_is_of_no_use(rig: Rig) -> None:
    await a_user(rig)
    await a_user(rig, "dave")
    carol, dave = browser(rig), browser(rig)
    await entered(carol, "carol")
    token = (await entered(dave, "dave"))["csrf_token"]

    answer = await carol.post("/api/user/token", json={}, headers={"X-CSRF-Token": token})

    assert answer.status_code == 403


async def test_a_session_ends_when_nobody_is_there(rig: Rig) -> None:
    await a_user(rig)
    client = browser(rig)
    await entered(client, "carol")

    statuses: list[int] = []
    for idle in (11 * HOUR, 11 * HOUR, 12 * HOUR + 1):
        rig.clock.pass_by(idle)
        statuses.append((await client.get(SELF)).status_code)

    assert statuses == [200, 200, 401]


async def test_a_session_ends_after_a_week_however_busy(rig: Rig) -> None:
    await a_user(rig)
    client = browser(rig)
    await entered(client, "carol")

    statuses: list[int] = []
    for _ in range(15):
        rig.clock.pass_by(DAY // 2 - 1)
        statuses.append((await client.get(SELF)).status_code)

    assert statuses == [200] * 14 + [401]


async def test_a_new_password_ends_the_other_sessions(rig: Rig) -> None:
    carol = await a_user(rig)
    here, there = browser(rig), browser(rig)
    await entered(here, "carol")
    await entered(there, "carol")

    wrong = await here.post(CHANGE, json={"old_password": "not it at all", "password": "n" * 12})
    short = await here.post(CHANGE, json={"old_password": PASSWORD, "password": "short"})
    done = await here.post(CHANGE, json={"old_password": PASSWORD, "password": "another good one"})

    assert (wrong.status_code, wrong.json()["field"]) == (400, "old_password")
    assert (short.status_code, short.json()["field"]) == (400, "password")
    assert done.status_code == 200
    assert (await here.get(SELF)).status_code == 200
    assert (await there.get(SELF)).status_code == 401
    assert (await enter(browser(rig), "carol")).status_code == 401
    assert (await enter(browser(rig), "carol", "another good one")).status_code == 200
    assert (await carol.ask("GET", SELF)).status_code == 200


async def test_a_one_time_password_is_changed_before_anything_else(rig: Rig) -> None:
    made = await first_admin(desk_of(rig))
    assert made is not None
    client = browser(rig)

    data = await entered(client, made.username, made.password)
    before = await client.post("/api/user/token", json={})
    body = {"old_password": made.password, "password": PASSWORD}
    changed = await client.post(CHANGE, json=body)
    after = await client.post("/api/user/token", json={})

    assert data["must_change_password"] is True
    assert (before.status_code, changed.status_code, after.status_code) == (403, 200, 200)
    assert "self/password" in before.json()["message"]


async def test_a_one_time_password_is_void_after_a_day(rig: Rig) -> None:
    made = await first_admin(desk_of(rig))
    assert made is not None
    rig.clock.pass_by(DAY)

    answer = await enter(browser(rig), made.username, made.password)

    assert answer.status_code == 401
    assert "mjgate user password" in answer.json()["message"]


async def test_guessing_at_one_account_is_slowed_from_wherever_it_comes(rig: Rig) -> None:
    await a_user(rig)
    await a_user(rig, "dave")

    guesses = [await enter(browser(rig, f"10.0.0.{n}"), "carol", "wrong" * 4) for n in range(8)]
    owner = await enter(browser(rig), "carol")
    another = await enter(browser(rig), "dave")
    rig.clock.pass_by(SECOND)
    later = await enter(browser(rig), "carol")

    assert [guess.status_code for guess in guesses] == [401] * 5 + [429] * 3
    assert (owner.status_code, owner.headers["retry-after"]) == (429, "1")
    assert another.status_code == 200
    assert later.status_code == 200
    assert (await enter(browser(rig), "carol")).status_code == 200


@one_engine
async def test_the_pause_grows_and_has_an_end(rig: Rig) -> None:
    await a_user(rig)
    pauses: list[int] = []

    for n in range(20):
        answer = await enter(browser(rig, f"10.0.0.{n}"), "carol", "wrong" * 4)
        if answer.status_code == 429:
            pauses.append(int(answer.headers["retry-after"]))
            rig.clock.pass_by(pauses[-1] * SECOND)

    assert pauses == sorted(pauses)
    assert pauses[0] == 1
    assert max(pauses) <= MINUTE // SECOND


@one_engine
async def test_guessing_from_one_network_is_slowed_whatever_the_name(rig: Rig) -> None:
    for n in range(23):
        await a_user(rig, f"user{n}")

    statuses = [
        (await enter(browser(rig, f"2001:db8::{n:x}"), f"user{n}", "x" * 12)).status_code
        for n in range(23)
    ]
    owner = await enter(browser(rig, "2001:db8::ffff"), "user0")
    elsewhere = await enter(browser(rig, "2001:db8:0:1::1"), "user0")

    assert statuses == [401] * 20 + [429] * 3
    assert owner.status_code == 429
    assert elsewhere.status_code == 200


@one_engine
async def test_a_name_that_nobody_has_is_refused_in_the_same_words(rig: Rig) -> None:
    await a_user(rig)

    known, unknown = [await enter(browser(rig), name, "x" * 12) for name in ("carol", "nobody")]

    assert (known.status_code, unknown.status_code) == (401, 401)
    assert known.json()["message"] == unknown.json()["message"]


def test_neighbours_are_counted_together() -> None:
    assert network("2001:db8::1") == network("2001:db8::2") != network("2001:db8:0:1::1")
    assert network("10.0.0.1") != network("10.0.0.2")
    assert network("") == "unknown"


@one_engine
async def test_who_knows_his_password_is_never_slowed(rig: Rig) -> None:
    await a_user(rig)

    statuses = [(await enter(browser(rig), "carol")).status_code for _ in range(25)]

    assert statuses == [200] * 25


async def test_a_failed_login_is_audited_without_what_was_typed(rig: Rig) -> None:
    carol = await a_user(rig)
    await enter(browser(rig), "carol", "my-secret-guess")
    await enter(browser(rig), "my-password-as-a-name", "x" * 12)

    rows = await rig.gateway.store.reader.rows("SELECT * FROM audit WHERE act = 'login failed'")

    assert [row["subject"] for row in rows] == [f"user {carol.id}", "user unknown"]
    text = repr([tuple(row) for row in rows])
    assert "my-secret-guess" not in text
    assert "my-password-as-a-name" not in text
    assert "127.0.0.1" in text


@one_engine
async def test_under_https_the_cookie_is_bound_to_this_host(rig: Rig) -> None:
    await a_user(rig)
    links = replace(rig.gateway.links, public_url="https://gateway")
    secure = replace(rig.gateway, links=links)
    transport = httpx.ASGITransport(create_app(secure, WebSettings()))
    async with httpx.AsyncClient(transport=transport, base_url="https://gateway") as client:
        answer = await enter(client, "carol")

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-mjgate=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_an_access_token_is_rotated_and_the_old_one_is_dead(rig: Rig) -> None:
    carol = await a_user(rig)
    old = dict(carol.headers)

    made = await carol.data("POST", "/api/user/token")
    carol.headers = {"Authorization": f"Bearer {made['access_token']}"}

    assert (await rig.client.get(SELF, headers=old)).status_code == 401
    assert (await carol.data("GET", SELF))["access_token"] == f"****{made['access_token'][-4:]}"


async def test_an_access_token_expires_when_it_was_asked_to(rig: Rig) -> None:
    carol = await a_user(rig)
    soon = rig.clock.now() + HOUR
    refused = await carol.refused(400, "POST", "/api/user/token", {"expires_at": 5})
    made = await carol.data("POST", "/api/user/token", {"expires_at": soon})
    headers = {"Authorization": made["access_token"]}

    before = await rig.client.get(SELF, headers=headers)
    rig.clock.pass_by(HOUR)
    after = await rig.client.get(SELF, headers=headers)

    assert refused["field"] == "expires_at"
    assert (before.status_code, after.status_code) == (200, 401)


NAMED = {
    "{id}": 200, "Bearer {id}": 200, "bearer  {id}": 200,
    "": 401, "0": 401, "1{id}": 401, "carol": 401, "Bearer": 401,
}  # fmt: skip


@one_engine
async def test_new_api_user_must_be_ones_own_id(rig: Rig) -> None:
    carol = await a_user(rig)

    statuses: dict[str, int] = {}
    for value in NAMED:
        carol.headers["New-Api-User"] = value.format(id=carol.id)
        statuses[value] = (await carol.ask("GET", SELF)).status_code

    assert statuses == NAMED


BODIES: list[tuple[object, str | None]] = [
    ({"username": "carol"}, "password"),
    ({"username": "carol", "password": PASSWORD, "remember": True}, "remember"),
    ({"username": 5, "password": PASSWORD}, "username"),
    ({"username": "ca\0rol", "password": PASSWORD}, "username"),
    ([], None),
    ("carol", None),
]


@one_engine
async def test_what_a_body_must_not_be_is_named(rig: Rig) -> None:
    nobody = Manager(rig.client, 0)

    found = [await nobody.refused(400, "POST", LOGIN, body) for body, _ in BODIES]

    assert [each["field"] for each in found] == [field for _, field in BODIES]


@one_engine
async def test_every_answer_below_api_has_the_envelope(rig: Rig) -> None:
    nobody = Manager(rig.client, 0)
    text = {"Content-Type": "text/plain"}

    missing = await nobody.refused(404, "GET", "/api/nothing/here")
    bare = await nobody.refused(404, "GET", "/api")
    method = await rig.client.delete("/api/status")
    media = await rig.client.post(LOGIN, content=b"{}", headers=text)
    size = await rig.client.post(LOGIN, content=b" " * 300_000)

    assert missing["message"] == "There is nothing at /api/nothing/here."
    assert bare["message"].startswith("There is nothing here")
    assert (method.status_code, media.status_code, size.status_code) == (405, 415, 413)
    assert set(method.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert {each.json()["success"] for each in (method, media, size)} == {False}
    assert "access-control-allow-origin" not in method.headers


@one_engine
async def test_the_status_tells_strangers_little(rig: Rig) -> None:
    alice = manages(rig, rig.alice)

    stranger = await Manager(rig.client, 0).data("GET", "/api/status")
    known = await alice.data("GET", "/api/status")

    assert stranger == {"has_admin": False, "has_channel": True}
    assert set(known) == {"has_admin", "has_channel", "version", "uptime_seconds"}
