"""Channels by the API: secrets go in and never out, limits, and how one is taken away."""

from mjgate.lifecycle.barred import leave
from mjgate.store import channel_edits
from tests.rig import MakeRig, Rig
from tests.web.api.desk import Json, Manager, an_admin
from tests.web.shape import FOX, IMAGINE, one_engine

CHANNELS = "/api/channel/"
SECRET = "a-secret-of-a-channel"


def new(rig: Rig, **more: object) -> dict[str, object]:
    return {"name": "second", "base_url": rig.upstream_url, "secret": SECRET, **more}


async def test_a_channel_is_added_changed_and_taken_away(rig: Rig, admin: Manager) -> None:
    modes = {"FAST": {"max_running": 3, "submit_gap": 2000}, "RELAX": {"max_waiting": 5}}

    made = await admin.data("POST", CHANNELS, new(rig, modes=modes, options={"notify": "off"}))
    place = f"{CHANNELS}{made['id']}"
    shown = await admin.data("GET", place)
    changed = await admin.data(
        "PUT", place, {"modes": {"TURBO": {"max_running": 1}}, "priority": 5, "groups": ["default"]}
    )
    gone = await admin.data("DELETE", place)

    assert set(made) == {"id", "name", "instance_id"}
    assert shown["modes"] == {
        "FAST": {"running": 0, "max_running": 3, "max_waiting": 1000, "submit_gap": 2000},
        "RELAX": {"running": 0, "max_running": 10, "max_waiting": 5, "submit_gap": 0},
    }
    assert shown["secret"] == f"****{SECRET[-4:]}"
    assert (changed["priority"], list(changed["modes"])) == (5, ["TURBO"])
    assert changed["options"] == {"notify": "off"}
    assert gone == {"id": made["id"], "deleted": True, "status": "deleted"}
    await admin.refused(404, "GET", place)
    assert (await admin.data("GET", CHANNELS))["total"] == 1


async def test_a_new_secret_is_for_new_work_and_the_old_one_ends_what_it_began(
    rig: Rig, admin: Manager
) -> None:
    running = await rig.imagine()
    before = (await rig.task(running)).credential_id

    await admin.data("PUT", f"{CHANNELS}{rig.channel_id}", {"secret": SECRET})
    rig.clock.pass_by(1_001)
    later = await rig.imagine()
    done = await rig.finished(running)

    assert done["status"] == "SUCCESS"
    assert (await rig.task(later)).credential_id != before
    assert (await rig.task(running)).credential_id == before


async def test_a_retired_key_that_tasks_need_ends_only_by_force(rig: Rig, admin: Manager) -> None:
    place = f"{CHANNELS}{rig.channel_id}"
    keys = f"{place}/credential/"
    first, second = await rig.imagine(), await rig.imagine()
    await admin.data("PUT", place, {"secret": SECRET})
    rig.clock.pass_by(1_001)
    shown = (await admin.data("GET", keys))["items"]
    present, retired = shown

    needed = await admin.refused(409, "DELETE", f"{keys}{retired['id']}")
    using = await admin.refused(409, "DELETE", f"{keys}{present['id']}?force=1")
    await admin.data("DELETE", f"{keys}{retired['id']}?force=1")
    left = (await admin.data("GET", keys))["items"]
    ended = [await rig.finished(task) for task in (first, second)]

    assert [each["secret"] for each in shown] == [f"****{SECRET[-4:]}", "****cret"]
    assert (present["retired_at"], present["tasks"], retired["tasks"]) == (None, 0, 2)
    assert (needed["field"], using["field"]) == ("force", "credential")
    assert [each["id"] for each in left] == [present["id"]]
    assert {each["properties"]["reason"] for each in ended} == {"channel_gone"}
    await admin.refused(404, "DELETE", f"{keys}{retired['id']}")
    await admin.refused(404, "DELETE", f"{CHANNELS}999/credential/{present['id']}")
    acts = (await admin.data("GET", "/api/audit/?act=channel%20key%20ended"))["items"]
    assert acts[0]["before"]["secret"] == "****cret"
    assert await rig.books() == ()


async def test_switching_is_in_force_at_once(rig: Rig, admin: Manager) -> None:
    place = f"{CHANNELS}{rig.channel_id}"

    off = await admin.data("POST", f"{place}/disable")
    refused = (await rig.post(IMAGINE, FOX)).json()
    drained = await admin.data("POST", f"{place}/drain")
    on = await admin.data("POST", f"{place}/enable")
    taken = (await rig.post(IMAGINE, FOX)).json()

    assert [each["status"] for each in (off, drained, on)] == ["disabled", "draining", "enabled"]
    assert (refused["code"], taken["code"]) == (3, 1)


async def test_a_channel_is_tried_without_spending(rig: Rig, admin: Manager) -> None:
    trial = await admin.data("POST", f"{CHANNELS}{rig.channel_id}/test")

    assert (trial["ok"], trial["id"]) == (True, rig.channel_id)
    assert (await rig.stats())["jobs"] == 0


async def test_a_channel_with_tasks_goes_only_after_the_last(rig: Rig, admin: Manager) -> None:
    task = await rig.imagine()
    place = f"{CHANNELS}{rig.channel_id}"

    kept = await admin.refused(409, "DELETE", place)
    leaving = await admin.data("DELETE", f"{place}?drain=1")
    refused = (await rig.post(IMAGINE, FOX)).json()
    await leave(rig.gateway)
    still = await admin.data("GET", place)
    done = await rig.finished(task)
    await leave(rig.gateway)

    assert kept["field"] == "drain"
    assert "1 tasks" in kept["message"]
    assert leaving == {"id": rig.channel_id, "deleted": False, "status": "draining"}
    assert refused["code"] == 3
    assert still["status"] == "draining"
    assert done["status"] == "SUCCESS"
    await admin.refused(404, "GET", place)
    assert await rig.books() == ()


async def test_who_is_switched_on_again_stays(rig: Rig, admin: Manager) -> None:
    await rig.imagine()
    place = f"{CHANNELS}{rig.channel_id}"
    await admin.data("DELETE", f"{place}?drain=1")

    await admin.data("POST", f"{place}/enable")

    assert await channel_edits.leaving(rig.gateway.store.reader) == []


async def test_a_mode_in_which_something_runs_is_not_taken_away(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig()
    admin = await an_admin(rig)
    await rig.imagine()
    place = f"{CHANNELS}{rig.channel_id}"
    before = await admin.data("GET", place)

    found = await admin.refused(409, "PUT", place, {"modes": {"RELAX": {}}, "priority": 9})

    assert (found["field"], "FAST" in found["message"]) == ("modes", True)
    assert await admin.data("GET", place) == before


WRONG: list[tuple[Json, str]] = [
    ({"base_url": "ftp://x.example"}, "base_url"),
    ({"base_url": "http://gateway"}, "base_url"),
    ({"secret": "with blanks in it"}, "secret"),
    ({"options": {"auth": "magic"}}, "options"),
    ({"options": {"colour": "red"}}, "options"),
    ({"options": {"auth": 5}}, "options[...]"),
    ({"actions": ["DANCE"]}, "actions"),
    ({"modes": {}}, "modes"),
    ({"modes": {"SLOW": {}}}, "modes"),
    ({"modes": {"FAST": {"max_running": 0}}}, "modes.FAST.max_running"),
    ({"modes": {"FAST": {"submit_gap": -1}}}, "modes.FAST.submit_gap"),
    ({"modes": {"FAST": {"running": 0}}}, "modes[...].running"),
    ({"weight": 0}, "weight"),
    ({"priority": 10**9}, "priority"),
    ({"proxy": "gopher://x"}, "proxy"),
    ({"instance_id": "x"}, "instance_id"),
    ({"status": "enabled"}, "status"),
    ({"name": ""}, "name"),
]


@one_engine
async def test_what_a_channel_cannot_be_is_refused_by_its_field(rig: Rig, admin: Manager) -> None:
    place = f"{CHANNELS}{rig.channel_id}"
    before = await admin.data("GET", place)

    for body, field in WRONG:
        found = await admin.refused(400, "PUT", place, body)
        assert found["field"] == field, (body, found)
    taken = await admin.refused(409, "POST", CHANNELS, new(rig, name="main"))

    assert ("main" in taken["message"], taken["field"]) == (True, "name")
    assert await admin.data("GET", place) == before
    assert (await admin.data("GET", CHANNELS))["total"] == 1
