"""Rows are locked in one order: task, user, key, group, channel. Nobody waits in a circle."""

import asyncio
import random
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from mjgate.dialects import Accepted
from mjgate.domain.errors import Unanswered
from mjgate.domain.reasons import FailReason
from mjgate.lifecycle.finish import fail, succeed
from mjgate.lifecycle.verdict import NOBODY, taken, unknown
from mjgate.store import attempts
from mjgate.store.database import Transaction
from mjgate.store.moves import note_progress
from tests.lifecycle.conftest import Bench
from tests.lifecycle.hands import PICTURE, accept, fresh, hand_on, submitted

MANY = 12


def deadlocks(url: str) -> int:
    """How many PostgreSQL has had to undo, as its log says; SQLite has one writer."""
    where = parse_qs(urlsplit(url).query).get("host")
    if where is None:
        return 0
    return (Path(where[0]) / "log").read_text().count("deadlock detected")


async def test_finishers_answers_and_submits_of_one_user_never_wait_in_a_circle(
    bench: Bench, database_url: str
) -> None:
    gateway, now = bench.gateway, bench.clock.now()
    write = gateway.store.write

    async def limited(tx: Transaction) -> None:
        await tx.run("UPDATE groups SET max_running = 60")
        await tx.run("UPDATE users SET max_running = 50 WHERE id = :id", id=bench.alice.user_id)

    await write(limited)
    running = [await submitted(gateway, bench.alice) for _ in range(MANY)]
    sending = [await accept(gateway, bench.alice) for _ in range(MANY)]
    opened = [
        (task, each)
        for task in sending
        for each in await attempts.of_task(gateway.store.reader, task.id)
    ]
    before = deadlocks(database_url)

    ids = [task.id for task in running]
    work = [
        *(succeed(gateway, task, PICTURE, actor="look") for task in running),
        *(fail(gateway, task, FailReason.UPSTREAM_FAILED, actor="look") for task in running),
        *(taken(gateway, task, Accepted(ids=(f"job {task.id}",)), NOBODY) for task in sending),
        *(unknown(gateway, task, sent, Unanswered("cut")) for task, sent in opened),
        *(fail(gateway, task, FailReason.ADMIN, actor="admin") for task in sending[::2]),
        *(accept(gateway, bench.alice) for _ in range(2 * MANY)),
        *(write(note_progress, dict.fromkeys(ids, (n, "{}")), now=now) for n in range(10, 20)),
        *(write(note_progress, dict.fromkeys(ids[::-1], (n, "{}")), now=now) for n in (30, 40)),
        hand_on(gateway),
    ]
    random.shuffle(work)
    await asyncio.gather(*work)

    assert deadlocks(database_url) == before
    assert all([(await fresh(gateway, task)).state.final for task in running])
    assert await bench.books() == ()


async def test_a_task_that_ends_while_it_is_sent_leaves_no_attempt_open(bench: Bench) -> None:
    gateway = bench.gateway
    task = await accept(gateway, bench.alice)

    await fail(gateway, task, FailReason.ADMIN, actor="admin")
    await taken(gateway, task, Accepted(ids=("too-late",)), NOBODY)

    rows = await gateway.store.reader.rows(
        "SELECT outcome FROM attempts WHERE task_id = :id", id=task.id
    )
    assert [row["outcome"] for row in rows] == ["unknown"]
    assert (await fresh(gateway, task)).reason == FailReason.ADMIN
    assert await bench.books() == ()
