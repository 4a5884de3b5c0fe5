"""API keys as whole rows: looked at and changed by those whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mjgate.domain.account import OnLimit, Sees
from mjgate.domain.action import Action, Mode
from mjgate.domain.errors import NotFound
from mjgate.store.database import Reader, Row, Transaction, Value


@dataclass(frozen=True, slots=True)
class Key:
    """An API key with all that it may do; never the key itself. Money in quota units."""

    id: int
    user_id: int
    name: str
    key_tail: str
    enabled: bool
    limited: bool
    balance: int
    held: int
    spent: int
    running: int
    max_running: int | None
    actions: tuple[Action, ...]
    modes: tuple[Mode, ...]
    ips: tuple[str, ...]
    default_mode: Mode | None
    on_limit: OnLimit
    sees: Sees
    fallback: bool
    hook_url: str
    hook_secret_enc: str
    expires_at: int | None
    created_at: int


async def get(reader: Reader, token_id: int, *, user_id: int) -> Key:
    """The user's key with that id. NotFound, for other people's too."""
    row = await reader.row(
        "SELECT * FROM tokens WHERE id = :id AND user_id = :user_id AND deleted_at IS NULL",
        id=token_id,
        user_id=user_id,
    )
    if row is None:
        raise NotFound(f"There is no key {token_id}.")
    return _key(row)


async def locked(tx: Transaction, token_id: int, *, user_id: int) -> Key:
    """The same, as it will stand until the transaction ends. NotFound."""
    await tx.row("SELECT id FROM tokens WHERE id = :id FOR UPDATE", id=token_id)
    return await get(tx, token_id, user_id=user_id)


async def every(reader: Reader, user_id: int | None = None) -> Sequence[Key]:
    """The keys of a user, or of all, the oldest first."""
    rows = await reader.rows(
        """
        SELECT * FROM tokens
        WHERE deleted_at IS NULL AND (CAST(:user_id AS BIGINT) IS NULL OR user_id = :user_id)
        ORDER BY id
        """,
        user_id=user_id,
    )
    return [_key(row) for row in rows]


async def page(reader: Reader, *, user_id: int, size: int, skipped: int) -> Sequence[Key]:
    """The user's keys, the newest first."""
    rows = await reader.rows(
        """
        SELECT * FROM tokens WHERE user_id = :user_id AND deleted_at IS NULL
        ORDER BY id DESC LIMIT :size OFFSET :skipped
        """,
        user_id=user_id,
        size=size,
        skipped=skipped,
    )
    return [_key(row) for row in rows]


async def count(reader: Reader, *, user_id: int) -> int:
    """How many he has."""
    row = await reader.row(
        "SELECT COUNT(*) AS n FROM tokens WHERE user_id = :user_id AND deleted_at IS NULL",
        user_id=user_id,
    )
    return 0 if row is None else int(row["n"])


async def add(tx: Transaction, values: Mapping[str, Any]) -> int:
    """Insert a key, known by its hash; its id."""
    row = await tx.row(
        """
        INSERT INTO tokens (
            user_id, name, status, key_hash, key_tail, limited, granted, balance, max_running,
            actions, modes, ips, default_mode, on_limit, sees, fallback, hook_url,
            hook_secret_enc, expires_at, created_at
        ) VALUES (
            :user_id, :name, :status, :key_hash, :key_tail, :limited, :quota, :quota, :max_running,
            :actions, :modes, :ips, :default_mode, :on_limit, :sees, :fallback, :hook_url,
            :hook_secret_enc, :expires_at, :now
        ) RETURNING id
        """,
        **values,
    )
    return 0 if row is None else int(row["id"])


async def revoke(tx: Transaction, token_id: int, now: int, *, user_id: int | None = None) -> bool:
    """Take the key back for good; its running tasks still settle. False if there is none."""
    changed = await tx.run(
        """
        UPDATE tokens SET deleted_at = :now WHERE id = :id AND deleted_at IS NULL
        AND (CAST(:user_id AS BIGINT) IS NULL OR user_id = :user_id)
        """,
        id=token_id,
        now=now,
        user_id=user_id,
    )
    return changed == 1


async def write(tx: Transaction, token_id: int, values: Mapping[str, Value]) -> None:
    """Put all that a key may do in force."""
    await tx.run(
        """
        UPDATE tokens SET name = :name, status = :status, max_running = :max_running,
            actions = :actions, modes = :modes, ips = :ips, default_mode = :default_mode,
            on_limit = :on_limit, sees = :sees, fallback = :fallback, hook_url = :hook_url,
            hook_secret_enc = :hook_secret_enc, expires_at = :expires_at
        WHERE id = :id
        """,
        id=token_id,
        **values,
    )


async def set_quota(tx: Transaction, token_id: int, quota: int | None) -> None:
    """What the key may still spend; None for as much as its user has."""
    if quota is None:
        await tx.run("UPDATE tokens SET limited = 0, balance = 0 WHERE id = :id", id=token_id)
        return
    await tx.run(
        """
        UPDATE tokens SET limited = 1, balance = :quota, granted = :quota + held + spent
        WHERE id = :id
        """,
        id=token_id,
        quota=quota,
    )


def _key(row: Row) -> Key:
    return Key(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        key_tail=row["key_tail"],
        enabled=row["status"] == "enabled",
        limited=bool(row["limited"]),
        balance=row["balance"],
        held=row["held"],
        spent=row["spent"],
        running=row["running"],
        max_running=row["max_running"],
        actions=tuple(map(Action, row["actions"].split())),
        modes=tuple(map(Mode, row["modes"].split())),
        ips=tuple(row["ips"].split()),
        default_mode=Mode(row["default_mode"]) if row["default_mode"] else None,
        on_limit=OnLimit(row["on_limit"]),
        sees=Sees(row["sees"]),
        fallback=bool(row["fallback"]),
        hook_url=row["hook_url"],
        hook_secret_enc=row["hook_secret_enc"],
        expires_at=row["expires_at"],
        created_at=row["created_at"],
    )
