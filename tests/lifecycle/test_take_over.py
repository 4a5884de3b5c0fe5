"""
One, two and three real gateways on one database, with clocks that are half a minute apart.

The busiest is killed; the rest take over what it had in fifteen seconds, and nothing is done twice.
"""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from mjgate.domain.task import State
from mjgate.store.database import Database
from tests.cli.processes import Service, ask
from tests.lifecycle.scenes import Scene, a_scene, assert_all_ended_well, tasks_of, until
from tests.postgres import PostgresServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("loopback"),
]

SOON = 15.0
SKEWS = ("30", "-30", "0")
SLOW = "slow-submit=3"
SENDING = frozenset({State.SENDING})
EVERYWHERE = 5.0


@pytest.fixture
def shared(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Scene]:
    """A scene whose database several nodes may share; deadlines are long enough to be missed."""
    with postgres_server.database() as name:
        url = postgres_server.url(name)
        with a_scene(tmp_path, url, room=8, MJGATE_TIME_SCALE="0.02") as made:
            yield made


async def nodes_of(scene: Scene) -> tuple[int, list[str]]:
    """How many nodes are taken to live, and whose sends were given up by others."""
    async with await Database.open(scene.env["MJGATE_DATABASE_URL"], must_exist=True) as db:
        living = await db.reader.rows("SELECT id FROM nodes WHERE gone_at IS NULL")
        swept = await db.reader.rows(
            """
            SELECT DISTINCT a.owner FROM events e JOIN attempts a ON a.task_id = e.task_id
            WHERE e.kind = 'UNKNOWN' AND e.actor = 'sweeper'
            """
        )
    return len(living), [row["owner"] for row in swept]


async def until_sending(scene: Scene, many: int) -> None:
    deadline = time.monotonic() + SOON
    while sum(task.state is State.SENDING for task in await tasks_of(scene)) < many:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("many", [1, 2, 3])
async def test_the_busiest_node_is_killed_and_the_rest_take_over(shared: Scene, many: int) -> None:
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(shared.gateway(MJGATE_CLOCK_SKEW=skew)) for skew in SKEWS[:many]
        ]
        busiest, *rest = nodes
        submitting = [asyncio.to_thread(shared.submit_all, each.url, 3) for each in rest]
        slow = asyncio.create_task(asyncio.to_thread(shared.submit_all, busiest.url, 9, fault=SLOW))

        await until_sending(shared, 3)  # by nobody else: what it took, it sends
        busiest.process.kill()
        killed_at = time.monotonic()
        await asyncio.gather(slow, *submitting)
        if not rest:
            stack.enter_context(shared.gateway(MJGATE_CLOCK_SKEW=SKEWS[1]))

        await until(shared, SOON, left=SENDING)
        took = time.monotonic() - killed_at
        await assert_all_ended_well(shared)
        living, swept = await nodes_of(shared)

    assert took <= SOON
    assert living == max(1, many - 1)
    assert len(swept) == 1


async def test_nodes_whose_clocks_are_apart_leave_each_other_in_peace(shared: Scene) -> None:
    with ExitStack() as stack:
        nodes = [stack.enter_context(shared.gateway(MJGATE_CLOCK_SKEW=skew)) for skew in SKEWS]
        for node in nodes:
            await asyncio.to_thread(shared.submit_all, node.url, 2)
        await asyncio.sleep(SOON)  # longer than a lease
        living, swept = await nodes_of(shared)
        await assert_all_ended_well(shared)

    assert (living, swept) == (3, [])
    assert {task.state for task in await tasks_of(shared)} == {State.SUCCESS}


async def test_what_is_barred_on_one_node_is_barred_on_all_soon(shared: Scene) -> None:
    with shared.gateway() as one, shared.gateway() as other:
        asked = [f"{node.url}/mj/task/list-by-condition" for node in (one, other)]
        before = [ask(url, {"ids": []}, key=shared.key)[0] for url in asked]
        shared.typed("token", "revoke", str(shared.typed("token", "list")["tokens"][0]["id"]))
        revoked_at = time.monotonic()
        while any(ask(url, {"ids": []}, key=shared.key)[0] == 200 for url in asked):
            assert time.monotonic() - revoked_at < EVERYWHERE

    assert before == [200, 200]


async def test_a_gateway_that_is_told_to_stop_waits_for_the_answers_to_its_sends(
    shared: Scene,
) -> None:
    """They take longer than a lease, and nobody takes it for dead meanwhile."""
    with shared.gateway(), shared.gateway(MJGATE_ANSWER_WAIT="0.2") as node:
        await asyncio.to_thread(shared.submit_all, node.url, 3, fault="slow-submit=13")
        before = {task.state for task in await tasks_of(shared)}
        node.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(node.process.wait, 30)
        after = {task.state for task in await tasks_of(shared)}
        _, swept = await nodes_of(shared)

    assert code == 0
    assert before == {State.SENDING}
    assert State.SENDING not in after
    assert State.UNKNOWN not in after
    assert swept == []


async def test_two_processes_on_one_file_make_nothing_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mjgate.db'}"
    with a_scene(tmp_path, url) as scene, scene.gateway(MJGATE_WORKERS="2") as running:
        ready = [answers(running) for _ in range(10)]
        await asyncio.gather(
            *(asyncio.to_thread(scene.submit_all, running.url, 10) for _ in range(3))
        )
        await assert_all_ended_well(scene)
        made = [task.jobs for task in await tasks_of(scene)]
        living, swept = await nodes_of(scene)
        async with await Database.open(url, must_exist=True) as db:
            owners = await db.reader.rows("SELECT DISTINCT owner FROM attempts")

    assert set(ready) == {200}
    assert (living, swept) == (2, [])
    assert len(owners) == 2
    assert made == [1] * 30


def answers(running: Service) -> int:
    with urlopen(f"{running.url}/health/ready", timeout=5) as answer:  # noqa: S310  ours
        return answer.status
