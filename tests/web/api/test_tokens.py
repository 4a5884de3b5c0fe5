"""One's own API keys: every field, shown once, changed for all nodes, taken back for good."""

import base64

from mjgate.domain.clock import HOUR
from tests.rig import Rig, a_channel
from tests.web.api.desk import Manager, a_user, manages
from tests.web.shape import FOX, IMAGINE, one_engine

TOKENS = "/api/token/"
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


def wanted(now: int) -> dict[str, object]:
    return {
        "name": "laptop", "status": "enabled", "expires_at": now + HOUR, "quota": 400_000,
        "actions": ["IMAGINE", "UPSCALE"], "modes": ["FAST", "RELAX"], "ips": ["127.0.0.0/8"],
        "default_mode": "RELAX", "max_concurrency": 4, "on_limit": "reject", "sees": "own",
        "fallback": True, "webhook_url": "https://example.com/hook", "webhook_secret": SECRET,
    }  # fmt: skip


async def test_a_key_keeps_every_field_and_tells_itself_once(rig: Rig) -> None:
    alice = manages(rig, rig.alice)
    fields = wanted(rig.clock.now())

    made = await alice.data("POST", TOKENS, fields)
    shown = await alice.data("GET", f"{TOKENS}{made['id']}")

    assert set(made) == {"id", "name", "key"}
    assert shown["key"] == f"sk-****{made['key'][-4:]}"
    assert shown["webhook_secret"] == "****"
    hidden = {"webhook_secret"}
    assert {name: shown[name] for name in fields if name not in hidden} == {
        name: value for name, value in fields.items() if name not in hidden
    }
    submitted = await rig.client.post(IMAGINE, json=FOX, headers={"mj-api-secret": made["key"]})
    task = await rig.task(submitted.json()["result"])
    assert (task.mode, task.hook_url) == ("RELAX", "https://example.com/hook")
    after = await alice.data("GET", f"{TOKENS}{made['id']}")
    assert after["quota"] == 400_000 - task.price
    assert await rig.books() == ()


async def test_a_change_names_only_what_changes_and_is_soon_in_force(rig: Rig) -> None:
    alice = manages(rig, rig.alice)
    made = await alice.data("POST", TOKENS, wanted(rig.clock.now()))
    place = f"{TOKENS}{made['id']}"
    before = await alice.data("GET", place)

    changed = await alice.data("PUT", place, {"quota": None, "actions": [], "expires_at": None})
    named = await alice.data("PUT", place, {"name": "desk"})
    await alice.data("PUT", place, {"status": "disabled"})
    rig.clock.pass_by(1_001)
    answer = await rig.client.post(IMAGINE, json=FOX, headers={"mj-api-secret": made["key"]})

    assert (changed["unlimited"], changed["quota"], changed["actions"]) == (True, None, [])
    assert changed["webhook_secret"] == "****"
    assert named == {**changed, "name": "desk"}
    assert {name for name in before if before[name] != named[name]} == {
        "name", "unlimited", "quota", "actions", "expires_at",
    }  # fmt: skip
    assert answer.status_code == 403
    assert await rig.books() == ()


async def test_a_new_quota_is_what_the_key_may_still_spend(rig: Rig) -> None:
    alice = manages(rig, rig.alice)
    place = f"{TOKENS}{rig.alice.token_id}"
    await rig.imagine()

    limited = await alice.data("PUT", place, {"quota": 49_999})
    refused = await rig.post(IMAGINE, FOX)
    raised = await alice.data("PUT", place, {"quota": 50_000})
    taken = await rig.post(IMAGINE, FOX)

    assert (limited["quota"], raised["quota"]) == (49_999, 50_000)
    assert (refused.status_code, taken.status_code) == (402, 200)
    assert await rig.books() == ()


async def test_a_key_that_was_taken_back_is_gone_for_good(rig: Rig) -> None:
    alice = manages(rig, rig.alice)

    await alice.data("DELETE", f"{TOKENS}{rig.alice.token_id}")
    rig.clock.pass_by(1_001)

    assert (await rig.post(IMAGINE, FOX)).status_code == 401
    await alice.refused(404, "DELETE", f"{TOKENS}{rig.alice.token_id}")
    assert (await alice.data("GET", TOKENS))["total"] == 0


@one_engine
async def test_anothers_key_does_not_exist(rig: Rig) -> None:
    bob, carol = manages(rig, rig.bob), await a_user(rig)
    place = f"{TOKENS}{rig.alice.token_id}"

    for each in (bob, carol):
        await each.refused(404, "GET", place)
        await each.refused(404, "PUT", place, {"name": "mine"})
        await each.refused(404, "DELETE", place)
        own = [key["id"] for key in (await each.data("GET", TOKENS))["items"]]
        assert rig.alice.token_id not in own

    assert (await rig.post(IMAGINE, FOX)).status_code == 200


WRONG: list[tuple[dict[str, object], str | None]] = [
    ({"actions": ["DANCE"]}, "actions"),
    ({"modes": ["SLOW"]}, "modes"),
    ({"modes": "FAST"}, "modes"),
    ({"modes": ["FAST"], "default_mode": "TURBO"}, "default_mode"),
    ({"ips": ["300.1.1.1"]}, "ips"),
    ({"quota": -1}, "quota"),
    ({"max_concurrency": 0}, "max_concurrency"),
    ({"on_limit": "cry"}, "on_limit"),
    ({"sees": "all"}, "sees"),
    ({"expires_at": 5}, "expires_at"),
    ({"webhook_url": "http://127.0.0.1/hook"}, "webhook_url"),
    ({"webhook_url": "ftp://example.com/"}, "webhook_url"),
    ({"webhook_url": "http://gateway/hook"}, "webhook_url"),
    ({"webhook_url": "https://channel.example:9/hook"}, "webhook_url"),
    ({"name": "a\u0000b"}, "name"),
    ({"webhook_secret": "whsec_short"}, "webhook_secret"),
    ({"status": "on"}, "status"),
    ({"key": "sk-chosen"}, "key"),
    ({"user_id": 1}, "user_id"),
    ({"id": 1}, "id"),
]


@one_engine
async def test_what_a_key_cannot_be_is_refused_by_its_field(rig: Rig) -> None:
    alice: Manager = manages(rig, rig.alice)
    place = f"{TOKENS}{rig.alice.token_id}"
    before = await alice.data("GET", place)
    await a_channel(rig.gateway, "elsewhere", "https://channel.example:9/mj")

    for body, field in WRONG:
        for method, path in (("POST", TOKENS), ("PUT", place)):
            found = await alice.refused(400, method, path, body)
            assert found["field"] == field, body

    assert await alice.data("GET", place) == before
    assert (await alice.data("GET", TOKENS))["total"] == 1
