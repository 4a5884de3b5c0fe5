"""
What may go: by age, by the room that is taken in all, and contents that nobody needs any more.

Nothing goes that is the only copy of a pinned task. A content goes when no row of `media` has
needed it for a while; that is checked in the transaction that deletes it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from mjgate.domain.media import Kind
from mjgate.store import blobs
from mjgate.store.database import Reader, Transaction

PAGE: Final = 500
"""Rows that one transaction changes."""


class Need(NamedTuple):
    """A kept row and its content, or a row whose content is not written down."""

    task_id: int
    kind: str
    n: int
    variant: str
    hash: str
    bytes: int | None


async def purge_older(tx: Transaction, kind: Kind, before: int, now: int) -> int:
    """Let go what was kept before that moment; how many rows."""
    rows = await tx.rows(
        """
        SELECT m.task_id, m.kind, m.n, m.variant, m.hash, 0 AS bytes FROM media m
        WHERE m.state = 'kept' AND m.kind = :kind AND m.kept_at < :before
        AND (m.variant <> '' OR NOT EXISTS (SELECT 1 FROM pins p WHERE p.task_id = m.task_id))
        ORDER BY m.kept_at LIMIT :limit
        """,
        kind=kind,
        before=before,
        limit=PAGE,
    )
    return await _purge(tx, [Need(*row) for row in rows], now)


async def purge_beyond(tx: Transaction, most: int, now: int) -> int:
    """Let the oldest go until all contents together take at most so many bytes; how many rows."""
    over = await taken(tx) - most
    if over <= 0:
        return 0
    rows = await tx.rows(
        """
        SELECT m.task_id, m.kind, m.n, m.variant, m.hash, b.bytes
        FROM media m JOIN blobs b ON b.hash = m.hash
        WHERE m.state = 'kept' AND m.kind <> 'input'
        AND (m.variant <> '' OR NOT EXISTS (SELECT 1 FROM pins p WHERE p.task_id = m.task_id))
        ORDER BY m.kept_at LIMIT :limit
        """,
        limit=PAGE,
    )
    going: list[Need] = []
    for need in map(Need._make, rows):
        if over <= 0:
            break
        over -= need.bytes or 0
        going.append(need)
    return await _purge(tx, going, now)


async def taken(reader: Reader) -> int:
    """Bytes of all contents that rows need."""
    row = await reader.row(
        """
        SELECT COALESCE(SUM(b.bytes), 0) AS bytes FROM blobs b
        WHERE EXISTS (SELECT 1 FROM media m WHERE m.hash = b.hash)
        """
    )
    return 0 if row is None else int(row["bytes"])


async def unneeded(tx: Transaction, before: int) -> list[str]:
    """Forget contents that no row has needed, and nobody used, since that moment; their hashes."""
    rows = await tx.rows(
        """
        SELECT hash FROM blobs b
        WHERE used_at < :before AND NOT EXISTS (SELECT 1 FROM media m WHERE m.hash = b.hash)
        LIMIT :limit FOR UPDATE
        """,
        before=before,
        limit=PAGE,
    )
    hashes = [str(row["hash"]) for row in rows]
    await tx.run(
        """
        DELETE FROM blobs WHERE hash IN each(:hashes)
        AND NOT EXISTS (SELECT 1 FROM media m WHERE m.hash = blobs.hash)
        """,
        hashes=hashes,
    )
    return hashes


async def known(reader: Reader, hashes: Sequence[str]) -> dict[str, int]:
    """Those of the contents that are written down, with their bytes."""
    rows = await reader.rows(
        "SELECT hash, bytes FROM blobs WHERE hash IN each(:hashes)", hashes=list(hashes)
    )
    return {row["hash"]: row["bytes"] for row in rows}


async def needs(reader: Reader, after: Need | None) -> list[Need]:
    """A page of the rows that need a content, in order, after the one given."""
    rows = await reader.rows(
        """
        SELECT m.task_id, m.kind, m.n, m.variant, m.hash, b.bytes
        FROM media m LEFT JOIN blobs b ON b.hash = m.hash
        WHERE m.state = 'kept' AND (m.task_id, m.kind, m.n, m.variant)
            > (CAST(:task_id AS BIGINT), CAST(:kind AS TEXT), CAST(:n AS BIGINT),
               CAST(:variant AS TEXT))
        ORDER BY m.task_id, m.kind, m.n, m.variant LIMIT :limit
        """,
        task_id=after.task_id if after else 0,
        kind=after.kind if after else "",
        n=after.n if after else 0,
        variant=after.variant if after else "",
        limit=PAGE,
    )
    return [Need(*row) for row in rows]


async def counts(reader: Reader) -> Mapping[str, int]:
    """How many rows there are in each state."""
    rows = await reader.rows("SELECT state, COUNT(*) AS rows FROM media GROUP BY state")
    return {row["state"]: row["rows"] for row in rows}


async def pin(tx: Transaction, task_id: int, now: int) -> None:
    """Never let the only copy of this task's results go."""
    await tx.run(
        "INSERT INTO pins (task_id, at) VALUES (:task_id, :now) ON CONFLICT DO NOTHING",
        task_id=task_id,
        now=now,
    )


async def unpin(tx: Transaction, task_id: int) -> None:
    """Treat the task like all others again."""
    await tx.run("DELETE FROM pins WHERE task_id = :task_id", task_id=task_id)


async def forget(tx: Transaction, task_ids: Sequence[int], now: int) -> None:
    """The tasks are deleted: their addresses are 410, their bytes go when nobody has them."""
    ids = list(task_ids)
    rows = await tx.rows(
        "SELECT hash FROM media WHERE task_id IN each(:ids) AND hash IS NOT NULL", ids=ids
    )
    await tx.run(
        "DELETE FROM media WHERE task_id IN each(:ids) AND (variant <> '' OR kind = 'input')",
        ids=ids,
    )
    await tx.run(
        """
        UPDATE media SET state = 'purged', hash = NULL, source_url = '' WHERE task_id IN each(:ids)
        """,
        ids=ids,
    )
    await tx.run("DELETE FROM pins WHERE task_id IN each(:ids)", ids=ids)
    await blobs.touch(tx, [row["hash"] for row in rows], now)


async def _purge(tx: Transaction, going: Sequence[Need], now: int) -> int:
    """A small version is forgotten, and made again when asked for; the rest is 410 from now on."""
    await tx.many(
        """
        DELETE FROM media
        WHERE task_id = :task_id AND kind = :kind AND n = :n AND variant = :variant
        AND variant <> ''
        """,
        [_key(need) for need in going if need.variant],
    )
    await tx.many(
        """
        UPDATE media SET state = 'purged', hash = NULL
        WHERE task_id = :task_id AND kind = :kind AND n = :n AND variant = :variant
        AND state = 'kept'
        """,
        [_key(need) for need in going if not need.variant],
    )
    await blobs.touch(tx, [need.hash for need in going], now)
    return len(going)


def _key(need: Need) -> dict[str, int | str]:
    return {"task_id": need.task_id, "kind": need.kind, "n": need.n, "variant": need.variant}
