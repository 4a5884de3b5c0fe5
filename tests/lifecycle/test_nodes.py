"""Nodes know each other by their beats, and close what a dead one left."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from mjgate import workers
from mjgate.domain.clock import DAY, MINUTE, SECOND
from mjgate.domain.task import State
from mjgate.domain.timing import Timing
from mjgate.lifecycle import Gateway, nodes
from mjgate.lifecycle.routing import Route
from mjgate.lifecycle.settings import in_force
from mjgate.lifecycle.window import confirm
from mjgate.store import attempts, settings
from mjgate.store import nodes as rows
from mjgate.store.database import Transaction
from tests.lifecycle.conftest import Bench
from tests.lifecycle.hands import (
    accept,
    caller_of,
    confirmation,
    fresh,
    open_window,
    rows_of,
    submitted,
)
from tests.lifecycle.raw import speaking, taken
from tests.rig import MakeRig, a_gateway


def by_beats_alone(node: str) -> None:
    """Nobody can tell by a lock whether the node lives."""
    del node


async def join_other(bench: Bench) -> None:
    await bench.gateway.store.write(rows.join, "node-2", "other", bench.clock.now())


async def present(bench: Bench) -> set[str]:
    return set(await rows.present(bench.gateway.store.reader))


async def test_a_node_without_beats_is_gone_and_with_them_it_is_back(bench: Bench) -> None:
    await nodes.join(bench.gateway, "this")
    await join_other(bench)

    bench.clock.pass_by(10 * SECOND)
    await nodes.beat(bench.gateway)
    await nodes.clear_up(bench.gateway, by_beats_alone)
    in_time = await present(bench)
    bench.clock.pass_by(1)
    await nodes.clear_up(bench.gateway, by_beats_alone)
    silent = await present(bench)
    await bench.gateway.store.write(rows.beat, "node-2", bench.clock.now())
    back = await present(bench)

    assert in_time == back == {"node-1", "node-2"}
    assert silent == {"node-1"}


async def test_the_length_of_a_lease_is_a_setting(bench: Bench) -> None:
    await join_other(bench)
    now = bench.clock.now()
    await bench.gateway.store.write(settings.set_value, "node_lease", 60, "test", now)

    bench.clock.pass_by(59 * SECOND)
    await nodes.clear_up(bench.gateway, by_beats_alone)
    before = await present(bench)
    bench.clock.pass_by(2 * SECOND)
    await nodes.clear_up(bench.gateway, by_beats_alone)

    assert before == {"node-2"}
    assert await present(bench) == set()


async def test_what_a_dead_node_was_sending_is_unknown_and_what_others_send_goes_on(
    bench: Bench,
) -> None:
    await nodes.join(bench.gateway, "this")
    await join_other(bench)
    ours = await accept(bench.gateway, bench.alice)
    theirs = await accept(bench.gateway, bench.alice)

    async def give_away(tx: Transaction) -> None:
        await tx.run("UPDATE attempts SET owner = 'node-2' WHERE task_id = :id", id=theirs.id)

    await bench.gateway.store.write(give_away)
    bench.clock.pass_by(10 * SECOND)
    await nodes.beat(bench.gateway)
    bench.clock.pass_by(1)
    more = await nodes.clear_up(bench.gateway, by_beats_alone)

    assert more
    assert (await fresh(bench.gateway, ours)).state is State.SENDING
    assert (await fresh(bench.gateway, theirs)).state is State.UNKNOWN
    assert not await nodes.clear_up(bench.gateway, by_beats_alone)
    assert await bench.books() == ()


async def test_what_is_still_being_sent_at_the_end_becomes_unknown(bench: Bench) -> None:
    await nodes.join(bench.gateway, "this")
    task = await accept(bench.gateway, bench.alice)

    await nodes.abandon(bench.gateway)

    (attempt,) = await attempts.of_task(bench.gateway.store.reader, task.id)
    assert (await fresh(bench.gateway, task)).state is State.UNKNOWN
    assert attempt.owner == "node-1"
    assert await bench.books() == ()


async def test_nodes_of_days_gone_by_are_forgotten_but_not_what_they_left_open(
    bench: Bench,
) -> None:
    await nodes.join(bench.gateway, "this")
    await join_other(bench)
    await accept(bench.gateway, bench.alice)
    for node in ("node-1", "node-2"):
        await bench.gateway.store.write(rows.leave, node, bench.clock.now())

    bench.clock.pass_by(DAY + MINUTE)
    await bench.gateway.store.write(rows.forget_before, bench.clock.now() - DAY)

    assert [row[0] for row in await bench.gateway.store.reader.rows("SELECT id FROM nodes")] == [
        "node-1"
    ]


async def test_a_process_that_is_told_to_stop_gives_up_what_is_still_unanswered(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "DRAIN", 0.1)
    async with speaking(taken(), slow=True) as upstream:
        rig = await make_rig(upstream_url=upstream.url, answer_wait=10)

        async with workers.working(rig.gateway, by_beats_alone):
            task_id = await rig.imagine()
        task = await rig.task(task_id)
        handed_on = await attempts.of_task(rig.gateway.store.reader, task.id)

    assert task.state is State.UNKNOWN
    assert len(handed_on) == len(upstream.requests) == 1
    assert await rig.books() == ()


@pytest.fixture
async def other(bench: Bench, database_url: str, tmp_path: Path) -> AsyncGenerator[Gateway]:
    """A second node on the database of the bench."""
    async with AsyncExitStack() as stack:
        yield await a_gateway(stack, database_url, tmp_path, bench.clock, Timing())


async def test_a_window_confirmed_on_two_nodes_at_once_is_sent_and_held_once(
    bench: Bench, other: Gateway
) -> None:
    task = await submitted(bench.gateway, bench.alice)
    route = Route(bench.channel_id, task.credential_id or 0)
    window = await open_window(bench.gateway, bench.alice, route)
    caller = await caller_of(bench.gateway, bench.alice)

    confirmed = await asyncio.gather(
        *(confirm(node, caller, confirmation(window)) for node in 4 * (bench.gateway, other))
    )

    ledger_rows, _ = await rows_of(bench.gateway, window)
    assert sum(attempt is not None for _, attempt in confirmed) == 1
    assert [(row["kind"], row["hold_no"]) for row in ledger_rows] == [("hold", 1)]
    assert await bench.books() == ()


async def test_a_setting_changed_on_one_node_is_in_force_on_the_other_within_a_second(
    bench: Bench, other: Gateway
) -> None:
    before = await in_force(other)
    now = bench.clock.now()
    await bench.gateway.store.write(
        settings.set_value, "maintenance", value=True, actor="test", now=now
    )

    bench.clock.pass_by(SECOND)

    assert (before.maintenance, (await in_force(other)).maintenance) == (False, True)
