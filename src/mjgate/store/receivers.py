"""Receivers that fail, or get nothing for now: a user's addresses, without their queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mjgate.store.database import Reader, Transaction
from mjgate.store.webhooks import Event


class Pause(StrEnum):
    """Why a receiver gets nothing."""

    GONE = "gone"  # it answered 410
    DEAD = "dead"  # it took nothing for days
    OWNER = "owner"  # its owner wants it so


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver that fails or is paused; one that works has no row."""

    endpoint: str
    failing_since: int | None
    paused_at: int | None
    reason: str


async def paused(reader: Reader, events: Sequence[Event]) -> dict[tuple[int, str], Pause]:
    """Of the events' receivers those that get nothing, by user and endpoint, and why."""
    rows = await reader.rows(
        """
        SELECT user_id, endpoint, reason FROM receivers
        WHERE user_id IN each(:users) AND endpoint IN each(:endpoints) AND paused_at IS NOT NULL
        """,
        users=list({event.user_id for event in events}),
        endpoints=list({event.endpoint for event in events}),
    )
    return {(row["user_id"], row["endpoint"]): Pause(row["reason"]) for row in rows}


async def of_user(reader: Reader, user_id: int) -> list[Receiver]:
    """The user's receivers that fail or are paused."""
    rows = await reader.rows(
        "SELECT * FROM receivers WHERE user_id = :user_id ORDER BY endpoint", user_id=user_id
    )
    return [
        Receiver(row["endpoint"], row["failing_since"], row["paused_at"], row["reason"])
        for row in rows
    ]


async def failing(tx: Transaction, user_id: int, endpoint: str, now: int) -> int:
    """Note that it failed; since when it has done nothing else."""
    row = await tx.row(
        """
        INSERT INTO receivers (user_id, endpoint, failing_since)
        VALUES (:user_id, :endpoint, :now)
        ON CONFLICT (user_id, endpoint)
        DO UPDATE SET failing_since = COALESCE(receivers.failing_since, :now)
        RETURNING failing_since
        """,
        user_id=user_id,
        endpoint=endpoint,
        now=now,
    )
    return now if row is None else int(row["failing_since"])


async def pause(tx: Transaction, user_id: int, endpoint: str, why: Pause, now: int) -> None:
    """Send it nothing more until it is resumed."""
    await tx.run(
        """
        INSERT INTO receivers (user_id, endpoint, paused_at, reason)
        VALUES (:user_id, :endpoint, :now, :why)
        ON CONFLICT (user_id, endpoint) DO UPDATE SET paused_at = :now, reason = :why
        """,
        user_id=user_id,
        endpoint=endpoint,
        why=why,
        now=now,
    )


async def resume(tx: Transaction, user_id: int, endpoint: str, now: int) -> int:
    """Send again, what was set aside first; how many events that are."""
    await tx.run(
        "DELETE FROM receivers WHERE user_id = :user_id AND endpoint = :endpoint",
        user_id=user_id,
        endpoint=endpoint,
    )
    return await tx.run(
        """
        UPDATE outbox SET status = 'due', due_at = :now, lease_until = 0
        WHERE user_id = :user_id AND endpoint = :endpoint AND status = 'paused'
        """,
        user_id=user_id,
        endpoint=endpoint,
        now=now,
    )
