"""The tasks that one press makes, as rows: who leads, and who is with him."""

from mjgate.domain.task import Task
from mjgate.store.columns import from_row
from mjgate.store.database import Reader, Transaction


async def members(reader: Reader, lead_id: int) -> list[Task]:
    """All of a party, ended or not, in the order of their ids."""
    rows = await reader.rows(
        "SELECT * FROM tasks WHERE lead_id = :lead_id ORDER BY id", lead_id=lead_id
    )
    return [from_row(row) for row in rows]


async def locked(tx: Transaction, lead_id: int) -> list[Task]:
    """The same, as they will stand until the transaction ends."""
    rows = await tx.rows(
        "SELECT * FROM tasks WHERE lead_id = :lead_id ORDER BY id FOR UPDATE", lead_id=lead_id
    )
    return [from_row(row) for row in rows]


async def hand_over(tx: Transaction, lead_id: int, heir_id: int) -> None:
    """Let another lead the party; its members keep their places in it."""
    await tx.run(
        "UPDATE tasks SET lead_id = :heir_id WHERE lead_id = :lead_id",
        lead_id=lead_id,
        heir_id=heir_id,
    )
