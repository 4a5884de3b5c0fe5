"""Real gateways before a real upstream, to be killed, and what must be true when all is over."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mjgate.domain.task import State
from mjgate.store.database import Database
from tests.cli.processes import Service, all_of, ask, json_of, service

PLACES = ("before-send", "unanswered", "answered", "submitted", "handed-on", "looked", "finished")
"""Where a gateway may be made to die, by the name that is given to its `checkpoint`."""

SUBMITS = 6
ROOM = 3
PATIENCE = 100.0


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

    def set_up(self, room: int) -> None:
        _, _, made, _ = self.all_of(
            ("migrate",),
            ("user", "create", "alice", "--quota", "100000000"),
            ("token", "create", "--user", "alice"),
            ("channel", "add", "--name", "main", "--base-url", self.sandbox,
             "--secret", "none", "--max-running", str(room)),
        )  # fmt: skip
        self.key = made["key"]

    def typed(self, *words: str) -> dict[str, Any]:
        return json_of(*words, home=self.home, **self.env)

    def all_of(self, *commands: Sequence[str]) -> list[dict[str, Any]]:
        return all_of(*commands, home=self.home, **self.env)

    def submit(self, url: str, number: int, *, fault: str = "") -> None:
        """One submit; the line may be cut before the answer."""
        prompt = f"{number} [[fault:{fault}]]" if fault else f"{number}"
        with contextlib.suppress(OSError, json.JSONDecodeError):
            status, answer = ask(f"{url}/mj/submit/imagine", {"prompt": prompt}, key=self.key)
            if status == 200 and answer["code"] in {1, 22}:
                self.answered.append(answer["result"])

    def press(self, url: str, task_id: str, custom_id: str) -> str:
        """Press a button of a finished task; the id of what follows."""
        body = {"taskId": task_id, "customId": custom_id}
        _, answer = ask(f"{url}/mj/submit/action", body, key=self.key)
        return str(answer["result"])

    def confirm(self, url: str, window: str) -> None:
        """Confirm a window; the line may be cut before the answer."""
        with contextlib.suppress(OSError, json.JSONDecodeError):
            body = {"taskId": window, "prompt": "a blue fox"}
            ask(f"{url}/mj/submit/modal", body, key=self.key)

    def submit_all(self, url: str, many: int = SUBMITS, *, fault: str = "") -> None:
        with ThreadPoolExecutor(many) as pool:
            list(pool.map(partial(self.submit, url, fault=fault), range(many)))


def drain(running: Service) -> None:
    """Read what it says, so that it never waits for somebody to read."""
    for pipe in (running.process.stdout, running.process.stderr):
        assert pipe is not None
        threading.Thread(target=pipe.read, daemon=True).start()


@contextmanager
def a_scene(home: Path, database_url: str, *, room: int = ROOM, **env: str) -> Generator[Scene]:
    """A home, an upstream that draws in half a second, and Alice; gateways come later."""
    with service("sandbox", "--port", "0", "--seconds", "0.5", home=home) as sandbox:
        drain(sandbox)
        common = {"MJGATE_DATABASE_URL": database_url, "MJGATE_SECRET_KEY": "m" * 40}
        made = Scene(home, sandbox.url, {**common, "MJGATE_TIME_SCALE": "0.01", **env})
        made.set_up(room)
        yield made


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
    books, people = scene.all_of(("ledger", "check"), ("user", "list"))
    assert (books["ok"], books["broken"], books["tasks"]) == (True, [], len(tasks))
    assert {(each["held"], each["running"]) for each in people["users"]} == {(0, 0)}
