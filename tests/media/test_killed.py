"""A real gateway is killed around a copy, and another one makes it good."""

import asyncio
import signal

import pytest

from mjgate.store import retention
from mjgate.store.database import Database
from tests.cli.processes import ask
from tests.lifecycle.test_killed import PATIENCE, Scene, assert_all_ended_well, scene

__all__ = ["scene"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("loopback"),
]


@pytest.mark.parametrize("place", ["finished", "archiving", "copied"])
async def test_a_gateway_killed_while_it_copies_leaves_nothing_behind(
    scene: Scene, place: str
) -> None:
    with scene.gateway(MJGATE_FAULT_POINT=place) as first:
        scene.submit_all(first.url)
        code = first.process.wait(PATIENCE)

    with scene.gateway() as second:
        await assert_all_ended_well(scene)
        async with asyncio.timeout(PATIENCE):
            kept = False
            while not kept:
                await asyncio.sleep(0.2)
                kept = await all_kept(scene)
        task = ask(f"{second.url}/mj/task/{scene.answered[0]}/fetch", key=scene.key)[1]

    found = scene.typed("media", "verify")
    assert code == -signal.SIGKILL
    assert (found["ok"], found["missing"]) == (True, [])
    assert found["rows"] >= 5 * len(scene.answered)
    assert task["imageWidth"] > 0


async def all_kept(scene: Scene) -> bool:
    """Whether nothing is left to be copied."""
    async with await Database.open(scene.env["MJGATE_DATABASE_URL"], must_exist=True) as db:
        counts = await retention.counts(db.reader)
    return set(counts) == {"kept"}
