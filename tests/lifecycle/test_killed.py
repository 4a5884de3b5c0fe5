"""
A real gateway, killed at every step boundary, beside a real upstream that counts.

Whatever the moment: after a restart every task becomes final, none is lost, none was made twice,
and the books balance.
"""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import Service, ask, json_of, service

pytestmark = pytest.mark.slow

QUOTA = 1_000_000
PRICE = 50_000
LIMIT = 60
SECRET = "a master key for killed processes"
SCALE = "0.02"
"""Ten minutes of looking for a lost job become twelve seconds."""

Json = Any


class World:
    """One database, one upstream, somebody with a key; gateways come and go."""

    def __init__(self, home: Path, database_url: str, upstream: Service) -> None:
        self.home = home
        self.upstream = upstream
        self.options = {
            "MJGATE_DATABASE_URL": database_url,
            "MJGATE_SECRET_KEY": SECRET,
            "MJGATE_TIME_SCALE": SCALE,
            "MJGATE_LOG_LEVEL": "error",
        }
        self._type("migrate")
        self._type("user", "create", "alice", "--quota", str(QUOTA))
        self.key = self._type("token", "create", "--user", "alice")["key"]
        where = ("--base-url", upstream.url, "--secret", "secret")
        self._type("channel", "add", "--name", "main", "--provider", "mjproxy", *where)

    @contextmanager
    def gateway(self, *, dies: str = "") -> Generator[Service]:
        """A gateway process, which kills itself at the point `dies` names."""
        point = {"MJGATE_FAULT_POINT": dies} if dies else {}
        words = ("serve", "--port", "0")
        with service(*words, home=self.home, **self.options, **point) as running:
            yield running

    def submit(self, running: Service, prompt: str) -> None:
        """Submit, and do not mind if nobody is left to answer."""
        with suppress(OSError):
            ask(f"{running.url}/mj/submit/imagine", {"prompt": prompt}, key=self.key)

    def ended(self, running: Service) -> list[Json]:
        """Every task, once all of them are final."""
        until = time.monotonic() + LIMIT
        tasks: Json = []
        while time.monotonic() < until:
            tasks = ask(f"{running.url}/mj/task/list", key=self.key)[1]
            if tasks and all(task["status"] in {"SUCCESS", "FAILURE"} for task in tasks):
                return list(tasks)
            threading.Event().wait(0.2)
        raise AssertionError(tasks)

    def stats(self) -> Json:
        return ask(f"{self.upstream.url}/sandbox/stats")[1]

    def check(self) -> Json:
        return self._type("ledger", "check")

    def balance(self) -> int:
        return self._type("user", "topup", "alice", "1")["quota"] - 1

    def _type(self, *words: str) -> Json:
        return json_of(*words, home=self.home, **self.options)


@pytest.fixture
def world(tmp_path: Path, database_url: str, loopback: None) -> Generator[World]:
    del loopback
    words = ("sandbox", "--port", "0", "--seconds", "0.5")
    with service(*words, home=tmp_path) as upstream:
        yield World(tmp_path, database_url, upstream)


@pytest.mark.parametrize(
    ("point", "jobs", "status"),
    [
        ("before-send", 0, "FAILURE"),
        ("unanswered", 1, "SUCCESS"),
        ("answered", 1, "SUCCESS"),
        ("submitted", 1, "SUCCESS"),
        ("looked", 1, "SUCCESS"),
    ],
)
def test_a_gateway_killed_at_a_step_loses_nothing_and_pays_nothing_twice(
    world: World, point: str, jobs: int, status: str
) -> None:
    with world.gateway(dies=point) as doomed:
        world.submit(doomed, "a red fox")
        killed = doomed.process.wait(LIMIT)

    with world.gateway() as living:
        tasks = world.ended(living)

    stats = world.stats()
    assert killed == -9
    assert [task["status"] for task in tasks] == [status]
    assert stats["per_prompt"].get("a red fox", 0) == jobs
    assert all(made == 1 for made in stats["per_nonce"].values())
    assert world.check()["ok"]
    assert world.balance() == QUOTA - (PRICE if status == "SUCCESS" else 0)


def test_many_tasks_survive_a_kill_in_their_midst(world: World) -> None:
    prompts = [f"fox number {n}" for n in range(12)]
    with world.gateway() as doomed:
        threads = [threading.Thread(target=world.submit, args=(doomed, each)) for each in prompts]
        for thread in threads:
            thread.start()
        world.submit(doomed, "one more fox")
        doomed.process.kill()
        for thread in threads:
            thread.join()

    with world.gateway() as living:
        tasks = world.ended(living)

    stats = world.stats()
    paid = sum(task["status"] == "SUCCESS" for task in tasks)
    assert all(made == 1 for made in stats["per_nonce"].values())
    assert all(made == 1 for made in stats["per_prompt"].values())
    assert world.check()["ok"]
    assert world.balance() == QUOTA - paid * PRICE
