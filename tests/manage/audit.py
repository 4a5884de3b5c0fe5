"""Reading what was written down."""

from mjgate.manage import Desk


async def audited(desk: Desk) -> list[tuple[str, ...]]:
    """Who did what to whom, and what it then was, oldest first."""
    rows = await desk.store.reader.rows("SELECT actor, act, subject, after FROM audit ORDER BY id")
    return [tuple(row) for row in rows]
