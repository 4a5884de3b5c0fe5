"""Work that one process at a time does: whoever holds the lease, until it runs out."""

from mjgate.store.database import Transaction


async def take(tx: Transaction, name: str, owner: str, *, now: int, length: int) -> bool:
    """Hold the lease for so many more milliseconds; False while somebody else does."""
    until = now + length
    held = await tx.run(
        """
        UPDATE leases SET until = :until, owner = :owner,
            fence = CASE WHEN owner = :owner THEN fence ELSE fence + 1 END
        WHERE name = :name AND (owner = :owner OR until < :now)
        """,
        name=name,
        owner=owner,
        until=until,
        now=now,
    )
    if held:
        return True
    made = await tx.run(
        """
        INSERT INTO leases (name, owner, until, fence) VALUES (:name, :owner, :until, 1)
        ON CONFLICT DO NOTHING
        """,
        name=name,
        owner=owner,
        until=until,
    )
    return made == 1
