"""The processes that share the database: who is alive, by the beats they leave."""

from mjgate.store.database import Reader, Transaction


async def join(tx: Transaction, node_id: str, name: str, now: int) -> None:
    """Take a place among the nodes."""
    await tx.run(
        """
        INSERT INTO nodes (id, name, started_at, beat_at) VALUES (:id, :name, :now, :now)
        """,
        id=node_id,
        name=name,
        now=now,
    )


async def beat(tx: Transaction, node_id: str, now: int) -> None:
    """Still here."""
    await tx.run("UPDATE nodes SET beat_at = :now WHERE id = :id", id=node_id, now=now)


async def leave(tx: Transaction, node_id: str, now: int) -> None:
    """Gone, by our own will or as others found."""
    await tx.run(
        "UPDATE nodes SET gone_at = :now WHERE id = :id AND gone_at IS NULL", id=node_id, now=now
    )


async def present(reader: Reader) -> dict[str, int]:
    """Every node that has not left, with its last beat."""
    rows = await reader.rows("SELECT id, beat_at FROM nodes WHERE gone_at IS NULL")
    return {row["id"]: row["beat_at"] for row in rows}


async def last_beat(reader: Reader) -> int | None:
    """When any node was last heard of, those that have left included."""
    row = await reader.row("SELECT MAX(beat_at) AS at FROM nodes")
    return None if row is None else row["at"]


async def gone_with_open_attempts(reader: Reader) -> list[str]:
    """Nodes that left while handing tasks over."""
    rows = await reader.rows(
        """
        SELECT DISTINCT a.owner FROM attempts a JOIN nodes n ON n.id = a.owner
        WHERE a.outcome IS NULL AND n.gone_at IS NOT NULL
        """
    )
    return [row["owner"] for row in rows]
