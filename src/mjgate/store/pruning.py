"""
What is old goes, in parts: ended tasks with all that is about them, events, and single rows of the
ledger, which are folded into one dated `carry` row for each key, and for what users were given.

Nothing goes that still runs, is still looked at, is pinned, or has an event to deliver.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from mjgate.store import pressed, retention, tally
from mjgate.store.columns import from_row
from mjgate.store.database import Reader, Transaction

BATCH: Final = 100
"""Tasks of one transaction."""


class Carried(NamedTuple):
    """What rows come to together: of a key what was paid, below 0; without one what was given."""

    user_id: int
    token_id: int | None
    amount: int
    at: int


async def old_tasks(reader: Reader, before: int) -> list[int]:
    """Some tasks that ended before then and that nobody waits for, the oldest first."""
    rows = await reader.scan(
        """
        SELECT t.id FROM tasks t
        WHERE t.id < :below AND t.finish_at < :before
        AND NOT EXISTS (SELECT 1 FROM pins p WHERE p.task_id = t.id)
        AND NOT EXISTS (SELECT 1 FROM follow f WHERE f.task_id = t.id)
        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.task_id = t.id AND o.done_at IS NULL)
        ORDER BY t.id LIMIT :most
        """,
        below=before * 1_000,
        before=before,
        most=BATCH,
    )
    return [int(row["id"]) for row in rows]


async def drop_tasks(tx: Transaction, task_ids: Sequence[int], now: int) -> None:
    """Forget these ended tasks; the ledger keeps its rows, the counts what they counted."""
    rows = await tx.rows(
        "SELECT * FROM tasks WHERE id IN each(:ids) AND finish_at IS NOT NULL FOR UPDATE",
        ids=list(task_ids),
    )
    tasks = [from_row(row) for row in rows]
    ids = [task.id for task in tasks]
    await tally.gone(tx, tasks)
    for task in tasks:
        if task.parent_id is not None:
            await pressed.forget(tx, task)
    await retention.forget(tx, ids, now)
    await tx.run("DELETE FROM pressed_once WHERE parent_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM search WHERE rowid IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM deliveries WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM outbox WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM timers WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM attempts WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM jobs WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM events WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM tasks WHERE id IN each(:ids)", ids=ids)


async def old_events(reader: Reader, before: int) -> list[int]:
    """Some tasks that ended before then and still have events, the oldest first."""
    rows = await reader.scan(
        """
        SELECT DISTINCT e.task_id FROM events e
        WHERE e.task_id < :below AND e.at < :before AND EXISTS (
            SELECT 1 FROM tasks t WHERE t.id = e.task_id AND t.finish_at < :before
        ) ORDER BY e.task_id LIMIT :most
        """,
        below=before * 1_000,
        before=before,
        most=BATCH,
    )
    return [int(row["task_id"]) for row in rows]


async def drop_events(tx: Transaction, task_ids: Sequence[int], before: int) -> None:
    """Forget what happened to these tasks before then."""
    await tx.run(
        "DELETE FROM events WHERE task_id IN each(:ids) AND at < :before",
        ids=list(task_ids),
        before=before,
    )


async def old_entries(reader: Reader, before: int) -> list[int]:
    """Some tasks whose money was settled before then, as far as the ledger still has them."""
    rows = await reader.scan(
        """
        SELECT l.task_id FROM ledger l
        WHERE l.kind IN ('settle', 'release') AND l.task_id < :below AND l.at < :before
        AND NOT EXISTS (
            SELECT 1 FROM tasks t WHERE t.id = l.task_id
            AND (t.finish_at IS NULL OR t.finish_at >= :before)
        ) ORDER BY l.task_id LIMIT :most
        """,
        below=before * 1_000,
        before=before,
        most=BATCH,
    )
    return sorted({int(row["task_id"]) for row in rows})


async def old_refunds(reader: Reader, before: int) -> list[int]:
    """Some tasks that were refunded before then, when their other rows were folded already."""
    rows = await reader.scan(
        """
        SELECT l.task_id FROM ledger l
        WHERE l.kind = 'refund' AND l.reference IS NULL AND l.at < :before
        AND NOT EXISTS (
            SELECT 1 FROM ledger s WHERE s.task_id = l.task_id AND s.kind = 'settle'
        ) LIMIT :most
        """,
        before=before,
        most=BATCH,
    )
    return sorted({int(row["task_id"]) for row in rows})


async def old_gifts(reader: Reader, before: int) -> list[int]:
    """Some rows of what users were given before then; a reference stays, it is used for ever."""
    rows = await reader.scan(
        """
        SELECT id FROM ledger
        WHERE task_id IS NULL AND kind IN ('grant', 'adjust') AND reference IS NULL
        AND at < :before LIMIT :most
        """,
        before=before,
        most=BATCH,
    )
    return [int(row["id"]) for row in rows]


async def fold_entries(tx: Transaction, task_ids: Sequence[int]) -> None:
    """Fold the rows of these ended tasks into their keys' carry rows; a reference stays."""
    ids = list(task_ids)
    await tx.rows("SELECT id FROM tasks WHERE id IN each(:ids) ORDER BY id FOR UPDATE", ids=ids)
    rows = await tx.rows(
        """
        SELECT user_id, token_id, MAX(at) AS at, SUM(
            CASE kind WHEN 'settle' THEN -amount WHEN 'refund' THEN amount ELSE 0 END
        ) AS amount
        FROM ledger WHERE task_id IN each(:ids) AND task_id IS NOT NULL AND reference IS NULL
        GROUP BY user_id, token_id
        """,
        ids=ids,
    )
    await tx.run("INSERT INTO pruning (allowed) VALUES (1)")
    await tx.run(
        """
        DELETE FROM ledger
        WHERE task_id IN each(:ids) AND task_id IS NOT NULL AND reference IS NULL
        """,
        ids=ids,
    )
    for row in rows:
        carried = Carried(row["user_id"], row["token_id"], int(row["amount"]), row["at"])
        await _carry(tx, carried)
    await tx.run("DELETE FROM pruning")


async def fold_gifts(tx: Transaction, ids: Sequence[int]) -> None:
    """Fold these rows, each into the carry row of its user."""
    rows = await tx.rows(
        """
        SELECT user_id, MAX(at) AS at, SUM(amount) AS amount FROM ledger
        WHERE id IN each(:ids) GROUP BY user_id
        """,
        ids=list(ids),
    )
    await tx.run("INSERT INTO pruning (allowed) VALUES (1)")
    await tx.run("DELETE FROM ledger WHERE id IN each(:ids)", ids=list(ids))
    for row in rows:
        await _carry(tx, Carried(row["user_id"], None, int(row["amount"]), row["at"]))
    await tx.run("DELETE FROM pruning")


async def _carry(tx: Transaction, carried: Carried) -> None:
    """Write the carry row anew, with what it carried before."""
    found = await tx.rows(
        """
        SELECT id, amount, at FROM ledger
        WHERE task_id IS NULL AND kind = 'carry' AND user_id = :user_id
        AND COALESCE(token_id, 0) = :token_id
        """,
        user_id=carried.user_id,
        token_id=carried.token_id or 0,
    )
    await tx.run("DELETE FROM ledger WHERE id IN each(:ids)", ids=[row["id"] for row in found])
    await tx.run(
        """
        INSERT INTO ledger (kind, user_id, token_id, amount, at)
        VALUES ('carry', :user_id, :token_id, :amount, :at)
        """,
        user_id=carried.user_id,
        token_id=carried.token_id,
        amount=carried.amount + sum(row["amount"] for row in found),
        at=max(carried.at, *(row["at"] for row in found), 0),
    )
