"""Users as whole rows: looked at, changed and deleted by those who manage them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from mjgate.domain.account import Role
from mjgate.domain.errors import NotFound
from mjgate.store.database import Reader, Row, Transaction, Value

_COLUMNS: Final[LiteralString] = """
    SELECT u.*, g.name AS group_name FROM users u JOIN groups g ON g.id = u.group_id
"""


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its limits. Money in quota units."""

    id: int
    username: str
    role: Role
    enabled: bool
    group: str
    granted: int
    balance: int
    held: int
    spent: int
    running: int
    max_running: int | None
    max_waiting: int
    max_windows: int
    must_change: bool
    access_tail: str
    access_until: int | None
    created_at: int


async def get(reader: Reader, user_id: int) -> Person:
    """The user with that id, unless he is deleted. NotFound."""
    row = await reader.row(_COLUMNS + "WHERE u.id = :id AND u.deleted_at IS NULL", id=user_id)
    if row is None:
        raise NotFound(f"There is no user {user_id}.")
    return _person(row)


async def locked(tx: Transaction, user_id: int) -> Person:
    """The same, as he will stand until the transaction ends. NotFound."""
    await tx.row("SELECT id FROM users WHERE id = :id FOR UPDATE", id=user_id)
    return await get(tx, user_id)


async def id_of(reader: Reader, username: str) -> int | None:
    """The id of the user of that name."""
    row = await reader.row(
        "SELECT id FROM users WHERE username = :username AND deleted_at IS NULL", username=username
    )
    return None if row is None else int(row["id"])


async def page(reader: Reader, *, words: str, size: int, skipped: int) -> Sequence[Person]:
    """Users whose name has `words` in it, the newest first."""
    rows = await reader.rows(
        _COLUMNS
        + """
        WHERE u.deleted_at IS NULL AND lower(u.username) LIKE :like ESCAPE '\\'
        ORDER BY u.id DESC LIMIT :size OFFSET :skipped
        """,
        like=anywhere(words),
        size=size,
        skipped=skipped,
    )
    return [_person(row) for row in rows]


async def count(reader: Reader, *, words: str) -> int:
    """How many there are on all pages."""
    row = await reader.row(
        """
        SELECT COUNT(*) AS n FROM users
        WHERE deleted_at IS NULL AND lower(username) LIKE :like ESCAPE '\\'
        """,
        like=anywhere(words),
    )
    return 0 if row is None else int(row["n"])


def anywhere(words: str) -> str:
    """A pattern for a text that stands anywhere in another."""
    literal = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal.lower()}%"


async def write(tx: Transaction, user_id: int, values: Mapping[str, Value]) -> None:
    """Put role, status, group and limits in force. ConstraintBroken when the name is taken."""
    await tx.run(
        """
        UPDATE users SET username = :username, role = :role, status = :status,
            group_id = :group_id, max_running = :max_running, max_waiting = :max_waiting,
            max_windows = :max_windows
        WHERE id = :id
        """,
        id=user_id,
        **values,
    )


async def set_password(
    tx: Transaction, user_id: int, password_hash: str, *, until: int | None
) -> None:
    """A new password; with `until` a one-time one, void from then on."""
    await tx.run(
        "UPDATE users SET password_hash = :hash, password_until = :until WHERE id = :id",
        id=user_id,
        hash=password_hash,
        until=until,
    )


async def set_access_token(
    tx: Transaction, user_id: int, *, access_hash: str, tail: str, until: int | None
) -> None:
    """A new access token; the old one opens nothing any more."""
    await tx.run(
        """
        UPDATE users SET access_hash = :access_hash, access_tail = :tail, access_until = :until
        WHERE id = :id
        """,
        id=user_id,
        access_hash=access_hash,
        tail=tail,
        until=until,
    )


async def delete(tx: Transaction, user_id: int, *, name: str, access_hash: str, now: int) -> None:
    """Take the account away for good; a row without name and secrets stays, for the ledger."""
    await tx.run(
        """
        UPDATE users SET deleted_at = :now, username = :name, password_hash = '',
            access_hash = :access_hash, access_tail = '', hook_secret_enc = ''
        WHERE id = :id
        """,
        id=user_id,
        name=name,
        access_hash=access_hash,
        now=now,
    )
    await tx.run(
        """
        UPDATE tokens SET deleted_at = :now, name = '', hook_url = '', hook_secret_enc = '',
            ips = ''
        WHERE user_id = :id AND deleted_at IS NULL
        """,
        id=user_id,
        now=now,
    )
    await tx.run("DELETE FROM outbox WHERE user_id = :id AND done_at IS NULL", id=user_id)


async def open_tasks(reader: Reader, user_id: int) -> int:
    """How many of his tasks have not ended."""
    row = await reader.row(
        """
        SELECT COUNT(*) AS n FROM tasks WHERE user_id = :user_id
        AND state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'WINDOW', 'SUBMITTED', 'RUNNING')
        """,
        user_id=user_id,
    )
    return 0 if row is None else int(row["n"])


def _person(row: Row) -> Person:
    return Person(
        id=row["id"],
        username=row["username"],
        role=Role(row["role"]),
        enabled=row["status"] == "enabled",
        group=row["group_name"],
        granted=row["granted"],
        balance=row["balance"],
        held=row["held"],
        spent=row["spent"],
        running=row["running"],
        max_running=row["max_running"],
        max_waiting=row["max_waiting"],
        max_windows=row["max_windows"],
        must_change=row["password_until"] is not None,
        access_tail=row["access_tail"],
        access_until=row["access_until"],
        created_at=row["created_at"],
    )
