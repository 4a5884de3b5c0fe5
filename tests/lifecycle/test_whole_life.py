"""
The whole life of tasks, from outside: two gateways on one database, and an upstream that may do
anything.

Clients submit, repeat, confirm and cancel; the upstream answers, is silent, goes back and forth
and notifies when it likes; gateways die and begin anew with nothing but the database.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mjgate.domain.clock import HOUR, MINUTE, SECOND
from mjgate.domain.task import State, Status, Task
from mjgate.domain.timing import Timing
from mjgate.lifecycle import Gateway, Senders, nodes, queue, window
from mjgate.lifecycle.absence import Absence
from mjgate.lifecycle.breaker import probe
from mjgate.lifecycle.track import Tracker
from mjgate.store import ledger
from mjgate.store.columns import from_row
from mjgate.web import WebSettings, create_app
from tests.lifecycle.scenes import PLACES
from tests.lifecycle.stage import MOODS, Job, Stage
from tests.lifecycle.talker import talking
from tests.lifecycle.test_the_books import begin_anew, reachable
from tests.rig import HandClock, Person, a_channel, a_gateway, a_person

T = TypeVar("T")

PICKS = st.integers(0, 99)
NODES = st.integers(0, 1)
PAUSES = st.sampled_from((*(4 * (2 * SECOND, 12 * SECOND)), 80 * SECOND, 20 * MINUTE, 2 * HOUR))
WORDS = st.sampled_from(
    (*(3 * (("IN_PROGRESS", ""),)), *(3 * (("SUCCESS", ""),)), ("FAILURE", "no"), ("FAILURE", ""))
)
MOST = 6


class Died(BaseException):
    """The process was killed here; nothing that follows is done."""


@dataclass
class Node:
    """A gateway of its own, with its clients' way to it."""

    gateway: Gateway
    client: httpx.AsyncClient
    tracker: Tracker
    bomb: list[str] = field(default_factory=list[str])


@dataclass
class World:
    """One database and one upstream for all walks; each walk brings a user of its own."""

    runner: asyncio.Runner
    stack: AsyncExitStack
    clock: HandClock
    stage: Stage
    gateways: list[Gateway] = field(default_factory=list[Gateway])
    walks: int = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def begin(self) -> Person:
        """Nothing is left of the walk before, but for the ledger, which can only grow."""
        self.walks += 1
        self.clock.pass_by(24 * HOUR)
        self.stage.__init__()
        for gateway in self.gateways:
            gateway.forget()
        await self.gateways[0].store.write(begin_anew)
        return await a_person(self.gateways[0], f"alice {self.walks}", quota=100_000_000)

    def node(self, gateway: Gateway) -> Node:
        """A process that knows nothing but what the database says."""
        bomb: list[str] = []

        def checkpoint(place: str) -> None:
            if place in bomb:
                bomb.clear()
                bomb.append("gone off")
                raise Died(place)

        fresh = replace(
            gateway,
            node=uuid.uuid4().hex[:16],
            senders=Senders(),
            absence=Absence(),
            checkpoint=checkpoint,
        )
        self.run(nodes.join(fresh, "node"))
        transport = httpx.ASGITransport(create_app(fresh, WebSettings()))
        client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        return Node(fresh, client, Tracker(fresh), bomb)


class WholeLife(RuleBasedStateMachine):
    """One user, two gateways, two channels with few slots."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.stage, self.clock, self.run = world, world.stage, world.clock, world.run
        self.alice = world.run(world.begin())
        self.nodes = [world.node(gateway) for gateway in world.gateways]
        self.dead: set[str] = set()
        self.seen: dict[str, tuple[Status, int]] = {}
        self.ended: dict[str, dict[str, Any]] = {}
        self.keys: list[str] = []
        self.known = world.run(ledger.check(self.store.reader)).broken

    @property
    def store(self) -> Any:  # noqa: ANN401  of either node: it is the same
        return self.nodes[0].gateway.store

    # What clients do

    @initialize(moods=st.lists(st.sampled_from(MOODS), min_size=1, max_size=4))
    def begins(self, moods: list[str]) -> None:
        for at, mood in enumerate(moods):
            self.submits(at % 2, mood, hook=True)

    @precondition(lambda self: len(self.seen) < MOST)
    @rule(at=NODES, mood=st.sampled_from((*(3 * MOODS[:1]), *MOODS)), hook=st.booleans())
    def submits(self, at: int, mood: str, *, hook: bool) -> None:
        self.stage.mood = mood
        self.keys.append(uuid.uuid4().hex)
        self._ask(at, "submit/imagine", _order(hook=hook), key=self.keys[-1])

    @precondition(lambda self: self.keys)
    @rule(at=NODES, pick=PICKS)
    def repeats(self, at: int, pick: int) -> None:
        """The same key again: the task of the first time, never another one."""
        before = len(self._tasks())
        key = self.keys[pick % len(self.keys)]
        known = {str(task.id) for task in self._tasks()}
        answer = self._ask(at, "submit/imagine", _order(hook=True), key=key)
        if answer.get("code") in {1, 22} and len(self._tasks()) == before:
            assert answer["result"] in known
        assert len(self._tasks()) <= len(set(self.keys))

    @rule(at=NODES, pick=PICKS)
    def cancels(self, at: int, pick: int) -> None:
        if tasks := self._tasks():
            self._ask(at, f"task/{tasks[pick % len(tasks)].id}/cancel", {})

    @rule(pick=PICKS)
    def confirms_twice_at_once(self, pick: int) -> None:
        """Two modals on two nodes: one confirms, one hold is made."""
        open_ones = [task for task in self._tasks() if task.state is State.WINDOW]
        if not open_ones:
            return
        task = open_ones[pick % len(open_ones)]
        body = {"taskId": str(task.id), "prompt": "a blue fox"}

        async def both() -> None:
            await asyncio.gather(*(self._post(node, "submit/modal", body) for node in self.nodes))

        before = self.run(self._counted(task))
        self._survived(both())
        attempts, holds = self.run(self._counted(task))
        assert attempts <= before[0] + 1
        assert holds <= before[1] + 1
        assert max(self.stage.confirmed.values(), default=0) <= 1

    # What the upstream does

    @precondition(lambda self: self.stage.jobs)
    @rule(pick=PICKS, word=WORDS, progress=st.integers(0, 100), shown=st.sampled_from((1, 1, 1, 0)))
    def works(self, pick: int, word: tuple[str, str], progress: int, shown: int) -> None:
        """A job goes on, or back, ends, and perhaps ends otherwise later."""
        job = self._job(pick)
        job.status, job.reason = word
        job.progress, job.shown = progress, bool(shown)

    @rule()
    def comes_and_goes(self) -> None:
        self.stage.away = not self.stage.away

    @precondition(lambda self: self.stage.jobs)
    @rule(pick=PICKS, at=NODES)
    def notifies(self, pick: int, at: int) -> None:
        """A notice of any job, at any time, however often."""
        job = self._job(pick)
        path = urlsplit(job.notify).path

        async def tell() -> int:
            return (await self.nodes[at].client.post(path, json=job.view)).status_code

        assert self._survived(tell()) == 200

    # What the gateways do

    @rule(at=st.sampled_from(((0,), (1,), (0, 1))), pause=PAUSES)
    def look(self, at: tuple[int, ...], pause: int) -> None:
        self.clock.pass_by(pause)

        async def looks(node: Node) -> None:
            await nodes.beat(node.gateway)
            await node.tracker.step()
            await node.tracker.settle()

        async def all_at_once() -> None:
            await asyncio.gather(*(looks(self.nodes[each]) for each in at))

        self._survived(all_at_once())

    @rule(at=NODES)
    def clear_up(self, at: int) -> None:
        """What the other workers do: hand on, expire, probe, close what the dead left."""
        gateway = self.nodes[at].gateway

        async def work() -> None:
            await queue.expire(gateway)
            await window.expire(gateway)
            await probe(gateway)
            await nodes.clear_up(gateway, lambda node: node not in self.dead)
            await queue.queue(gateway)
            await gateway.senders.settle()

        self._survived(work())

    @rule(at=NODES, place=st.sampled_from(PLACES))
    def will_die(self, at: int, place: str) -> None:
        """Whoever comes to that place next in this process dies there."""
        self.nodes[at].bomb[:] = [place]

    @rule(at=NODES)
    def dies(self, at: int) -> None:
        """Its memory is gone, its sends are cut; the next one has only the database."""
        node = self.nodes[at]

        async def end() -> None:
            await node.tracker.close()
            await node.gateway.senders.drain(0)
            await node.client.aclose()

        self.run(end())
        self.dead.add(node.gateway.node)
        self.nodes[at] = self.world.node(node.gateway)

    # What must hold

    @invariant()
    def all_is_well(self) -> None:
        self.run(self._in_order())

    def teardown(self) -> None:
        """The upstream comes back and finishes everything; then nothing is open or held."""
        self.stage.away, self.stage.mood = False, "takes"
        for node in self.nodes:
            node.bomb.clear()
        for at in range(60):
            for job in self.stage.jobs.values():
                job.shown = True
                if job.status not in {"SUCCESS", "FAILURE", "MODAL"}:
                    job.status = "SUCCESS"
            if all(task.state.final for task in self._tasks()):
                break
            self.look((at % 2,), 12 * SECOND if at < 30 else 20 * MINUTE)
            self.clear_up(at % 2)
        self.all_is_well()
        assert all(task.state.final for task in self._tasks())
        assert self.run(self._held()) == (0, 0)

    async def _in_order(self) -> None:
        reader = self.store.reader
        assert (await ledger.check(reader)).broken == self.known
        rows = [from_row(row) for row in await reader.rows("SELECT * FROM tasks")]
        events, hooks, nonces = await self._written()
        for task in rows:
            ends = sum(events[task.id, state] for state in State if state.final)
            assert ends == task.state.final + task.rescued
            told = task.state.final and not task.quiet
            assert hooks[task.id] == (told + task.rescued if task.hook_url else 0)
            assert sum(self.stage.made[nonce] for nonce in nonces.get(task.id, ())) <= 1
            await self._shows_no_way_back(task)

    async def _shows_no_way_back(self, task: Task) -> None:
        """What a client sees: status and progress only go on, and an end stays as it is."""
        name = str(task.id)
        node = self.nodes[task.version % 2]
        headers = {"mj-api-secret": self.alice.key}
        shown = (await node.client.get(f"/mj/task/{name}/fetch", headers=headers)).json()
        status, progress = Status(shown["status"]), int((shown["progress"] or "0").rstrip("%"))
        before = self.seen.get(name)
        if before is not None:
            assert progress >= before[1]
            assert status is before[0] or reachable(before[0], status)
        self.seen[name] = status, progress
        if status in {Status.SUCCESS, Status.FAILURE}:
            first = self.ended.setdefault(name, shown)
            rescued = first["status"] == "FAILURE" and task.rescued
            assert rescued or _said(first) == _said(shown)

    async def _written(
        self,
    ) -> tuple[Counter[tuple[int, str]], Counter[int], dict[int, list[str]]]:
        """Events by task and kind, final webhooks by task, and the nonces of its attempts."""
        reader = self.store.reader
        events = Counter(
            (row[0], row[1]) for row in await reader.rows("SELECT task_id, kind FROM events")
        )
        hooks = Counter(
            row[0] for row in await reader.rows("SELECT task_id FROM outbox WHERE kind = 'final'")
        )
        nonces: dict[int, list[str]] = {}
        for task_id, nonce in await reader.rows("SELECT task_id, nonce FROM attempts"):
            nonces.setdefault(task_id, []).append(nonce)
        return events, hooks, nonces

    async def _counted(self, task: Task) -> tuple[int, int]:
        """Attempts to confirm the task's window, and holds made for it."""
        row = await self.store.reader.row(
            """
            SELECT (
                SELECT COUNT(*) FROM attempts WHERE task_id = :id AND step = 'modal'
            ) AS attempts, (
                SELECT COUNT(*) FROM ledger WHERE task_id = :id AND kind = 'hold'
            ) AS holds
            """,
            id=task.id,
        )
        return row["attempts"], row["holds"]

    async def _held(self) -> tuple[int, int]:
        row = await self.store.reader.row(
            "SELECT held, running FROM users WHERE id = :id", id=self.alice.user_id
        )
        return row["held"], row["running"]

    def _tasks(self) -> list[Task]:
        rows = self.run(self.store.reader.rows("SELECT * FROM tasks ORDER BY id"))
        return [from_row(row) for row in rows]

    def _job(self, pick: int) -> Job:
        return list(self.stage.jobs.values())[pick % len(self.stage.jobs)]

    def _ask(self, at: int, path: str, body: object, *, key: str = "") -> dict[str, Any]:
        self.clock.pass_by(1)
        return self._survived(self._post(self.nodes[at], path, body, key=key)) or {}

    async def _post(self, node: Node, path: str, body: object, *, key: str = "") -> dict[str, Any]:
        headers = {"mj-api-secret": self.alice.key} | ({"Idempotency-Key": key} if key else {})
        answer = await node.client.post(f"/mj/{path}", json=body, headers=headers)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        return answer.json()

    def _survived(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What comes of it; None if a process died of it, which then begins anew."""

        async def settled() -> T:
            try:
                return await work
            finally:
                for node in self.nodes:
                    await node.gateway.senders.settle()

        try:
            return self.run(settled())
        except (Died, BaseExceptionGroup):
            return None
        finally:
            for at, node in enumerate(self.nodes):
                if "gone off" in node.bomb:
                    self.dies(at)


def _order(*, hook: bool) -> dict[str, Any]:
    return {"prompt": "a fox"} | ({"notifyHook": "http://8.8.8.8/hook"} if hook else {})


def _said(shown: dict[str, Any]) -> tuple[object, ...]:
    return shown["status"], shown["progress"], shown["failReason"], shown["finishTime"]


def in_world(world: World) -> type[WholeLife]:
    """Walks as Hypothesis wants them: made of nothing."""

    class Walk(WholeLife):
        def __init__(self) -> None:
            super().__init__(world)

    return Walk


@pytest.mark.timeout(400)  # a walk that breaks something is made short before it is shown
@pytest.mark.parametrize(
    ("walks", "steps"), [(12, 20), pytest.param(40, 40, marks=pytest.mark.slow)]
)
def test_whatever_happens_a_task_goes_on_and_ends_once(
    database_url: str, tmp_path: Path, loopback: None, walks: int, steps: int
) -> None:
    del loopback

    async def opened() -> World:
        clock, stage = HandClock(), Stage()
        talker = await stack.enter_async_context(talking(stage.answer))
        world = World(runner, stack, clock, stage)
        for _ in range(2):
            world.gateways.append(await a_gateway(stack, database_url, tmp_path, clock, Timing()))
        for name, room in (("small", 1), ("large", 2)):
            options = {"notify": "on"}
            await a_channel(world.gateways[0], name, talker.url, max_running=room, options=options)
        return world

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world = runner.run(opened())
        try:
            run_state_machine_as_test(
                in_world(world),
                settings=settings(
                    max_examples=walks,
                    stateful_step_count=steps,
                    deadline=None,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                ),
            )
        finally:
            runner.run(stack.aclose())
