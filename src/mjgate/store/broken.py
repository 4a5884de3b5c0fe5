"""Channels that keep failing, as rows: shut, looked at, tried again, mended."""

from mjgate.domain.channel import SHUT, Channel
from mjgate.store.channels import from_row
from mjgate.store.database import Reader, Transaction


async def shut(tx: Transaction, channel_id: int, times: int, probe_at: int) -> bool:
    """
    Give it no new work; look at it from `probe_at` on.

    False if it is not broken for the `times`-th time any more: somebody else has shut it, or it
    was mended meanwhile.
    """
    changed = await tx.run(
        """
        UPDATE channels SET broken_until = :shut, broken_times = broken_times + 1,
            probe_at = :probe_at
        WHERE id = :id AND broken_times = :times
        """,
        id=channel_id,
        times=times,
        shut=SHUT,
        probe_at=probe_at,
    )
    return changed == 1


async def due(reader: Reader, now: int) -> list[Channel]:
    """Broken channels whose pause is over."""
    rows = await reader.rows(
        """
        SELECT * FROM channels
        WHERE broken_times > 0 AND broken_until > :now AND probe_at <= :now
        AND deleted_at IS NULL
        """,
        now=now,
    )
    return [from_row(row, {}) for row in rows]


async def allow_trial(tx: Transaction, channel_id: int, now: int) -> None:
    """It answers: one submit may try it."""
    await tx.run(
        "UPDATE channels SET broken_until = :now WHERE id = :id AND broken_times > 0",
        id=channel_id,
        now=now,
    )


async def claim_trial(tx: Transaction, channel_id: int, now: int, until: int) -> bool:
    """Be the one submit that tries it. False if another is under way, or it was shut again."""
    changed = await tx.run(
        """
        UPDATE channels SET broken_until = :until, probe_at = :until
        WHERE id = :id AND broken_times > 0 AND broken_until <= :now
        """,
        id=channel_id,
        now=now,
        until=until,
    )
    return changed == 1


async def keep_trial(tx: Transaction, channel_id: int, until: int) -> None:
    """The submit that tries it is on its way: no other before `until`."""
    await tx.run(
        """
        UPDATE channels SET broken_until = :until, probe_at = :until
        WHERE id = :id AND broken_times > 0 AND broken_until < :until
        """,
        id=channel_id,
        until=until,
    )


async def mend(tx: Transaction, channel_id: int) -> None:
    """It works again."""
    await tx.run(
        "UPDATE channels SET broken_until = 0, broken_times = 0, probe_at = 0 WHERE id = :id",
        id=channel_id,
    )
