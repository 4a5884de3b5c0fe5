"""What a deleted user wrote and made, taken away in small parts; the ledger keeps its rows."""

from collections.abc import Sequence
from typing import Final

from mjgate.store import idempotency, retention
from mjgate.store.database import Reader, Transaction

NEWEST: Final = 2**62


async def next_user(reader: Reader) -> int | None:
    """A deleted user of whom something may be left."""
    row = await reader.row(
        """
        SELECT id FROM users WHERE deleted_at IS NOT NULL AND purged_at IS NULL
        ORDER BY id LIMIT 1
        """
    )
    return None if row is None else int(row["id"])


async def tasks_left(reader: Reader, user_id: int, *, below: int, most: int) -> Sequence[int]:
    """Tasks of his that still say what he asked for, the newest below that one first."""
    rows = await reader.scan(
        """
        SELECT id FROM tasks WHERE user_id = :user_id AND id < :below
        AND (prompt <> '' OR request <> '{}' OR result <> '{}' OR hook_url <> '')
        ORDER BY id DESC LIMIT :most
        """,
        user_id=user_id,
        below=below,
        most=most,
    )
    return [int(row["id"]) for row in rows]


async def blank(tx: Transaction, task_ids: Sequence[int], now: int) -> None:
    """Forget what these tasks asked for and what came of it; that they were stays."""
    ids = list(task_ids)
    await tx.run(
        """
        UPDATE tasks SET prompt = '', request = '{}', result = '{}', hook_url = '',
            caller_state = '', custom_id = '', fail_text = '', admin_text = '',
            version = version + 1
        WHERE id IN each(:ids)
        """,
        ids=ids,
    )
    await retention.forget(tx, ids, now)
    await tx.run("UPDATE events SET data = '{}' WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("UPDATE attempts SET answer = '' WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM search WHERE rowid IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM deliveries WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM outbox WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM follow WHERE task_id IN each(:ids)", ids=ids)
    await tx.run("DELETE FROM pressed_once WHERE parent_id IN each(:ids)", ids=ids)


async def done(tx: Transaction, user_id: int, now: int) -> None:
    """Nothing of him is left but numbers."""
    await tx.run("DELETE FROM receivers WHERE user_id = :id", id=user_id)
    rows = await tx.rows("SELECT id FROM tokens WHERE user_id = :id", id=user_id)
    await idempotency.forget(tx, [row["id"] for row in rows])
    await tx.run("UPDATE users SET purged_at = :now WHERE id = :id", id=user_id, now=now)
