"""Groups as rows: what their users pay, and what holds for them unless they say otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass

from mjgate.domain.action import Mode
from mjgate.domain.errors import NotFound
from mjgate.store.database import Reader, Row, Transaction


@dataclass(frozen=True, slots=True)
class Group:
    """A group; the ratio in thousandths."""

    id: int
    name: str
    ratio: int
    default_mode: Mode
    running: int
    max_running: int | None


async def get(reader: Reader, group_id: int) -> Group:
    """The group with that id. NotFound."""
    row = await reader.row(
        "SELECT * FROM groups WHERE id = :id AND deleted_at IS NULL", id=group_id
    )
    if row is None:
        raise NotFound(f"There is no group {group_id}.")
    return _group(row)


async def locked(tx: Transaction, group_id: int) -> Group:
    """The same, as it will stand until the transaction ends. NotFound."""
    await tx.row("SELECT id FROM groups WHERE id = :id FOR UPDATE", id=group_id)
    return await get(tx, group_id)


async def page(reader: Reader, *, size: int, skipped: int) -> Sequence[Group]:
    """Groups in the order they were made."""
    rows = await reader.rows(
        """
        SELECT * FROM groups WHERE deleted_at IS NULL
        ORDER BY id LIMIT :size OFFSET :skipped
        """,
        size=size,
        skipped=skipped,
    )
    return [_group(row) for row in rows]


async def count(reader: Reader) -> int:
    """How many there are."""
    row = await reader.row("SELECT COUNT(*) AS n FROM groups WHERE deleted_at IS NULL")
    return 0 if row is None else int(row["n"])


async def add(tx: Transaction, group: Group, now: int) -> int:
    """Insert a group; its id. ConstraintBroken when the name is taken."""
    row = await tx.row(
        """
        INSERT INTO groups (name, ratio, default_mode, max_running, created_at)
        VALUES (:name, :ratio, :default_mode, :max_running, :now) RETURNING id
        """,
        name=group.name,
        ratio=group.ratio,
        default_mode=group.default_mode,
        max_running=group.max_running,
        now=now,
    )
    return 0 if row is None else int(row["id"])


async def write(tx: Transaction, group: Group) -> None:
    """
    Put ratio and defaults in force.

    Without a limit nobody counts what runs, so that is counted here for one that gets a limit.
    """
    await tx.run(
        """
        UPDATE groups SET ratio = :ratio, default_mode = :default_mode, max_running = :max_running,
            running = (
                SELECT COUNT(*) FROM tasks t WHERE t.group_id = :id
                AND t.state IN ('SENDING', 'UNKNOWN', 'SUBMITTED', 'RUNNING')
            )
        WHERE id = :id
        """,
        id=group.id,
        ratio=group.ratio,
        default_mode=group.default_mode,
        max_running=group.max_running,
    )


async def users_in(reader: Reader, group_id: int) -> int:
    """How many users are in the group."""
    row = await reader.row(
        "SELECT COUNT(*) AS n FROM users WHERE group_id = :id AND deleted_at IS NULL", id=group_id
    )
    return 0 if row is None else int(row["n"])


async def delete(tx: Transaction, group_id: int, now: int) -> None:
    """Take the group away; its name is free again."""
    await tx.run("UPDATE groups SET deleted_at = :now WHERE id = :id", id=group_id, now=now)


def _group(row: Row) -> Group:
    return Group(
        id=row["id"],
        name=row["name"],
        ratio=row["ratio"],
        default_mode=Mode(row["default_mode"]),
        running=row["running"],
        max_running=row["max_running"],
    )
