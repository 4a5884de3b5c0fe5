"""A real gateway is killed between a receiver's answer and the note of it: nothing is lost."""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mjgate.store.database import Database
from tests.cli.processes import ask
from tests.lifecycle.receiver import Receiver, receiving
from tests.lifecycle.scenes import PATIENCE, Scene, a_scene

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("loopback"),
]

TASKS = 6
LEASE = 60.0
"""Seconds in which what a dead process had claimed is sent again, with room to spare."""


@pytest.fixture
def scene(database_url: str, tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path, database_url, MJGATE_ALLOW_PRIVATE_HOSTS="127.0.0.1") as made:
        yield made


def submit_all(scene: Scene, url: str, hook: str) -> None:
    """Submit as long as somebody answers."""

    def submit(number: int) -> None:
        try:
            ask(
                f"{url}/mj/submit/imagine", {"prompt": f"{number}", "notifyHook": hook},
                key=scene.key,
            )  # fmt: skip
        except OSError:
            return

    with ThreadPoolExecutor(TASKS) as pool:
        list(pool.map(submit, range(TASKS)))


async def outbox(scene: Scene) -> Sequence[tuple[int, str, str, int]]:
    async with await Database.open(scene.env["MJGATE_DATABASE_URL"], must_exist=True) as db:
        rows = await db.reader.rows("SELECT task_id, kind, status, tries FROM outbox")
        live = await db.reader.rows(
            "SELECT id FROM tasks WHERE state NOT IN ('SUCCESS', 'FAILURE', 'CANCELLED')"
        )
    return [] if live else [(row[0], row[1], row[2], row[3]) for row in rows]


async def all_told(scene: Scene) -> Sequence[tuple[int, str, str, int]]:
    found = await outbox(scene)
    async with asyncio.timeout(LEASE):
        while not found or any(each[2] == "due" for each in found):
            await asyncio.sleep(0.3)
            found = await outbox(scene)
    return found


async def test_what_was_delivered_but_not_noted_is_delivered_again_under_its_id(
    scene: Scene,
) -> None:
    async with receiving() as receiver:
        with scene.gateway(MJGATE_FAULT_POINT="delivering") as first:
            await asyncio.to_thread(submit_all, scene, first.url, receiver.url())
            code = await asyncio.to_thread(first.process.wait, PATIENCE)
        before = ids(receiver)
        with scene.gateway():
            found = await all_told(scene)
        after = ids(receiver)

    assert code == -signal.SIGKILL
    assert before
    assert set(before) <= set(after[len(before) :])
    events = {(task_id, kind) for task_id, kind, _, _ in found if kind in {"submitted", "final"}}
    assert {(int(name.split("_")[1]), name.split("_")[3]) for name in after} >= events
    assert {each[2] for each in found} <= {"delivered", "dropped"}
    for name in set(after):
        assert len({got.told for got in receiver.got if got.headers["webhook-id"] == name}) == 1
    for task_id in {each[0] for each in found}:
        told = [got.told[0] for got in receiver.got if got.json["id"] == str(task_id)]
        assert told == sorted(told, key=ORDER.index), told
        assert told[-1] == "SUCCESS"


ORDER = ["SUBMITTED", "IN_PROGRESS", "SUCCESS"]


def ids(receiver: Receiver) -> list[str]:
    return [got.headers["webhook-id"] for got in receiver.got]
