"""
A real gateway is killed at each step of a task's life, and another one takes over.

Every task that was accepted ends, none is made twice by the upstream, and the books balance.
"""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mjgate.domain.task import State
from tests.lifecycle.scenes import (
    PATIENCE,
    PLACES,
    SUBMITS,
    Scene,
    a_scene,
    assert_all_ended_well,
    tasks_of,
    until,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("loopback"),
]

BEATS = 15.0
GOING_ON = frozenset(state for state in State if not state.final)
ZOOM = "MJ::CustomZoom::4f0c8a4e-32a1-4c5e-8a39-6f1f3f1f0a11"
AT_ONCE = 4.0


@pytest.fixture
def scene(database_url: str, tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def is_shared(database_url: str) -> bool:
    """Whether nodes on several machines may share the database."""
    return database_url.startswith("postgresql")


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


@pytest.mark.parametrize(
    ("place", "end"),
    [
        ("unanswered", State.SUCCESS),
        ("answered", State.SUCCESS),
        ("modal-next", State.FAILURE),
        ("modal-unanswered", State.SUCCESS),
    ],
)
async def test_a_confirmed_window_is_taken_on_by_the_next(
    scene: Scene, place: str, end: State
) -> None:
    """Its modal is sent only where it certainly has not left."""
    with scene.gateway() as first:
        scene.submit(first.url, 1)
        (grid,) = await until(scene, PATIENCE, left=GOING_ON)
        window = scene.press(first.url, grid.id, ZOOM)
    with scene.gateway(MJGATE_FAULT_POINT=place) as second:
        scene.confirm(second.url, window)
        code = second.process.wait(PATIENCE)

    with scene.gateway():
        await assert_all_ended_well(scene)
        states = {task.id: task.state for task in await tasks_of(scene)}

    assert code == -signal.SIGKILL
    assert states[window] is end


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
