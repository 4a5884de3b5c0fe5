"""What has to end because its key, its user or its channel is gone, found by whoever sweeps."""

from collections.abc import Sequence

from mjgate.store.database import Reader


async def waiting_without_a_key(reader: Reader, most: int) -> Sequence[int]:
    """Tasks that wait though their key or user is disabled or gone."""
    rows = await reader.scan(
        """
        SELECT t.id FROM tasks t JOIN users u ON u.id = t.user_id JOIN tokens k ON k.id = t.token_id
        WHERE t.state = 'QUEUED' AND (
            u.status <> 'enabled' OR u.deleted_at IS NOT NULL
            OR k.status <> 'enabled' OR k.deleted_at IS NOT NULL
        ) LIMIT :most
        """,
        most=most,
    )
    return [int(row["id"]) for row in rows]
