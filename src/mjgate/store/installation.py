"""The installation's id: drawn once for a database, the same for every process that works on it."""

import secrets

from mjgate.store.database import Reader, Transaction


async def identity(reader: Reader) -> str | None:
    """The id, if one has been drawn."""
    row = await reader.row("SELECT name FROM installation WHERE id = 1")
    return None if row is None else str(row["name"])


async def drawn(tx: Transaction) -> str:
    """The id: a new one, unless another process was first."""
    await tx.run(
        "INSERT INTO installation (id, name) VALUES (1, :name) ON CONFLICT DO NOTHING",
        name=secrets.token_hex(8),
    )
    return await identity(tx) or ""
