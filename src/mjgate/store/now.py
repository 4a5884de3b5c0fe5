"""How things stand: who waits since when, and what is still to be told."""

from dataclasses import dataclass

from mjgate.store.database import Reader


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and since when the first of them does (epoch milliseconds)."""

    count: int
    since: int | None


async def queues(reader: Reader) -> dict[str, Waiting]:
    """The tasks that wait for a channel, by lane."""
    rows = await reader.scan(
        """
        SELECT lane, COUNT(*) AS n, MIN(submit_at) AS since FROM tasks WHERE state = 'QUEUED'
        GROUP BY lane ORDER BY lane
        """
    )
    return {row["lane"]: Waiting(row["n"], row["since"]) for row in rows}


async def backlog(reader: Reader) -> Waiting:
    """The webhook events that are still to be delivered."""
    rows = await reader.scan(
        "SELECT COUNT(*) AS n, MIN(made_at) AS since FROM outbox WHERE status = 'due'"
    )
    return Waiting(rows[0]["n"], rows[0]["since"])


async def overdue(reader: Reader, before: int, most: int) -> int:
    """How many events should have gone out before then and were not tried, counted to `most`."""
    rows = await reader.scan(
        """
        SELECT COUNT(*) AS n FROM (
            SELECT 1 AS one FROM outbox WHERE status = 'due' AND due_at < :before LIMIT :most
        ) AS late
        """,
        before=before,
        most=most,
    )
    return int(rows[0]["n"])
