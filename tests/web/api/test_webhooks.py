"""The log of webhooks by the API: what was told, telling it again, holding it back."""

from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from tests.lifecycle.receiver import OK, Receiver, deliver, status
from tests.rig import Rig
from tests.web.api.desk import Manager, manages
from tests.web.shape import one_engine


async def test_the_owner_sees_what_was_told_and_what_came_back(
    hooked: Rig, receiver: Receiver
) -> None:
    receiver.answer = lambda _: status(410, "x" * 3_000)
    alice, bob = manages(hooked, hooked.alice), manages(hooked, hooked.bob)
    task_id = await hooked.imagine(notifyHook=receiver.url("/a?mine=1"))
    await deliver(hooked)

    log = await alice.data("GET", "/api/webhook/?status=dead")
    event = log["items"][0]
    whole = await alice.data("GET", f"/api/webhook/{event['id']}")
    receivers = (await alice.data("GET", "/api/webhook/receiver/"))["items"]

    assert (log["total"], log["page"]) == (1, 1)
    assert (event["mj_id"], event["told"], event["tries"]) == (task_id, "SUBMITTED", 1)
    assert (event["url"], event["next_at"]) == (receiver.url("/a?mine=1"), None)
    assert whole["event"] == event
    assert [each["http_status"] for each in whole["attempts"]] == [410]
    assert whole["attempts"][0]["answer"] == "x" * 2_048
    assert [(each["endpoint"], each["reason"]) for each in receivers] == [
        (receiver.url("/a"), "gone")
    ]
    assert (await bob.data("GET", "/api/webhook/"))["items"] == []
    await bob.refused(404, "GET", f"/api/webhook/{event['id']}")
    await bob.refused(404, "POST", f"/api/webhook/{event['id']}/replay")
    await alice.refused(404, "GET", "/api/webhook/evt_x")
    await alice.refused(400, "GET", "/api/webhook/?status=lost")


async def test_what_died_is_told_again_once_the_receiver_is_back(
    hooked: Rig, receiver: Receiver
) -> None:
    receiver.answer = lambda _: status(410)
    alice = manages(hooked, hooked.alice)
    for _ in range(3):
        await hooked.imagine(notifyHook=receiver.url())
    await deliver(hooked)
    receiver.answer = lambda _: OK
    first = (await alice.data("GET", "/api/webhook/"))["items"][-1]["id"]

    await alice.data("POST", "/api/webhook/resume", {"url": receiver.url()})
    await alice.data("POST", f"/api/webhook/{first}/replay")
    await deliver(hooked)
    rest = await alice.data("POST", "/api/webhook/replay", {"endpoint": receiver.url("/hook?a=b")})
    await deliver(hooked)

    found = (await alice.data("GET", "/api/webhook/"))["items"]
    assert rest == {"events": 2}
    assert {each["status"] for each in found} == {"delivered"}
    assert receiver.got[-3].headers["webhook-id"] == first
    rows = await hooked.gateway.store.reader.rows("SELECT act, after FROM audit ORDER BY id")
    acts = {row["act"]: row["after"] for row in rows}
    assert first in acts["event replayed"]
    assert '"events": 2' in acts["dead events replayed"]


async def test_a_paused_receiver_gets_nothing_until_it_is_resumed(
    hooked: Rig, receiver: Receiver
) -> None:
    alice = manages(hooked, hooked.alice)
    await alice.data("POST", "/api/webhook/pause", {"url": receiver.url()})
    await hooked.imagine(notifyHook=receiver.url("/hook?n=1"))
    await deliver(hooked)
    held = (await alice.data("GET", "/api/webhook/"))["items"][0]["status"]
    before = len(receiver.got)

    waited = await alice.data("POST", "/api/webhook/resume", {"url": receiver.url()})
    await deliver(hooked)

    assert (held, before, waited) == ("paused", 0, {"events": 1})
    assert len(receiver.got) == 1


async def test_a_new_secret_signs_beside_the_one_before(hooked: Rig, receiver: Receiver) -> None:
    alice: Manager = manages(hooked, hooked.alice)
    old = (await alice.data("POST", "/api/webhook/secret"))["secret"]
    new = (await alice.data("POST", "/api/webhook/secret"))["secret"]

    tried = await alice.data("POST", "/api/webhook/test", {"url": receiver.url()})

    got = receiver.got[0]
    signatures = got.headers["webhook-signature"].split()
    assert tried["delivered"] is True
    assert (tried["http_status"], tried["answer"]) == (200, "ok")
    assert tried["body"] == got.json
    assert got.json["status"] == "SUCCESS"
    assert [each.split(",")[1] for each in signatures] == [
        signed(secret, got.headers, got.body) for secret in (new, old)
    ]


@one_engine
async def test_each_test_is_an_event_of_its_own_for_receivers_that_overlook_repeats(
    hooked: Rig, receiver: Receiver
) -> None:
    alice: Manager = manages(hooked, hooked.alice)

    for _ in range(2):
        hooked.clock.pass_by(1)
        await alice.data("POST", "/api/webhook/test", {"url": receiver.url()})

    assert len({got.headers["webhook-id"] for got in receiver.got}) == 2


async def test_a_test_to_where_nobody_may_be_sent_is_told_so(rig: Rig) -> None:
    alice = manages(rig, rig.alice)

    tried = await alice.data("POST", "/api/webhook/test", {"url": "http://127.0.0.1:9/"})

    assert (tried["delivered"], tried["http_status"]) == (False, None)
    assert tried["error"]


def signed(secret: str, headers: dict[str, str], body: bytes) -> str:
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(headers["webhook-id"], at, body.decode()).split(",")[1]
