"""Many at once: who ends a task, who gets the last units, what a late progress may still change."""

import asyncio
import random
from typing import LiteralString

from mjgate.domain.reasons import FailReason
from mjgate.domain.task import Result, State
from mjgate.lifecycle.finish import fail, succeed
from mjgate.store import columns, moves
from tests.rig import RICH, Rig, a_person

PRICE = 50_000
PICTURE = Result(image_url="http://upstream.example/p.png")


async def count(rig: Rig, table: str, task_id: str) -> int:
    """How many rows say that the task has ended."""
    statements: dict[str, LiteralString] = {
        "ledger": "SELECT COUNT(*) AS n FROM ledger"
        " WHERE task_id = :id AND kind IN ('settle', 'release')",
        "outbox": "SELECT COUNT(*) AS n FROM outbox WHERE task_id = :id AND kind = 'final'",
        "events": "SELECT COUNT(*) AS n FROM events"
        " WHERE task_id = :id AND kind IN ('SUCCESS', 'FAILURE')",
    }
    row = await rig.gateway.store.reader.row(statements[table], id=int(task_id))
    assert row is not None
    return int(row["n"])


async def test_of_fifty_finishers_one_wins(rig: Rig) -> None:
    task_id = await rig.imagine(notifyHook="https://client.example/hook")
    task = await rig.task(task_id)
    ends = [
        succeed(rig.gateway, task, PICTURE, actor="look")
        if n % 2
        else fail(rig.gateway, task, FailReason.UPSTREAM_FAILED, actor="look")
        for n in range(50)
    ]
    random.shuffle(ends)

    winners = [ended for ended in await asyncio.gather(*ends) if ended is not None]

    assert len(winners) == 1
    assert [await count(rig, table, task_id) for table in ("ledger", "outbox", "events")] == [1] * 3
    balance, held, spent = await rig.balance()
    paid = PRICE if winners[0].state is State.SUCCESS else 0
    assert (balance, held, spent) == (RICH - paid, 0, paid)
    assert await rig.books() == ()


async def test_a_success_that_races_a_progress_is_not_lost(rig: Rig) -> None:
    for percent in range(10, 90, 10):
        task_id = await rig.imagine()
        task = await rig.task(task_id)
        rise = {task.id: (percent, columns.encode_result(Result()))}

        ended, _ = await asyncio.gather(
            succeed(rig.gateway, task, PICTURE, actor="look"),
            rig.gateway.store.write(moves.note_progress, rise),
        )

        after = await rig.task(task_id)
        assert ended is not None
        assert (after.state, after.progress, after.result) == (State.SUCCESS, 100, PICTURE)


async def test_a_balance_for_ten_takes_ten_of_a_hundred(rig: Rig) -> None:
    poor = await a_person(rig.gateway, "poor", quota=10 * PRICE)
    body = {"prompt": "a red fox"}

    answers = await asyncio.gather(
        *(rig.post("/mj/submit/imagine", body, by=poor) for _ in range(100))
    )

    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(402)) == (10, 90)
    assert await rig.balance(poor) == (0, 10 * PRICE, 0)
    assert await rig.books() == ()


async def test_who_cannot_pay_leaves_his_neighbours_alone(rig: Rig) -> None:
    poor = await a_person(rig.gateway, "poor", quota=PRICE)
    body = {"prompt": "a red fox"}

    answers = await asyncio.gather(
        *(rig.post("/mj/submit/imagine", body, by=poor if n % 5 else rig.alice) for n in range(50))
    )

    rich = [answer.status_code for n, answer in enumerate(answers) if not n % 5]
    others = [answer.status_code for n, answer in enumerate(answers) if n % 5]
    assert rich == [200] * 10
    assert (others.count(200), others.count(402)) == (1, 39)
    assert await rig.books() == ()
