"""The processes that share the database: who is alive, by the beats they leave."""

from mjgate.store.database import Reader, Transaction


async def join(
    tx: Transaction, node_id: str, name: str, now: int, back_at: int | None = None
) -> None:
    """Take a place among the nodes; `back_at` is when the latest absence of all of us ended."""
    await tx.run(
        """
        INSERT INTO nodes (id, name, started_at, beat_at, back_at)
        VALUES (:id, :name, :now, :now, :back_at)
        """,
        id=node_id,
        name=name,
        now=now,
        back_at=back_at,
    )


async def beat(tx: Transaction, node_id: str, now: int, back_at: int | None = None) -> None:
    """Still here, or here again: others may have thought us dead while we were held up."""
    await tx.run(
        "UPDATE nodes SET beat_at = :now, gone_at = NULL, back_at = :back_at WHERE id = :id",
        id=node_id,
        now=now,
        back_at=back_at,
    )


async def leave(tx: Transaction, node_id: str, now: int) -> None:
    """Gone, by our own will or as others found."""
    await tx.run(
        "UPDATE nodes SET gone_at = :now WHERE id = :id AND gone_at IS NULL", id=node_id, now=now
    )


async def present(reader: Reader) -> dict[str, int]:
    """Every node that has not left, with its last beat."""
    rows = await reader.rows("SELECT id, beat_at FROM nodes WHERE gone_at IS NULL")
    return {row["id"]: row["beat_at"] for row in rows}


async def last_heard_of(reader: Reader) -> tuple[int | None, int | None]:
    """The latest beat of any node, and the end of the latest absence; of those gone as well."""
    row = await reader.row("SELECT MAX(beat_at) AS beat, MAX(back_at) AS back FROM nodes")
    return (None, None) if row is None else (row["beat"], row["back"])


async def forget_before(tx: Transaction, moment: int) -> None:
    """Drop nodes that left before then, but for those whose attempts are still open."""
    await tx.run(
        """
        DELETE FROM nodes WHERE gone_at < :moment AND beat_at < :moment AND NOT EXISTS (
            SELECT 1 FROM attempts a WHERE a.owner = nodes.id AND a.outcome IS NULL
        )
        """,
        moment=moment,
    )


async def gone_with_open_attempts(reader: Reader) -> list[str]:
    """Nodes that left while handing tasks over."""
    rows = await reader.rows(
        """
        SELECT DISTINCT a.owner FROM attempts a JOIN nodes n ON n.id = a.owner
        WHERE a.outcome IS NULL AND n.gone_at IS NOT NULL
        """
    )
    return [row["owner"] for row in rows]
