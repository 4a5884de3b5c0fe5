"""Users and groups as rows, and what stands behind a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mjgate.domain.account import Caller, OnLimit, Role, Sees
from mjgate.domain.action import Action, Mode
from mjgate.store.database import Reader, Row, Transaction


@dataclass(frozen=True, slots=True)
class Door:
    """What stands behind a key: who calls, and what may bar the way."""

    caller: Caller
    enabled: bool  # key and user both
    expires_at: int | None
    ips: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User:
    """An account. Money in quota units."""

    id: int
    username: str
    role: Role
    enabled: bool
    group_id: int
    granted: int
    balance: int
    held: int
    spent: int
    running: int
    created_at: int


async def door(reader: Reader, key_hash: str) -> Door | None:
    """What the key opens; None for a key that we never gave out or that was revoked."""
    row = await reader.row(
        """
        SELECT t.id, t.user_id, u.group_id, g.name AS group_name, g.ratio, g.default_mode
            AS group_mode, t.default_mode, t.actions, t.modes, t.ips, t.sees, t.on_limit,
            t.fallback, t.hook_url, t.expires_at, t.status AS key_status, u.status AS user_status
        FROM tokens t JOIN users u ON u.id = t.user_id JOIN groups g ON g.id = u.group_id
        WHERE t.key_hash = :key_hash AND t.deleted_at IS NULL AND u.deleted_at IS NULL
        """,
        key_hash=key_hash,
    )
    if row is None:
        return None
    caller = Caller(
        user_id=row["user_id"],
        token_id=row["id"],
        group_id=row["group_id"],
        group=row["group_name"],
        ratio=row["ratio"],
        group_mode=Mode(row["group_mode"]),
        default_mode=Mode(row["default_mode"]) if row["default_mode"] else None,
        actions=frozenset(map(Action, row["actions"].split())),
        modes=frozenset(map(Mode, row["modes"].split())),
        sees=Sees(row["sees"]),
        on_limit=OnLimit(row["on_limit"]),
        fallback=bool(row["fallback"]),
        hook_url=row["hook_url"],
    )
    enabled = row["key_status"] == row["user_status"] == "enabled"
    return Door(caller, enabled, row["expires_at"], tuple(row["ips"].split()))


async def user_named(reader: Reader, username: str) -> User | None:
    """The user of that name."""
    row = await reader.row(
        "SELECT * FROM users WHERE username = :username AND deleted_at IS NULL", username=username
    )
    return None if row is None else _user(row)


async def users(reader: Reader) -> list[User]:
    """Every user that is not deleted."""
    rows = await reader.rows("SELECT * FROM users WHERE deleted_at IS NULL ORDER BY id")
    return [_user(row) for row in rows]


async def admins(reader: Reader) -> int:
    """How many active admins there are."""
    row = await reader.row(
        """
        SELECT COUNT(*) AS n FROM users
        WHERE role = 'admin' AND status = 'enabled' AND deleted_at IS NULL
        """
    )
    return 0 if row is None else int(row["n"])


async def any_admin(reader: Reader) -> bool:
    """Whether there is an admin, active or not."""
    row = await reader.row(
        "SELECT 1 FROM users WHERE role = 'admin' AND deleted_at IS NULL LIMIT 1"
    )
    return row is not None


async def any_user(reader: Reader) -> bool:
    """Whether there is anybody."""
    return await reader.row("SELECT 1 FROM users WHERE deleted_at IS NULL LIMIT 1") is not None


async def can_pay(reader: Reader, user_id: int, token_id: int, price: int) -> bool:
    """Whether user and key have the money now; nothing is held."""
    row = await reader.row(
        """
        SELECT 1 AS one FROM users u JOIN tokens t ON t.user_id = u.id
        WHERE u.id = :user_id AND t.id = :token_id AND u.balance >= :price
        AND (t.limited = 0 OR t.balance >= :price)
        """,
        user_id=user_id,
        token_id=token_id,
        price=price,
    )
    return row is not None


async def has_slot(reader: Reader, user_id: int, token_id: int) -> bool:
    """Whether user, key and group may have one more task running now; none is taken."""
    row = await reader.row(
        """
        SELECT 1 AS one
        FROM users u JOIN tokens t ON t.user_id = u.id JOIN groups g ON g.id = u.group_id
        WHERE u.id = :user_id AND t.id = :token_id
        AND (u.max_running IS NULL OR u.running < u.max_running)
        AND (t.max_running IS NULL OR t.running < t.max_running)
        AND (g.max_running IS NULL OR g.running < g.max_running)
        """,
        user_id=user_id,
        token_id=token_id,
    )
    return row is not None


async def one_by_one(tx: Transaction, user_id: int) -> None:
    """From here on the user's transactions follow each other: what is counted then holds."""
    await tx.row("SELECT id FROM users WHERE id = :id FOR UPDATE", id=user_id)


async def open_windows_left(reader: Reader, user_id: int) -> int:
    """How many more windows the user may have open."""
    row = await reader.row(
        """
        SELECT u.max_windows - (
            SELECT COUNT(*) FROM tasks t WHERE t.user_id = u.id AND t.state = 'WINDOW'
        ) AS n FROM users u WHERE u.id = :user_id
        """,
        user_id=user_id,
    )
    return 0 if row is None else int(row["n"])


async def group_id(tx: Transaction, name: str, now: int) -> int | None:
    """The id of a group; the group `default` is made when it is missing."""
    row = await tx.row("SELECT id FROM groups WHERE name = :name AND deleted_at IS NULL", name=name)
    if row is None and name == "default":
        row = await tx.row(
            "INSERT INTO groups (name, created_at) VALUES (:name, :now) RETURNING id",
            name=name,
            now=now,
        )
    return None if row is None else int(row["id"])


async def add_user(tx: Transaction, values: Mapping[str, Any]) -> int:
    """Insert a user without money; its id. ConstraintBroken when the name is taken."""
    row = await tx.row(
        """
        INSERT INTO users (
            username, role, group_id, password_hash, password_until, access_hash, access_tail,
            hook_secret_enc, created_at
        ) VALUES (
            :username, :role, :group_id, :password_hash, :password_until, :access_hash,
            :access_tail, :hook_secret_enc, :now
        ) RETURNING id
        """,
        **values,
    )
    return 0 if row is None else int(row["id"])


def _user(row: Row) -> User:
    return User(
        id=row["id"],
        username=row["username"],
        role=Role(row["role"]),
        enabled=row["status"] == "enabled",
        group_id=row["group_id"],
        granted=row["granted"],
        balance=row["balance"],
        held=row["held"],
        spent=row["spent"],
        running=row["running"],
        created_at=row["created_at"],
    )


async def hook_secret(reader: Reader, user_id: int) -> str:
    """The sealed secrets that sign a user's events; empty if there is no such user."""
    row = await reader.row("SELECT hook_secret_enc FROM users WHERE id = :id", id=user_id)
    return "" if row is None else str(row["hook_secret_enc"])


async def set_hook_secret(tx: Transaction, user_id: int, sealed: str) -> None:
    """Put other secrets in their place."""
    await tx.run(
        "UPDATE users SET hook_secret_enc = :sealed WHERE id = :id", sealed=sealed, id=user_id
    )
