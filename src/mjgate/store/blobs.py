"""Contents that are kept, by hash; which rows need them stands in `media`."""

from collections.abc import Sequence
from typing import NamedTuple

from mjgate.store.database import Reader, Transaction


class Blob(NamedTuple):
    """A content: its hash, its bytes, and the type that they show."""

    hash: str
    bytes: int
    type: str


async def put(tx: Transaction, content_hash: str, size: int, media_type: str, now: int) -> None:
    """Write down that we keep this content, or that it was used again."""
    await tx.run(
        """
        INSERT INTO blobs (hash, bytes, type, created_at, used_at)
        VALUES (:hash, :bytes, :type, :now, :now)
        ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at
        """,
        hash=content_hash,
        bytes=size,
        type=media_type,
        now=now,
    )


async def touch(tx: Transaction, hashes: Sequence[str], now: int) -> None:
    """Somebody needed these contents until now: the time runs from here."""
    await tx.run(
        "UPDATE blobs SET used_at = :now WHERE hash IN each(:hashes)", hashes=list(hashes), now=now
    )


async def is_input(reader: Reader, task_id: int, content_hash: str) -> bool:
    """Whether the task's request names this content."""
    row = await reader.row(
        """
        SELECT n FROM media
        WHERE task_id = :task_id AND kind = 'input' AND hash = :hash LIMIT 1
        """,
        task_id=task_id,
        hash=content_hash,
    )
    return row is not None
