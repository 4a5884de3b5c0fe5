"""Webhooks: every event once at least, in order, signed, and nobody waits for somebody else."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from mjgate.domain.clock import DAY, HOUR, SECOND
from mjgate.domain.task import State
from mjgate.domain.webhook import EventId
from mjgate.lifecycle.couriers import OF_A_HOST, Addressee, Courier
from mjgate.lifecycle.notify import sweep
from mjgate.public_http import PublicHTTP
from mjgate.sandbox.settings import SandboxSettings
from mjgate.store import receivers, webhooks
from mjgate.store.database import Row
from mjgate.store.moves import move, note_progress
from mjgate.store.receivers import Pause
from tests.lifecycle.receiver import OK, Got, Receiver, deliver, receiving, status
from tests.rig import HOOK_SECRET, MakeRig, Rig
from tests.web.shape import one_engine

SLOW = SandboxSettings(port=0, seconds=600, pictures="plain")


async def rows(rig: Rig) -> list[tuple[str, str, int]]:
    """Kind, status and tries of every event, in order."""
    found: Sequence[Row] = await rig.gateway.store.reader.rows(
        "SELECT kind, status, tries FROM outbox ORDER BY task_id, seq, kind DESC"
    )
    return [(row["kind"], row["status"], row["tries"]) for row in found]


async def test_a_hook_tells_of_a_task_from_the_channel_to_the_end(
    hooked: Rig, receiver: Receiver
) -> None:
    task_id = await hooked.imagine(notifyHook=receiver.url(), state="mine")
    await deliver(hooked)
    await hooked.finished(task_id)

    await deliver(hooked)

    end = receiver.got[-1].json
    assert receiver.told == [("SUBMITTED", "0%"), ("SUCCESS", "100%")]
    assert (end["id"], end["state"]) == (task_id, "mine")
    assert end["imageUrl"].startswith("http://gateway/mj/image/")
    assert end == await hooked.fetch(task_id)


async def test_events_that_wait_say_what_was_so_when_they_happened(
    hooked: Rig, receiver: Receiver
) -> None:
    await hooked.finished(await hooked.imagine(notifyHook=receiver.url()))

    await deliver(hooked)

    first, last = (each.json for each in receiver.got)
    assert (first["status"], first["imageUrl"], first["buttons"]) == ("SUBMITTED", "", [])
    assert (first["finishTime"], first["failReason"]) == (None, None)
    assert last["status"] == "SUCCESS"


async def test_a_receiver_can_check_who_sent_it_and_that_it_is_a_repeat(
    hooked: Rig, receiver: Receiver
) -> None:
    receiver.answer = failing_on("SUBMITTED")
    await hooked.imagine(notifyHook=receiver.url())
    await deliver(hooked)
    receiver.answer = lambda _: OK

    await deliver(hooked, 10 * SECOND)

    first, again = receiver.got
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body
    assert int(again.headers["webhook-timestamp"]) == hooked.clock.now() // SECOND
    assert again.headers["webhook-signature"] == signature(again, HOOK_SECRET)


async def test_three_failures_and_then_it_is_taken(hooked: Rig, receiver: Receiver) -> None:
    answers = [status(502), status(502), status(502), OK]
    receiver.answer = lambda _: answers.pop(0)
    await hooked.imagine(notifyHook=receiver.url())

    pauses = [0, 7 * SECOND, 19 * SECOND, 60 * SECOND, 10 * DAY]
    for pause in pauses:
        await deliver(hooked, pause)

    assert await rows(hooked) == [("submitted", "delivered", 4)]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len(receiver.got) == 4
    assert await attempts(hooked) == [(502, "no"), (502, "no"), (502, "no"), (200, "ok")]


async def test_progress_is_told_once_a_second_and_holds_nothing_up(
    make_rig: MakeRig, receiver: Receiver
) -> None:
    rig = await make_rig(sandbox=SLOW, allow_private=("127.0.0.1",))
    task = await rig.task(await rig.imagine(notifyHook=receiver.url()))
    await to(rig, task.id, State.RUNNING)
    await deliver(rig)
    for percent in (11, 12, 13):
        await progress(rig, task.id, percent)
        await deliver(rig, 300)
    await progress(rig, task.id, 14)
    await deliver(rig, 100)
    await progress(rig, task.id, 15)
    await to(rig, task.id, State.FAILURE)

    await deliver(rig, DAY)

    assert receiver.told == [
        ("SUBMITTED", "0%"),
        ("IN_PROGRESS", "0%"),
        ("IN_PROGRESS", "14%"),
        ("FAILURE", "100%"),
    ]


async def test_the_end_waits_until_each_earlier_status_has_failed_once(
    make_rig: MakeRig, receiver: Receiver
) -> None:
    rig = await make_rig(sandbox=SLOW, allow_private=("127.0.0.1",))
    receiver.answer = failing_on("SUBMITTED", "IN_PROGRESS")
    task = await rig.task(await rig.imagine(notifyHook=receiver.url()))
    await deliver(rig)
    await to(rig, task.id, State.RUNNING)
    await to(rig, task.id, State.FAILURE)

    await deliver(rig)
    await deliver(rig, DAY)

    assert [told for told, _ in receiver.told] == ["SUBMITTED", "IN_PROGRESS", "FAILURE"]
    assert await rows(rig) == [
        ("submitted", "dropped", 1),
        ("status", "dropped", 1),
        ("final", "delivered", 1),
    ]


async def test_a_status_that_failed_is_told_before_the_next_one(
    make_rig: MakeRig, receiver: Receiver
) -> None:
    rig = await make_rig(sandbox=SLOW, allow_private=("127.0.0.1",))
    receiver.answer = lambda _: status(500)
    task = await rig.task(await rig.imagine(notifyHook=receiver.url()))
    await deliver(rig)
    await to(rig, task.id, State.RUNNING)
    receiver.answer = lambda _: OK

    await deliver(rig)
    await deliver(rig, 10 * SECOND)

    assert [told for told, _ in receiver.told] == ["SUBMITTED", "SUBMITTED", "IN_PROGRESS"]


async def test_a_receiver_that_hangs_delays_no_other(hooked: Rig, receiver: Receiver) -> None:
    async with receiving() as other:
        receiver.answer = lambda _: None
        for _ in range(5):
            await hooked.imagine(notifyHook=receiver.url())
        await hooked.imagine(notifyHook=other.url())
        courier = Courier(hooked.gateway)

        while not other.got:
            await courier.step()
            await other.came.wait()

        assert other.told == [("SUBMITTED", "0%")]
        receiver.release()
        await courier.settle()
    assert min(await rows(hooked)) == ("submitted", "delivered", 1)


@one_engine
async def test_a_path_that_hangs_delays_no_other_path_of_the_same_server(
    make_rig: MakeRig, receiver: Receiver
) -> None:
    hooked = await make_rig(max_running=40, allow_private=("127.0.0.1",))
    receiver.answer = lambda got: None if got.path == "/hangs" else OK
    for number in range(30):
        path = "/works" if number % 10 == 9 else "/hangs"
        await hooked.imagine(notifyHook=receiver.url(path))
    courier = Courier(hooked.gateway)

    while [row[1] for row in await rows(hooked)].count("delivered") < 3:
        await courier.step()
        await asyncio.sleep(0)

    works = [got.path for got in receiver.got].count("/works")
    receiver.release()
    await courier.settle()
    assert works == 3


@one_engine
async def test_a_server_with_a_path_for_each_task_is_told_all_of_them_at_one_go(
    make_rig: MakeRig, receiver: Receiver
) -> None:
    hooked = await make_rig(max_running=80, allow_private=("127.0.0.1",))
    for number in range(OF_A_HOST + 12):
        await hooked.imagine(notifyHook=receiver.url(f"/{number}"))
    courier = Courier(hooked.gateway)

    await courier.step()
    await courier.settle()

    assert len({got.path for got in receiver.got}) == OF_A_HOST + 12


def test_a_server_rests_only_when_many_of_its_paths_fail_and_none_works() -> None:
    server = Addressee(most=4, bears=3)
    for name in ("a", "a", "a", "a", "b"):
        server.heard(name, well=False, now=0)
    before = server.free(0)
    server.heard("c", well=False, now=0)
    server.heard("d", well=False, now=0)
    resting, after, later = server.free(0), server.free(SECOND), server.free(HOUR)
    server.heard("a", well=True, now=SECOND)

    assert (before, resting, after, later) == (4, 0, 1, 1)
    assert server.free(SECOND) == 4


async def test_a_receiver_that_fails_again_and_again_is_tried_less_often(
    make_rig: MakeRig, receiver: Receiver
) -> None:
    hooked = await make_rig(max_running=20, allow_private=("127.0.0.1",))
    receiver.answer = lambda _: status(503)
    for _ in range(20):
        await hooked.imagine(notifyHook=receiver.url())
    courier = Courier(hooked.gateway)
    await courier.step()
    await courier.settle()
    first = len(receiver.got)

    await courier.step()
    await courier.settle()

    assert 3 <= first <= 8
    assert len(receiver.got) == first


async def test_an_address_that_is_gone_is_switched_off(hooked: Rig, receiver: Receiver) -> None:
    receiver.answer = lambda _: status(410)
    await hooked.imagine(notifyHook=receiver.url("/a?key=1"))
    await deliver(hooked)
    await hooked.imagine(notifyHook=receiver.url("/a?key=2"))
    await hooked.imagine(notifyHook=receiver.url("/b"))

    await deliver(hooked)

    assert [got.path for got in receiver.got] == ["/a?key=1", "/b"]
    assert {row[1] for row in await rows(hooked)} == {"dead"}
    found = await receivers.of_user(hooked.gateway.store.reader, hooked.alice.user_id)
    assert {(each.endpoint, each.reason) for each in found} == {
        (receiver.url("/a"), Pause.GONE),
        (receiver.url("/b"), Pause.GONE),
    }


async def test_a_receiver_that_is_dead_for_days_is_paused_and_can_be_resumed(
    hooked: Rig, receiver: Receiver
) -> None:
    receiver.answer = lambda _: status(500)
    store, alice = hooked.gateway.store, hooked.alice.user_id
    await hooked.imagine(notifyHook=receiver.url())
    await deliver(hooked)
    hooked.clock.pass_by(3 * DAY)
    await hooked.imagine(notifyHook=receiver.url())
    await deliver(hooked)
    await hooked.imagine(notifyHook=receiver.url())
    await deliver(hooked, 8 * HOUR)
    receiver.answer = lambda _: OK
    before = len(receiver.got)

    waiting = await store.write(receivers.resume, alice, receiver.url(), hooked.clock.now())
    await deliver(hooked)

    assert waiting == 2
    assert len(receiver.got) == before + 2
    assert [row[1] for row in await rows(hooked)] == ["dead", "delivered", "delivered"]
    assert await receivers.of_user(store.reader, alice) == []


async def test_it_is_tried_for_a_day_and_then_kept_as_dead(hooked: Rig, receiver: Receiver) -> None:
    receiver.answer = lambda _: status(302, more="Location: /elsewhere\r\n")
    await hooked.imagine(notifyHook=receiver.url())
    born = hooked.clock.now()

    while (await rows(hooked))[0][1] == "due":
        await deliver(hooked, HOUR)

    assert hooked.clock.now() - born >= DAY
    assert {got.path for got in receiver.got} == {"/hook"}


async def test_what_a_dead_process_had_claimed_is_told_by_another(
    hooked: Rig, receiver: Receiver
) -> None:
    await hooked.imagine(notifyHook=receiver.url())
    now = hooked.clock.now()
    taken = await hooked.gateway.store.write(
        webhooks.claim, [(receiver.url(), 8)], now=now, until=now + 20 * SECOND
    )
    await deliver(hooked)
    assert receiver.got == []

    await deliver(hooked, 20 * SECOND)

    assert [got.headers["webhook-id"] for got in receiver.got] == [str(taken[0].id)]


async def test_the_operators_own_hook_hears_of_tasks_that_have_none_and_has_its_own_secret(
    hooked: Rig, receiver: Receiver
) -> None:
    await hooked.set("webhook_url", value=receiver.url("/all"))
    await hooked.imagine()
    await hooked.imagine(notifyHook=receiver.url("/mine"))

    await deliver(hooked)

    secrets = {"/all": hooked.gateway.keys.secrets("webhook of the operator")[0]}
    for got in receiver.got:
        expected = signature(got, secrets.get(got.path, HOOK_SECRET))
        assert got.headers["webhook-signature"] == expected
    assert {got.path for got in receiver.got} == {"/all", "/mine"}


async def test_an_upscale_pressed_again_tells_the_new_address_how_it_stands(
    hooked: Rig, receiver: Receiver
) -> None:
    grid = await hooked.imagine()
    await hooked.finished(grid)
    first = (await hooked.press(grid, "U1"))["result"]
    await hooked.finished(first)

    again = await hooked.press(grid, "U1", notifyHook=receiver.url())
    await deliver(hooked)

    assert again["result"] == first
    assert [(got.json["id"], got.json["status"]) for got in receiver.got] == [(first, "SUCCESS")]


@pytest.mark.parametrize("place", ["gateway", "upstream"])
async def test_a_hook_may_lead_neither_to_ourselves_nor_to_a_channel(
    hooked: Rig, place: str
) -> None:
    url = {"gateway": "http://gateway:80/mj/submit/imagine", "upstream": hooked.upstream_url}[place]

    answer = await hooked.post("/mj/submit/imagine", {"prompt": "a fox", "notifyHook": url})

    assert (answer.json()["code"], answer.json()["properties"]["reason"]) == (4, "bad_address")


async def test_an_address_that_turns_out_to_be_private_gets_nothing(
    hooked: Rig, receiver: Receiver
) -> None:
    await hooked.imagine(notifyHook=receiver.url())
    public = await PublicHTTP.start()
    strict = replace(hooked, gateway=replace(hooked.gateway, public=public))

    await deliver(strict)

    assert receiver.got == []
    assert await rows(hooked) == [("submitted", "due", 1)]
    await public.close()


async def test_what_is_over_is_forgotten_after_its_time(hooked: Rig, receiver: Receiver) -> None:
    receiver.answer = failing_on("SUCCESS")
    await hooked.finished(await hooked.imagine(notifyHook=receiver.url()))
    for _ in range(30):
        await deliver(hooked, HOUR)
    reader = hooked.gateway.store.reader
    kept: list[tuple[int, int]] = []

    for days in (0, 7, 23):
        hooked.clock.pass_by(days * DAY)
        await sweep(hooked.gateway)
        logged = await reader.rows("SELECT DISTINCT kind FROM deliveries")
        kept.append((len(await rows(hooked)), len(logged)))

    assert kept == [(2, 2), (1, 1), (0, 0)]


def test_an_event_is_named_so_that_it_can_be_found_again() -> None:
    event = EventId(1_763_712_000_123_456, 7, "final")

    assert EventId.read(str(event)) == event
    assert EventId.read("evt_1_x_final") is None


def failing_on(*kinds: str) -> Callable[[Got], bytes]:
    return lambda got: status(500) if got.json["status"] in kinds else OK


def signature(got: Got, secret: str) -> str:
    """What the public library of the scheme makes of it."""
    at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(got.headers["webhook-id"], at, got.body.decode())


async def attempts(rig: Rig) -> list[tuple[int | None, str]]:
    found = await rig.gateway.store.reader.rows("SELECT status, answer FROM deliveries ORDER BY id")
    return [(row["status"], row["answer"]) for row in found]


async def to(rig: Rig, task_id: int, state: State) -> None:
    assert await rig.gateway.store.write(move, task_id, state, actor="a test", now=rig.clock.now())


async def progress(rig: Rig, task_id: int, percent: int) -> None:
    await rig.gateway.store.write(note_progress, {task_id: (percent, "{}")}, now=rig.clock.now())
