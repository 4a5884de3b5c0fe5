"""Users, as an admin changes them; what each change ends, and what it must not do."""

import asyncio

import pytest

from mjgate.domain.clock import HOUR
from mjgate.lifecycle.erase import erase
from mjgate.lifecycle.retention import sweep
from mjgate.links import view
from mjgate.manage import Prevented
from mjgate.manage.people import change_user
from mjgate.store import erasing, ledger
from tests.rig import Rig
from tests.web.api.desk import PASSWORD, Manager, a_user, an_admin, desk_of, manages
from tests.web.shape import FOX, IMAGINE, one_engine
from tests.web.test_secrets import dump

USERS = "/api/user/"


async def test_a_user_is_made_found_changed_and_taken_away(rig: Rig, admin: Manager) -> None:
    made = await admin.data("POST", USERS, {"username": "dora", "quota": 500})
    place = f"{USERS}{made['id']}"
    changed = await admin.data("PUT", place, {"max_running": 3, "username": "dora2"})
    listed = await admin.data("GET", f"{USERS}?q=DORA&ps=1")
    early = await admin.refused(409, "DELETE", place)
    await admin.data("PUT", place, {"status": "disabled"})
    await admin.data("DELETE", place)

    assert (made["username"], made["quota"], made["role"]) == ("dora", 500, "user")
    assert (changed["username"], changed["max_running"], changed["quota"]) == ("dora2", 3, 500)
    assert (listed["total"], listed["items"][0]["id"]) == (1, made["id"])
    assert early["message"].startswith("Disable the user first")
    await admin.refused(404, "GET", place)
    assert (await admin.data("POST", USERS, {"username": "dora2"}))["id"] != made["id"]
    assert await rig.books() == ()


async def test_a_deleted_user_leaves_a_ledger_without_his_name(rig: Rig, admin: Manager) -> None:
    carol = await a_user(rig)
    place, hook = f"{USERS}{carol.id}", "https://carols-receiver.example/hook"
    session = await rig.client.post(
        "/api/user/login", json={"username": "carol", "password": PASSWORD}
    )
    key = await carol.data("POST", "/api/token/", {"name": "carols-laptop", "webhook_url": hook})
    headers = {"mj-api-secret": key["key"], "Idempotency-Key": "carols-own"}
    told = {"prompt": "carols-zebra", "state": "carols-state"}
    task = (await rig.client.post(IMAGINE, json=told, headers=headers)).json()["result"]
    await admin.data("PUT", place, {"status": "disabled"})
    running = await admin.refused(409, "DELETE", place)
    await rig.look()
    await rig.archive()
    picture = view(await rig.task(task), rig.gateway.links).image_url

    await admin.data("DELETE", place)
    waiting = await rig.gateway.store.reader.rows("SELECT * FROM outbox")
    while await erase(rig.gateway):
        pass
    rig.clock.pass_by(2 * HOUR)
    swept = await sweep(rig.gateway.store, rig.gateway.files, rig.clock)

    answer = await rig.client.post(IMAGINE, json=FOX, headers=headers)
    seen = await rig.client.get(picture.removeprefix("http://gateway"))
    cookie = {"Cookie": f"mjgate={session.cookies['mjgate']}"}
    after = await rig.client.get("/api/user/self", headers=cookie)
    kept = await admin.data("GET", f"/api/ledger/?user_id={carol.id}")
    assert (answer.status_code, after.status_code, seen.status_code) == (401, 401, 410)
    assert (await carol.ask("GET", "/api/user/self")).status_code == 401
    assert [each["kind"] for each in kept["items"]] == ["settle", "hold", "grant"]
    assert ("1 of his tasks" in running["message"], running["field"]) == (True, "id")
    assert (waiting, swept.contents > 0) == ([], True)
    assert "carol" not in await dump(rig, but="audit")
    assert await rig.books() == ()


async def test_a_user_is_forgotten_in_parts_each_of_which_is_read_once(rig: Rig) -> None:
    ids = [int(await rig.imagine()) for _ in range(3)]
    for each in ids:
        await rig.finished(str(each))
    reader = rig.gateway.store.reader

    first = await erasing.tasks_left(reader, rig.alice.user_id, below=erasing.NEWEST, most=2)
    rest = await erasing.tasks_left(reader, rig.alice.user_id, below=first[-1], most=2)

    assert [*first, *rest] == sorted(ids, reverse=True)


async def test_disabling_ends_everything_within_a_second(rig: Rig, admin: Manager) -> None:
    alice = manages(rig, rig.alice)
    assert (await rig.post(IMAGINE, FOX)).status_code == 200

    await admin.data("PUT", f"{USERS}{rig.alice.user_id}", {"status": "disabled"})
    rig.clock.pass_by(1_001)

    assert (await rig.post(IMAGINE, FOX)).status_code == 403
    assert (await alice.ask("GET", "/api/user/self")).status_code == 403
    assert (await admin.data("GET", f"{USERS}{alice.id}"))["status"] == "disabled"


async def test_the_last_active_admin_stays_one(rig: Rig, admin: Manager) -> None:
    place = f"{USERS}{admin.id}"

    found = [
        await admin.refused(409, "PUT", place, {"role": "user"}),
        await admin.refused(409, "PUT", place, {"status": "disabled"}),
        await admin.refused(409, "DELETE", place),
    ]
    another = await an_admin(rig, "another")
    demoted = await another.data("PUT", place, {"role": "user"})

    assert all("admin" in each["message"] or "Disable" in each["message"] for each in found)
    assert demoted["role"] == "user"
    await admin.refused(403, "GET", USERS)


async def test_two_admins_who_demote_each_other_leave_one(rig: Rig, admin: Manager) -> None:
    another = await an_admin(rig, "another")
    desk = desk_of(rig)

    done = await asyncio.gather(
        *(change_user(desk, each.id, {"enabled": False}) for each in (admin, another)),
        return_exceptions=True,
    )

    assert [type(each) for each in done].count(Prevented) == 1


async def test_money_is_given_once_and_taken_as_far_as_it_is_free(rig: Rig, admin: Manager) -> None:
    carol = await a_user(rig)
    topup, adjust = f"{USERS}{carol.id}/topup", f"{USERS}{carol.id}/adjust"
    before = (await admin.data("GET", f"{USERS}{carol.id}"))["quota"]

    given = await admin.data("POST", topup, {"units": 50, "reference": "invoice 1"})
    twice = await admin.refused(409, "POST", topup, {"units": 50, "reference": "invoice 1"})
    again = await admin.refused(
        409, "POST", adjust, {"units": 1, "reason": "x", "reference": "invoice 1"}
    )
    wrong = [
        await admin.refused(400, "POST", topup, {"units": units})
        for units in (0, -5, 10**15 + 1, 1.5, "5", None)
    ]
    taken = await admin.data("POST", adjust, {"units": -30, "reason": "a mistake"})
    beyond = await admin.refused(409, "POST", adjust, {"units": -(10**14), "reason": "all"})
    silent = await admin.refused(400, "POST", adjust, {"units": -1, "reason": ""})

    assert (given["quota"], taken["quota"]) == (before + 50, before + 20)
    assert "was used before" in twice["message"]
    assert "was used before" in again["message"]
    assert {each["field"] for each in wrong} == {"units"}
    assert (beyond["field"], str(before + 20) in beyond["message"]) == ("units", True)
    assert silent["field"] == "reason"
    assert (await admin.data("GET", f"{USERS}{carol.id}"))["quota"] == before + 20
    kinds = [row["kind"] for row in (await carol.data("GET", "/api/ledger/self"))["items"]]
    assert kinds == ["adjust", "grant", "grant"]
    assert not (await ledger.check(rig.gateway.store.reader)).broken


WRONG = [
    ("POST", {"username": "alice"}, 409, "username"),
    ("POST", {"username": ""}, 400, "username"),
    ("POST", {"username": "x", "role": "king"}, 400, "role"),
    ("POST", {"username": "x", "group": "gold"}, 400, "group"),
    ("POST", {"username": "x", "quota": -1}, 400, "quota"),
    ("POST", {"username": "x", "password": "short"}, 400, "password"),
    ("POST", {"username": "x", "balance": 5}, 400, "balance"),
    ("PUT", {"username": "alice"}, 409, "username"),
    ("PUT", {"group": "gold"}, 400, "group"),
    ("PUT", {"status": "gone"}, 400, "status"),
    ("PUT", {"role": 1}, 400, "role"),
    ("PUT", {"quota": 5}, 400, "quota"),
    ("PUT", {"max_running": 0}, 400, "max_running"),
    ("PUT", {"max_waiting": None}, 400, "max_waiting"),
    ("PUT", {"password": "short"}, 400, "password"),
]


@one_engine
async def test_what_cannot_be_is_refused_by_its_field_and_nothing_is_half_done(
    rig: Rig, admin: Manager
) -> None:
    carol = await a_user(rig)
    before = await admin.data("GET", f"{USERS}{carol.id}")
    count = (await admin.data("GET", USERS))["total"]

    for method, body, status, field in WRONG:
        place = USERS if method == "POST" else f"{USERS}{carol.id}"
        found = await admin.refused(status, method, place, body)
        assert found["field"] == field, body

    assert await admin.data("GET", f"{USERS}{carol.id}") == before
    assert (await admin.data("GET", USERS))["total"] == count
    await admin.refused(404, "PUT", f"{USERS}999", {"role": "user"})
    await admin.refused(404, "GET", f"{USERS}x")


@one_engine
async def test_pages_are_brought_into_their_bounds(rig: Rig, admin: Manager) -> None:
    await a_user(rig)
    asked = {"": 20, "?page_size=0": 1, "?ps=2": 2, "?size=3": 3, "?page_size=100000": 100}

    sizes = {query: (await admin.data("GET", USERS + query))["page_size"] for query in asked}
    pages = [await admin.data("GET", f"{USERS}?p={number}&ps=1") for number in (0, 1, 2, 99)]
    wrong = [
        await admin.refused(400, "GET", f"{USERS}?{query}")
        for query in ("p=-1", "p=x", "page_size=-5", "ps=1.5", "size=%D9%A3")
    ]

    assert sizes == asked
    assert [page["page"] for page in pages] == [1, 1, 2, 99]
    assert pages[0]["items"] == pages[1]["items"] != pages[2]["items"]
    assert pages[3]["items"] == []
    assert [each["field"] for each in wrong] == ["p", "p", "page_size", "page_size", "page_size"]


@one_engine
@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ({"password": "another good one"}, 401),
        ({"role": "admin"}, 200),
        ({"status": "disabled"}, 403),
    ],
)
async def test_a_new_password_role_or_status_ends_sessions(
    rig: Rig, admin: Manager, changed: dict[str, str], again: int
) -> None:
    carol = await a_user(rig)
    login = {"username": "carol", "password": PASSWORD}
    first = await rig.client.post("/api/user/login", json=login)

    await admin.data("PUT", f"{USERS}{carol.id}", changed)

    after = await rig.client.get("/api/user/self")
    entered = await rig.client.post("/api/user/login", json=login)
    assert (first.status_code, after.status_code, entered.status_code) == (200, 401, again)
