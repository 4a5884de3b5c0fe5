"""Changing channels: what they offer, their limits in each mode, and taking them away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mjgate.domain.action import Mode
from mjgate.domain.channel import Channel
from mjgate.store.channels import columns
from mjgate.store.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Limits:
    """How many of a mode may run, and how many may wait, at a time; ms between two submits."""

    max_running: int
    max_waiting: int
    submit_gap: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A key of a channel, as it may be shown, and how many open tasks need it."""

    id: int
    tail: str
    created_at: int
    retired_at: int | None
    tasks: int


async def held(reader: Reader, channel_id: int) -> list[Held]:
    """The keys of a channel, the newest first."""
    rows = await reader.rows(
        """
        SELECT c.id, c.tail, c.created_at, c.retired_at, (
            SELECT COUNT(*) FROM tasks t
            WHERE t.state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'WINDOW', 'SUBMITTED', 'RUNNING')
            AND t.finish_at IS NULL AND t.credential_id = c.id
        ) AS tasks
        FROM credentials c WHERE c.channel_id = :channel_id ORDER BY c.id DESC
        """,
        channel_id=channel_id,
    )
    return [Held(*row) for row in rows]


async def tails(reader: Reader) -> Mapping[int, str]:
    """The last characters of each channel's present key; nothing of a short one."""
    rows = await reader.rows("SELECT channel_id, tail FROM credentials WHERE retired_at IS NULL")
    return {row["channel_id"]: row["tail"] for row in rows}


async def limits(reader: Reader) -> Mapping[int, Mapping[Mode, Limits]]:
    """The modes of every channel with their limits."""
    rows = await reader.rows(
        """
        SELECT channel_id, mode, max_running, max_waiting, submit_gap FROM channel_modes
        ORDER BY mode
        """
    )
    found: dict[int, dict[Mode, Limits]] = {}
    for channel_id, mode, *numbers in rows:
        found.setdefault(channel_id, {})[Mode(mode)] = Limits(*numbers)
    return found


async def write(tx: Transaction, channel: Channel) -> None:
    """Put in force how it is called, where it is and what it offers. ConstraintBroken."""
    await tx.run(
        """
        UPDATE channels SET name = :name, base_url = :base_url, options = :options,
            actions = :actions, group_names = :group_names, priority = :priority, weight = :weight,
            proxy_enc = :proxy_enc
        WHERE id = :id
        """,
        id=channel.id,
        **columns(channel),
    )


async def write_limits(
    tx: Transaction, channel_id: int, wanted: Mapping[Mode, Limits]
) -> Sequence[Mode]:
    """Offer these modes and no others; those that could not go because something runs there."""
    for mode, each in wanted.items():
        await tx.run(
            """
            INSERT INTO channel_modes (channel_id, mode, max_running, max_waiting, submit_gap)
            VALUES (:channel_id, :mode, :max_running, :max_waiting, :submit_gap)
            ON CONFLICT (channel_id, mode) DO UPDATE SET max_running = excluded.max_running,
                max_waiting = excluded.max_waiting, submit_gap = excluded.submit_gap
            """,
            channel_id=channel_id,
            mode=mode,
            max_running=each.max_running,
            max_waiting=each.max_waiting,
            submit_gap=each.submit_gap,
        )
    kept = [mode.value for mode in wanted]
    await tx.run(
        """
        DELETE FROM channel_modes
        WHERE channel_id = :channel_id AND mode NOT IN each(:kept) AND running = 0
        """,
        channel_id=channel_id,
        kept=kept,
    )
    rows = await tx.rows(
        """
        SELECT mode FROM channel_modes WHERE channel_id = :channel_id AND mode NOT IN each(:kept)
        """,
        channel_id=channel_id,
        kept=kept,
    )
    return [Mode(row["mode"]) for row in rows]


async def open_tasks(reader: Reader, channel_id: int) -> int:
    """How many tasks it has that have not ended, open windows and pinned ones that wait too."""
    row = await reader.row(
        """
        SELECT (
            SELECT COUNT(*) FROM tasks WHERE channel_id = :channel_id
            AND state IN ('SENDING', 'UNKNOWN', 'WINDOW', 'SUBMITTED', 'RUNNING')
            AND finish_at IS NULL
        ) + (
            SELECT COUNT(*) FROM tasks WHERE lane IN each(:lanes) AND state = 'QUEUED'
        ) AS n
        """,
        channel_id=channel_id,
        lanes=[f"channel {channel_id} {mode}" for mode in Mode],
    )
    return 0 if row is None else int(row["n"])


async def want_gone(tx: Transaction, channel_id: int) -> None:
    """Take no new work, and go when the last task has ended."""
    await tx.run(
        "UPDATE channels SET status = 'draining', leaving = 1 WHERE id = :id", id=channel_id
    )


async def stay(tx: Transaction, channel_id: int) -> None:
    """Do not go after all: somebody has switched it."""
    await tx.run("UPDATE channels SET leaving = 0 WHERE id = :id", id=channel_id)


async def leaving(reader: Reader) -> Sequence[int]:
    """The channels that go when their last task has ended."""
    rows = await reader.rows("SELECT id FROM channels WHERE leaving = 1 AND deleted_at IS NULL")
    return [int(row["id"]) for row in rows]


async def delete(tx: Transaction, channel_id: int, now: int) -> None:
    """Take it away; its name is free again. A late look still finds its address and its key."""
    await tx.run(
        """
        UPDATE channels SET deleted_at = :now, status = 'disabled', leaving = 0, proxy_enc = ''
        WHERE id = :id
        """,
        id=channel_id,
        now=now,
    )
