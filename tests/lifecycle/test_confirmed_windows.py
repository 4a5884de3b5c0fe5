"""What its client has confirmed: the button goes up, then the modal, each by an attempt."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import pytest

from mjgate.dialects import Accepted
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import UpstreamRefused
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.refused import Refusal, refused_in
from mjgate.lifecycle.sending import modal_for
from mjgate.lifecycle.verdict import NOBODY, taken, unknown_in
from mjgate.store import attempts
from tests.lifecycle.talker import Asked, Talker, says, takes, talking
from tests.rig import PRICE, RICH, Json, MakeRig, Rig, a_channel

HASH = "4f0c8a4e-32a1-4c5e-8a39-6f1f3f1f0a11"
ZOOM, VARY = f"MJ::CustomZoom::{HASH}", f"MJ::JOB::variation::1::{HASH}"
PICTURE = "http://pictures.test/fox.png"


@dataclass
class Asker:
    """A channel whose buttons open windows; `says` and `loses` are what goes wrong next."""

    says: dict[str, bytes | None] = field(default_factory=dict[str, bytes | None])
    loses: set[str] = field(default_factory=set[str])
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    calls: list[str] = field(default_factory=list[str])

    def answer(self, asked: Asked) -> bytes | None:
        call = asked.path.split("/")[-1]
        if asked.submit or call == "cancel":
            self.calls.append(call)
        if call in self.says:
            return self.says.pop(call)
        if asked.submit:
            return self._submit(call, asked.body)
        if call == "cancel":
            return takes(None)
        if call == "list-by-condition":
            return says([self.jobs[each] for each in asked.body["ids"]])
        return says(list(self.jobs.values()) if call == "list" else self._named(asked))

    def _named(self, asked: Asked) -> object:
        return self.jobs[asked.path.split("/")[-2]]

    def _submit(self, call: str, body: dict[str, Any]) -> bytes | None:
        job = self.jobs.get(body.get("taskId", "")) if call == "modal" else None
        if job is None:
            job = dict[str, Any](
                {"id": f"job-{len(self.jobs) + 1}", "state": body["state"], "buttons": []}
            )
            self.jobs[job["id"]] = job
        waits = call == "action"
        done = {"status": "SUCCESS", "imageUrl": PICTURE}
        job.update({"status": "MODAL"} if waits else done)
        if call in self.loses:
            return None
        return takes(job["id"])


@dataclass(frozen=True)
class Scene:
    rig: Rig
    asker: Asker
    talker: Talker

    async def window(self, custom_id: str = ZOOM) -> str:
        """A window that we keep, on a finished picture; what led to it is forgotten."""
        grid = await self.rig.imagine()
        await self.rig.finished(grid)
        body = {"taskId": grid, "customId": custom_id, "enableRemix": True}
        answer = (await self.rig.post("/mj/submit/action", body)).json()
        assert answer["code"] == 21
        self.asker.calls.clear()
        return str(answer["result"])

    async def confirm(self, window: str) -> Json:
        """What the client hears; all is sent by then, unless the channel is not let answer."""
        body = {"taskId": window, "prompt": "a blue fox"}
        answer = (await self.rig.post("/mj/submit/modal", body)).json()
        if self.talker.go.is_set():
            await self.rig.gateway.senders.settle()
        return answer

    async def steps(self, task_id: str) -> list[tuple[str, str]]:
        rows = await self.rig.gateway.store.reader.rows(
            "SELECT step, outcome FROM attempts WHERE task_id = :id ORDER BY no", id=int(task_id)
        )
        return [(row["step"], row["outcome"]) for row in rows]


@pytest.fixture
async def scene(make_rig: MakeRig) -> AsyncGenerator[Scene]:
    asker = Asker()
    async with talking(asker.answer) as talker:
        rig = await make_rig(upstream_url=talker.url, answer_wait=50)
        yield Scene(rig, asker, talker)


async def test_the_modal_is_an_attempt_of_its_own(scene: Scene) -> None:
    window = await scene.window()

    answer = await scene.confirm(window)

    assert (answer["code"], answer["result"]) == (1, window)
    assert (await scene.rig.finished(window))["status"] == "SUCCESS"
    assert scene.asker.calls == ["action", "modal"]
    assert await scene.steps(window) == [("submit", "accepted"), ("modal", "accepted")]
    assert await scene.rig.balance() == (RICH - 2 * PRICE, 0, 2 * PRICE)
    assert await scene.rig.books() == ()


async def test_a_window_whose_sender_died_before_the_modal_is_found_and_confirmed(
    scene: Scene,
) -> None:
    window = await scene.window()
    scene.asker.loses.add("action")
    await scene.confirm(window)
    lost = await scene.rig.task(window)

    await scene.rig.look()
    await scene.rig.gateway.senders.settle()

    assert lost.state is State.UNKNOWN
    assert (await scene.rig.finished(window))["status"] == "SUCCESS"
    assert scene.asker.calls == ["action", "modal"]
    assert await scene.steps(window) == [("submit", "unknown"), ("modal", "accepted")]
    assert await scene.rig.balance() == (RICH - 2 * PRICE, 0, 2 * PRICE)
    assert await scene.rig.books() == ()


async def test_a_modal_whose_answer_is_lost_is_seen_by_a_look_and_not_sent_again(
    scene: Scene,
) -> None:
    window = await scene.window()
    scene.asker.loses.add("modal")
    await scene.confirm(window)
    lost = await scene.rig.task(window)

    ended = await scene.rig.finished(window)

    assert (lost.state, ended["status"]) == (State.UNKNOWN, "SUCCESS")
    assert scene.asker.calls == ["action", "modal"]
    assert await scene.rig.books() == ()


async def test_a_modal_that_never_arrived_is_given_up_and_costs_nothing(scene: Scene) -> None:
    window = await scene.window()
    scene.asker.says["modal"] = None
    await scene.confirm(window)

    await scene.rig.look(after=scene.rig.gateway.timing.adoption_blind + SECOND)
    still = await scene.rig.task(window)
    await scene.rig.look(after=scene.rig.gateway.timing.adoption)

    assert still.state is State.UNKNOWN
    assert (await scene.rig.fetch(window))["properties"]["reason"] == "orphan"
    assert scene.asker.calls == ["action", "modal"]
    assert await scene.rig.balance() == (RICH - PRICE, 0, PRICE)
    assert await scene.rig.books() == ()


async def test_a_hidden_window_that_is_seen_late_is_confirmed_then(scene: Scene) -> None:
    window = await scene.window(VARY)
    scene.asker.says["fetch"] = None
    await scene.confirm(window)
    before = await scene.rig.fetch(window)

    await scene.rig.look()
    await scene.rig.gateway.senders.settle()

    assert before["status"] == "SUBMITTED"
    assert (await scene.rig.finished(window))["status"] == "SUCCESS"
    assert scene.asker.calls == ["action", "modal"]
    assert await scene.rig.books() == ()


async def test_a_modal_for_which_there_was_no_room_waits_and_its_button_is_not_pressed_again(
    scene: Scene,
) -> None:
    window = await scene.window()
    scene.asker.says["modal"] = says({"code": 23, "description": "full"})
    await scene.confirm(window)
    waiting = await scene.rig.task(window)

    scene.rig.clock.pass_by(60 * SECOND)
    await scene.rig.hand_on()

    assert (waiting.state, waiting.status) == (State.QUEUED, "SUBMITTED")
    assert (await scene.rig.finished(window))["status"] == "SUCCESS"
    assert scene.asker.calls == ["action", "modal", "modal"]
    assert await scene.rig.balance() == (RICH - 2 * PRICE, 0, 2 * PRICE)
    assert await scene.rig.books() == ()


async def test_who_cancels_while_the_button_goes_up_gets_no_modal(scene: Scene) -> None:
    window = await scene.window()
    scene.talker.go.clear()
    await scene.confirm(window)
    await scene.rig.post(f"/mj/task/{window}/cancel", {})

    scene.talker.go.set()
    await scene.rig.gateway.senders.settle()

    assert scene.asker.calls == ["action", "cancel"]
    assert (await scene.rig.fetch(window))["failReason"] == "cancelled"
    assert await scene.rig.balance() == (RICH - PRICE, 0, PRICE)
    assert await scene.rig.books() == ()


async def test_a_sender_that_was_thought_dead_disturbs_nobody_who_took_over(scene: Scene) -> None:
    store = scene.rig.gateway.store
    window = await scene.window()
    scene.talker.go.clear()
    await scene.confirm(window)
    (late,) = await attempts.of_task(store.reader, int(window))
    now = scene.rig.clock.now()
    await store.write(unknown_in, late, actor="sweeper", now=now, why="it is gone")

    following = await modal_for(scene.rig.gateway, await scene.rig.task(window), "job-2")
    again = await modal_for(scene.rig.gateway, await scene.rig.task(window), "job-2")
    refusal = Refusal(UpstreamRefused("no"), FailReason.UPSTREAM_REFUSED, "no")
    await store.write(unknown_in, late, actor="sender", now=now, why="it took too long")
    await store.write(refused_in, late, refusal, now=now, quiet=False)
    task = await scene.rig.task(window)
    await taken(scene.rig.gateway, task, Accepted(ids=("job-2",)), NOBODY, by=late)

    assert following is not None
    assert again is None
    assert (await scene.rig.task(window)).state is State.SENDING
    assert await attempts.begun(store.reader, following.attempt)
    assert await scene.rig.books() == ()
    scene.talker.go.set()
    await scene.rig.gateway.senders.settle()


async def test_a_job_whose_task_an_admin_ended_while_it_was_sent_is_stopped_once(
    make_rig: MakeRig,
) -> None:
    asker = Asker()
    async with talking(asker.answer) as talker:
        rig = await make_rig(upstream_url=talker.url, answer_wait=50)
        await a_channel(rig.gateway, "spare", talker.url, priority=-1)
        talker.go.clear()
        task_id = await rig.imagine()
        await fail(rig.gateway, await rig.task(task_id), FailReason.ADMIN, actor="admin")

        talker.go.set()
        await rig.gateway.senders.settle()

    assert asker.calls == ["imagine", "cancel"]
    assert (await rig.fetch(task_id))["properties"]["reason"] == "admin"
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()
