"""Counts beside every move, and the folder that adds them up."""

import asyncio
from dataclasses import replace

from mjgate.domain.clock import MINUTE
from mjgate.domain.reasons import FailReason
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.tallies import fold
from mjgate.store import listing
from mjgate.store.listing import Filter
from tests.rig import Rig


async def counted(rig: Rig) -> dict[str, int]:
    """What is folded of everybody, all days together."""
    rows = await rig.gateway.store.reader.rows(
        "SELECT outcome, SUM(count) AS n FROM tally WHERE user_id = 0 AND day = 0"
        " GROUP BY outcome ORDER BY outcome"
    )
    return {row["outcome"]: int(row["n"]) for row in rows if row["n"]}


async def test_many_folders_count_everything_once(rig: Rig) -> None:
    nodes = [replace(rig.gateway, node=f"node {number}") for number in range(5)]
    for number in range(3):
        await rig.finished(await rig.imagine(f"fox {number}"))

    await asyncio.gather(*(fold(node) for node in nodes for _ in range(2)))

    assert await counted(rig) == {"ACCEPTED": 3, "SUCCESS": 3}
    assert await rig.gateway.store.reader.rows("SELECT id FROM tally_delta") == []


async def test_the_work_of_a_folder_that_died_is_taken_over(rig: Rig) -> None:
    other = replace(rig.gateway, node="another")
    await rig.imagine()
    await fold(rig.gateway)
    await rig.imagine()

    await fold(other)
    before = await counted(rig)
    rig.clock.pass_by(11_000)
    await fold(other)

    assert before == {"ACCEPTED": 1}
    assert (await counted(rig))["ACCEPTED"] == 2


async def test_totals_are_right_before_during_and_after_folding(rig: Rig) -> None:
    reader, wanted = rig.gateway.store.reader, Filter(user_id=rig.alice.user_id)

    totals = [await listing.total(reader, wanted, limit=5)]
    for step in range(3):
        await rig.imagine()
        totals.append(await listing.total(reader, wanted, limit=5))
        if step:
            await fold(rig.gateway)
            totals.append(await listing.total(reader, wanted, limit=5))

    assert [each.number for each in totals] == [0, 1, 2, 2, 3, 3]


async def test_a_rescued_task_is_a_success_and_no_failure(rig: Rig) -> None:
    task_id = await rig.imagine()
    await fail(rig.gateway, await rig.task(task_id), FailReason.DEADLINE_TOTAL, actor="deadline")
    await fold(rig.gateway)
    before = await counted(rig)

    await rig.look(after=2 * MINUTE)
    await fold(rig.gateway)

    assert before == {"ACCEPTED": 1, "FAILURE": 1}
    assert await counted(rig) == {"ACCEPTED": 1, "SUCCESS": 1}
