"""Everything that is kept encrypted, to be read with one key and written with another."""

from collections.abc import Callable, Mapping
from typing import Final, LiteralString

from mjgate.keys import Purpose
from mjgate.store.database import Transaction

_KEPT: Final[Mapping[tuple[str, Purpose], tuple[LiteralString, LiteralString]]] = {
    ("keys of channels", Purpose.CHANNEL): (
        "SELECT id, secret_enc AS sealed FROM credentials WHERE secret_enc <> ''",
        "UPDATE credentials SET secret_enc = :sealed, key_id = :key_id WHERE id = :id",
    ),
    ("proxies of channels", Purpose.PROXY): (
        "SELECT id, proxy_enc AS sealed FROM channels WHERE proxy_enc <> ''",
        "UPDATE channels SET proxy_enc = :sealed WHERE id = :id",
    ),
    ("webhook secrets of users", Purpose.WEBHOOK): (
        "SELECT id, hook_secret_enc AS sealed FROM users WHERE hook_secret_enc <> ''",
        "UPDATE users SET hook_secret_enc = :sealed WHERE id = :id",
    ),
    ("webhook secrets of keys", Purpose.WEBHOOK): (
        "SELECT id, hook_secret_enc AS sealed FROM tokens WHERE hook_secret_enc <> ''",
        "UPDATE tokens SET hook_secret_enc = :sealed WHERE id = :id",
    ),
}


async def encrypt_anew(
    tx: Transaction, anew: Callable[[str, str], str], key_id: str
) -> Mapping[str, int]:
    """Pass every secret through `anew(purpose, sealed)`; how many of each there were."""
    counts: dict[str, int] = {}
    for (name, purpose), (select, update) in _KEPT.items():
        rows = await tx.rows(select)
        for row in rows:
            values = {"id": row["id"], "sealed": anew(purpose, row["sealed"])}
            if purpose is Purpose.CHANNEL:
                values["key_id"] = key_id
            await tx.run(update, **values)
        counts[name] = len(rows)
    return counts


async def replace_master(tx: Transaction, key_id: str, check_value: str, now: int) -> None:
    """From now on this is the master key; the one before is retired."""
    await tx.run(
        """
        UPDATE keyring SET retired_at = :now
        WHERE purpose = 'master' AND retired_at IS NULL AND id <> :id
        """,
        id=key_id,
        now=now,
    )
    await tx.run(
        """
        INSERT INTO keyring (id, purpose, check_value, created_at)
        VALUES (:id, 'master', :check_value, :now)
        ON CONFLICT (id, purpose) DO UPDATE SET retired_at = NULL
        """,
        id=key_id,
        check_value=check_value,
        now=now,
    )
