"""Prices, settings, groups, the ledger and the audit by the API."""

import pytest

from tests.rig import Rig
from tests.web.api.desk import Json, Manager, a_user, manages
from tests.web.shape import FOX, IMAGINE, one_engine


async def test_prices_have_versions_and_hold_for_what_comes(rig: Rig, admin: Manager) -> None:
    first = await rig.imagine()

    before = await admin.data("GET", "/api/price/")
    after = await admin.data("PUT", "/api/price/", {"actions": {"IMAGINE": 70_000}})
    more = await admin.data("PUT", "/api/price/", {"modes": {"TURBO": 3_000}})
    second = await rig.imagine()
    history = await admin.data("GET", "/api/price/history?page_size=1")
    rest = await admin.data("GET", f"/api/price/history?cursor={history['next_cursor']}")

    assert (before["version"], before["actions"]["IMAGINE"]) == (0, 50_000)
    assert after["actions"] == {**before["actions"], "IMAGINE": 70_000}
    assert (more["actions"]["IMAGINE"], more["modes"]["TURBO"]) == (70_000, 3_000)
    assert [(await rig.task(each)).price for each in (first, second)] == [50_000, 70_000]
    assert (await rig.task(second)).price_version == more["version"]
    assert [each["version"] for each in history["items"] + rest["items"]] == [
        more["version"], after["version"],
    ]  # fmt: skip
    assert "next_cursor" not in rest
    assert (history["total"], history["page"], history["page_size"]) == (2, 1, 1)


@one_engine
async def test_a_price_that_cannot_be_is_named(admin: Manager) -> None:
    wrong = {
        "actions": {"actions": {"DANCE": 5}},
        "actions.IMAGINE": {"actions": {"IMAGINE": -1}},
        "modes.FAST": {"modes": {"FAST": 10**7}},
        "actions[...]": {"actions": {"IMAGINE": 1.5}},
        "price": {"price": 5},
    }

    found = [await admin.refused(400, "PUT", "/api/price/", body) for body in wrong.values()]

    assert [each["field"] for each in found] == list(wrong)
    assert (await admin.data("GET", "/api/price/"))["version"] == 0


async def test_a_setting_has_versions_and_is_in_force_at_once(rig: Rig, admin: Manager) -> None:
    place = "/api/setting/maintenance"

    on = await admin.data("PUT", place, {"value": True})
    refused = await rig.post(IMAGINE, FOX)
    off = await admin.data("PUT", place, {"value": False})
    taken = await rig.post(IMAGINE, FOX)
    history = await admin.data("GET", place)
    rows = {row["name"]: row for row in (await admin.data("GET", "/api/setting/"))["items"]}

    assert (on["value"], off["value"]) == (True, False)
    assert (refused.status_code, refused.json()["error"]) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) > 0
    assert taken.status_code == 200
    assert [each["value"] for each in history["items"]] == [False, True]
    assert history["items"][0]["actor"] == f"user {admin.id}"
    assert rows["maintenance"]["version"] == off["version"]


@one_engine
async def test_a_setting_is_held_against_its_row(admin: Manager) -> None:
    wrong: list[object] = [5, "yes", None, [], {"a": 1}]

    found = [
        await admin.refused(400, "PUT", "/api/setting/maintenance", {"value": value})
        for value in wrong
    ]

    assert {each["field"] for each in found} == {"value"}
    await admin.refused(404, "PUT", "/api/setting/colour", {"value": 1})
    await admin.refused(404, "GET", "/api/setting/colour")
    assert (await admin.data("GET", "/api/setting/"))["items"][0]["version"] == 0


@one_engine
@pytest.mark.parametrize("name", ["webhook_url", "alert_url"])
async def test_an_address_of_the_operators_is_held_to_what_any_webhook_is(
    rig: Rig, admin: Manager, name: str
) -> None:
    place = f"/api/setting/{name}"
    hostile = [
        "http://[",
        "ftp://example.com/",
        "not an address",
        "http://127.0.0.1:1/",
        "http://gateway/hook",
    ]

    found = [await admin.refused(400, "PUT", place, {"value": value}) for value in hostile]
    await admin.data("PUT", place, {"value": "https://example.com/hook"})
    off = await admin.data("PUT", place, {"value": ""})

    assert {each["field"] for each in found} == {"value"}
    assert off["value"] == ""
    await rig.set(name, value="http://[")  # as a version before this one would have kept it
    assert (await rig.finished(await rig.imagine()))["status"] == "SUCCESS"


async def test_a_group_has_its_prices_and_goes_when_nobody_is_in_it(
    rig: Rig, admin: Manager
) -> None:
    made = await admin.data("POST", "/api/group/", {"name": "gold", "ratio": 500})
    place = f"/api/group/{made['id']}"
    await admin.data("PUT", f"/api/user/{rig.alice.user_id}", {"group": "gold"})
    rig.clock.pass_by(1_001)
    task = await rig.task(await rig.imagine())
    changed = await admin.data("PUT", place, {"default_mode": "RELAX", "max_running": 1})
    rig.clock.pass_by(1_001)
    second = await rig.task((await rig.post(IMAGINE, FOX)).json()["result"])
    full = await admin.refused(409, "DELETE", place)
    twice = await admin.refused(409, "POST", "/api/group/", {"name": "gold"})
    await admin.data("PUT", f"/api/user/{rig.alice.user_id}", {"group": "default"})

    await admin.data("DELETE", place)

    assert (task.price, changed["ratio"], changed["running"]) == (25_000, 500, 0)
    assert (second.mode, second.state) == ("RELAX", "QUEUED")
    assert "1 users" in full["message"]
    assert ("gold" in twice["message"], twice["field"]) == (True, "name")
    await admin.refused(404, "GET", place)
    await admin.refused(409, "DELETE", f"/api/group/{_default(await groups(admin))}")
    wrong = {"ratio": -1, "default_mode": "SLOW", "max_running": 0, "name": "new"}
    for field, value in wrong.items():
        found = await admin.refused(400, "PUT", f"/api/group/{rig.alice.user_id}", {field: value})
        assert found["field"] == field


async def groups(admin: Manager) -> list[dict[str, Json]]:
    return (await admin.data("GET", "/api/group/"))["items"]


def _default(found: list[dict[str, Json]]) -> int:
    return next(each["id"] for each in found if each["name"] == "default")


async def test_the_ledger_is_told_in_parts_to_each_his_own(rig: Rig, admin: Manager) -> None:
    alice = manages(rig, rig.alice)
    task = await rig.imagine()
    await rig.finished(task)

    first = await alice.data("GET", "/api/ledger/self?page_size=2")
    rest = await alice.data("GET", f"/api/ledger/self?cursor={first['next_cursor']}")
    holds = await alice.data("GET", f"/api/ledger/self?kind=hold&mj_id={task}")
    others = await manages(rig, rig.bob).data("GET", f"/api/ledger/self?mj_id={task}")
    sneaky = await manages(rig, rig.bob).data("GET", f"/api/ledger/self?user_id={alice.id}")
    everybody = await admin.data("GET", f"/api/ledger/?user_id={alice.id}")
    later = await alice.data("GET", "/api/ledger/self?start_timestamp=99999999999999")
    check = await admin.data("GET", "/api/ledger/check")

    kinds = [each["kind"] for each in first["items"] + rest["items"]]
    assert kinds == ["settle", "hold", "grant"]
    assert [each["mj_id"] for each in holds["items"]] == [task]
    assert others["items"] == later["items"] == []
    assert [each["kind"] for each in sneaky["items"]] == ["grant"]
    assert [each["user_id"] for each in everybody["items"]] == [alice.id] * 3
    assert "user_id" not in first["items"][0]
    assert (check["ok"], check["broken"]) == (True, [])
    await alice.refused(400, "GET", "/api/ledger/self?kind=gift")
    await alice.refused(400, "GET", "/api/ledger/self?cursor=-1")


async def test_the_audit_tells_how_it_was_and_how_it_is(rig: Rig, admin: Manager) -> None:
    carol = await a_user(rig)
    await admin.data("PUT", f"/api/user/{carol.id}", {"status": "disabled", "max_running": 7})

    found = await admin.data("GET", f"/api/audit/?act=user%20changed&subject=user%20{carol.id}")

    assert len(found["items"]) == 1
    act = found["items"][0]
    assert act["actor"] == f"user {admin.id}"
    assert act["before"] == {"enabled": True, "max_running": None}
    assert act["after"] == {"enabled": False, "max_running": 7}


async def test_banned_words_are_kept_by_admins(rig: Rig, admin: Manager) -> None:
    made = await admin.data("POST", "/api/banned-word/", {"word": "Fox"})
    await admin.data("PUT", "/api/setting/banned_words", {"value": True})
    refused = (await rig.post(IMAGINE, FOX)).json()
    listed = await admin.data("GET", "/api/banned-word/")
    twice = await admin.refused(409, "POST", "/api/banned-word/", {"word": "fox"})
    empty = await admin.refused(400, "POST", "/api/banned-word/", {"word": ""})

    await admin.data("DELETE", f"/api/banned-word/{made['id']}")
    rig.clock.pass_by(2_001)

    assert (refused["code"], refused["properties"]["bannedWord"].lower()) == (24, "fox")
    assert [each["word"] for each in listed["items"]] == ["Fox"]
    assert ("fox" in twice["message"], twice["field"]) == (True, "word")
    assert empty["field"] == "word"
    assert (await rig.post(IMAGINE, FOX)).json()["code"] == 1
    await admin.refused(404, "DELETE", f"/api/banned-word/{made['id']}")
