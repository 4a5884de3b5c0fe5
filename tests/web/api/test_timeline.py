"""The timeline of a task: all of it for an admin, and for its owner nothing that is not his."""

import json
from typing import Any

from mjgate.domain.task import State
from mjgate.sandbox.server import running
from mjgate.sandbox.settings import SandboxSettings
from mjgate.store import timeline
from mjgate.store.moves import move, note_progress
from tests.lifecycle.receiver import deliver, receiving
from tests.rig import MakeRig, Rig, a_channel
from tests.web.api.desk import Manager, a_user, an_admin, manages

Json = Any

SLOW = SandboxSettings(port=0, seconds=600, pictures="plain")


async def told(person: Manager, task_id: str) -> list[Json]:
    return (await person.data("GET", f"/api/mj/{task_id}/timeline"))["events"]


async def test_a_timeline_tells_everything_in_order_from_the_price_to_the_picture(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(allow_private=("127.0.0.1",))
    admin = await an_admin(rig)
    async with receiving() as receiver:
        task_id = await rig.imagine(notifyHook=receiver.url("/hook?key=hush"))
        await rig.finished(task_id)
        await deliver(rig)
    await rig.archive()
    await admin.data("POST", f"/api/mj/{task_id}/refund", {"reason": "a torn edge"})

    events = await told(admin, task_id)

    assert [each["at"] for each in events] == sorted(each["at"] for each in events)
    said = [(each["kind"], each["what"]) for each in events]
    assert said.index(("state", "SENDING")) < said.index(("state", "SUBMITTED"))
    assert {
        ("attempt", "submit"), ("answer", "accepted"), ("state", "SUCCESS"), ("money", "hold"),
        ("money", "settle"), ("money", "refund"), ("webhook", "submitted"), ("webhook", "final"),
        ("media", "image"), ("state", "refund"), ("admin", "task refunded"),
    } <= set(said)  # fmt: skip
    first = events[0]
    assert (first["text"], first["actor"]) == ("Accepted. Is being handed to a channel.", "user")
    assert first["data"]["price"] > 0
    assert (first["data"]["strategy"], first["data"]["ready"]) == (
        "least_loaded",
        [rig.channel_id],
    )
    assert "hush" not in json.dumps(events)


async def test_an_admin_reads_the_answers_as_they_came_and_the_owner_their_meaning(
    rig: Rig,
) -> None:
    admin, alice = await an_admin(rig), manages(rig, rig.alice)
    task_id = await rig.imagine()
    await rig.finished(task_id)
    task = await rig.task(task_id)

    whole, own = await told(admin, task_id), await told(alice, task_id)

    answer = next(each for each in whole if each["kind"] == "answer")
    end = next(each for each in whole if each["what"] == "SUCCESS")
    assert answer["data"]["channel"] == "main"
    assert answer["data"]["said"].startswith('200 {"code":1')
    assert task.upstream_id in answer["data"]["said"]

    assert task.upstream_id in end["data"]["said"]
    assert len(own) == len(whole)
    seen = json.dumps(own)
    hidden = await timeline.hidden(rig.gateway.store.reader, task)
    assert task.upstream_id in hidden
    assert [name for name in hidden if len(name) > 4 and name in seen] == []
    assert "127.0.0.1" not in seen
    assert {"strategy", "ready", "nonce", "node", "channel"}.isdisjoint(
        {key for each in own for key in each["data"]}
    )


async def test_what_other_channels_said_before_one_took_it_is_kept(rig: Rig) -> None:
    broke = SandboxSettings(port=0, seconds=0, pictures="plain", secret="another")
    async with running(broke) as port:
        await a_channel(rig.gateway, "stranger", f"http://127.0.0.1:{port}", priority=5)
        rig.gateway.forget()
        task_id = await rig.imagine()
    admin = await an_admin(rig)

    events = await told(admin, task_id)

    answers = [each["data"] for each in events if each["kind"] == "answer"]
    assert [(each["channel"], each["outcome"]) for each in answers] == [
        ("stranger", "refused"),
        ("main", "accepted"),
    ]
    assert answers[0]["said"].startswith("401 ")


async def test_progress_is_part_of_the_story(make_rig: MakeRig) -> None:
    rig = await make_rig(sandbox=SLOW)
    task = await rig.task(await rig.imagine())
    write = rig.gateway.store.write
    await write(move, task.id, State.RUNNING, actor="look", now=rig.clock.now())
    for percent in (20, 45, 45):
        await write(note_progress, {task.id: (percent, "{}")}, now=rig.clock.now())

    events = await told(manages(rig, rig.alice), str(task.id))

    progress = [each["text"] for each in events if each["kind"] == "progress"]
    assert progress == ["20% done.", "45% done."]


async def test_a_bundle_has_all_that_is_needed_and_nothing_inside_for_the_owner(rig: Rig) -> None:
    admin, carol = await an_admin(rig), await a_user(rig)
    task_id = (await carol_imagines(rig, carol))["result"]
    await rig.look()

    own = await carol.data("GET", f"/api/mj/{task_id}/bundle")
    whole = await admin.data("GET", f"/api/mj/{task_id}/bundle")

    assert own["task"]["id"] == whole["task"]["id"] == own["mj_id"] == task_id
    assert own["events"]
    assert own["version"]
    assert {"inside", "channel"}.isdisjoint(own)
    assert whole["channel"]["name"] == "main"
    assert whole["inside"]["upstream_id"]
    await manages(rig, rig.bob).refused(404, "GET", f"/api/mj/{task_id}/bundle")


async def carol_imagines(rig: Rig, carol: Manager) -> Json:
    answer = await rig.client.post(
        "/mj/submit/imagine", json={"prompt": "a fox"}, headers={"mj-api-secret": carol.key}
    )
    return answer.json()
