"""
A real gateway is killed at each step of a task's life, and another one takes over.

Every task that was accepted ends, none is made twice by the upstream, and the books balance.
"""

import asyncio
import contextlib
import json
import signal
import threading
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mjgate.domain.task import State
from mjgate.store.database import Database
from tests.cli.processes import Service, ask, json_of, service

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("loopback"),
]

PLACES = ("before-send", "unanswered", "answered", "submitted", "handed-on", "looked", "finished")
SUBMITS = 6
ROOM = 3
PATIENCE = 100.0
BEATS = 15.0
AT_ONCE = 4.0


@dataclass
class Scene:
    """A home with a database, an upstream, and a client with a key."""

    home: Path
    sandbox: str
    env: Mapping[str, str]
    key: str = ""
    answered: list[str] = field(default_factory=list[str])

    @contextmanager
    def gateway(self, **more: str) -> Generator[Service]:
        with service("serve", "--port", "0", home=self.home, **{**self.env, **more}) as running:
            drain(running)
            yield running

    def set_up(self) -> None:
        self.typed("migrate")
        self.typed("user", "create", "alice", "--quota", "100000000")
        self.key = self.typed("token", "create", "--user", "alice")["key"]
        self.typed("channel", "add", "--name", "main", "--base-url", self.sandbox,
                   "--secret", "none", "--max-running", str(ROOM))  # fmt: skip

    def typed(self, *words: str) -> dict[str, Any]:
        return json_of(*words, home=self.home, **self.env)

    def submit(self, url: str, number: int) -> None:
        """One submit; the line may be cut before the answer."""
        with contextlib.suppress(OSError, json.JSONDecodeError):
            status, answer = ask(f"{url}/mj/submit/imagine", {"prompt": f"{number}"}, key=self.key)
            if status == 200 and answer["code"] in {1, 22}:
                self.answered.append(answer["result"])

    def submit_all(self, url: str) -> None:
        with ThreadPoolExecutor(SUBMITS) as pool:
            list(pool.map(partial(self.submit, url), range(SUBMITS)))


def drain(running: Service) -> None:
    """Read what it says, so that it never waits for somebody to read."""
    for pipe in (running.process.stdout, running.process.stderr):
        assert pipe is not None
        threading.Thread(target=pipe.read, daemon=True).start()


@pytest.fixture
def scene(database_url: str, tmp_path: Path) -> Iterator[Scene]:
    with service("sandbox", "--port", "0", "--seconds", "0.5", home=tmp_path) as sandbox:
        drain(sandbox)
        env = {
            "MJGATE_DATABASE_URL": database_url,
            "MJGATE_SECRET_KEY": "m" * 40,
            "MJGATE_TIME_SCALE": "0.01",
        }
        made = Scene(tmp_path, sandbox.url, env)
        made.set_up()
        yield made


@pytest.fixture
def is_shared(database_url: str) -> bool:
    """Whether nodes on several machines may share the database."""
    return database_url.startswith("postgresql")


@dataclass(frozen=True)
class Found:
    """A task, and how many jobs the upstream made of it."""

    id: str
    state: State
    jobs: int


async def tasks_of(scene: Scene) -> list[Found]:
    made: dict[str, int] = ask(f"{scene.sandbox}/sandbox/stats")[1]["per_nonce"]
    async with await Database.open(scene.env["MJGATE_DATABASE_URL"], must_exist=True) as db:
        tasks = await db.reader.rows("SELECT id, state FROM tasks")
        attempts = await db.reader.rows("SELECT task_id, nonce FROM attempts")
    jobs: dict[int, int] = {}
    for task_id, nonce in attempts:
        jobs[task_id] = jobs.get(task_id, 0) + made.get(nonce, 0)
    return [Found(str(id_), State(state), jobs.get(id_, 0)) for id_, state in tasks]


async def until(scene: Scene, seconds: float, *, left: frozenset[State]) -> list[Found]:
    """The tasks, as soon as none is in one of these states any more."""
    found: list[Found] = []
    async with asyncio.timeout(seconds):
        while not found or any(task.state in left for task in found):
            await asyncio.sleep(0.2)
            found = await tasks_of(scene)
    return found


async def assert_all_ended_well(scene: Scene) -> None:
    """Each task has ended; it succeeded if, and only if, the upstream made its one job."""
    going_on = frozenset(state for state in State if not state.final)
    tasks = await until(scene, PATIENCE, left=going_on)

    assert set(scene.answered) <= {task.id for task in tasks}
    for task in tasks:
        assert task.jobs <= 1
        assert task.state is (State.SUCCESS if task.jobs else State.FAILURE)
    assert ask(f"{scene.sandbox}/sandbox/stats")[1]["jobs"] == sum(task.jobs for task in tasks)
    books = scene.typed("ledger", "check")
    assert (books["ok"], books["broken"], books["tasks"]) == (True, [], len(tasks))
    users = scene.typed("user", "list")["users"]
    assert {(each["held"], each["running"]) for each in users} == {(0, 0)}


@pytest.mark.parametrize("place", PLACES)
async def test_what_a_killed_gateway_left_open_is_ended_by_the_next(
    scene: Scene, place: str
) -> None:
    with scene.gateway(MJGATE_FAULT_POINT=place) as first:
        scene.submit_all(first.url)
        code = first.process.wait(PATIENCE)

    with scene.gateway():
        await assert_all_ended_well(scene)

    assert code == -signal.SIGKILL


async def test_a_dead_sender_is_noticed_soon(scene: Scene, *, is_shared: bool) -> None:
    """On SQLite by its lock, at the next start; on PostgreSQL by its beats, by any other node."""
    sending = frozenset({State.SENDING})
    with scene.gateway(MJGATE_FAULT_POINT="unanswered") as first:
        scene.submit_all(first.url)
        first.process.wait(PATIENCE)
    assert any(task.state in sending for task in await tasks_of(scene))

    with scene.gateway():
        await until(scene, BEATS if is_shared else AT_ONCE, left=sending)
        await assert_all_ended_well(scene)


async def test_the_looks_of_a_dead_node_are_taken_over_soon(scene: Scene) -> None:
    with scene.gateway(MJGATE_FAULT_POINT="looked") as first:
        scene.submit(first.url, 1)
        first.process.wait(PATIENCE)

    with scene.gateway():
        found = await until(scene, BEATS, left=frozenset({State.SUBMITTED, State.RUNNING}))

    assert [task.state for task in found] == [State.SUCCESS]


async def test_a_node_that_dies_is_replaced_by_those_that_live(scene: Scene) -> None:
    with scene.gateway() as living, scene.gateway() as dying:
        submitting = asyncio.create_task(asyncio.to_thread(scene.submit_all, dying.url))
        scene.submit_all(living.url)
        dying.process.kill()
        await submitting

        await assert_all_ended_well(scene)

    assert len(scene.answered) >= SUBMITS


async def test_a_gateway_that_is_killed_again_and_again_loses_nothing(scene: Scene) -> None:
    for pause in (0.05, 0.2, 0.6, 1.2):
        with scene.gateway() as running:
            submitting = asyncio.create_task(asyncio.to_thread(scene.submit_all, running.url))
            await asyncio.sleep(pause)
            running.process.kill()
            await submitting

    with scene.gateway():
        await assert_all_ended_well(scene)
