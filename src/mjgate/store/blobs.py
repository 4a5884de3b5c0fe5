"""Which bytes we keep: a row for each content, by its hash. The bytes are in `files`."""

from mjgate.store.database import Transaction


async def put(tx: Transaction, content_hash: str, size: int, media_type: str, now: int) -> None:
    """Note the content, or that it was used again."""
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
