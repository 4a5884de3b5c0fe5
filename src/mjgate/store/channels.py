"""Channels as rows: what they offer, how busy they are, and the keys that open them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from mjgate.domain.action import Action, Mode
from mjgate.domain.channel import Channel, ChannelStatus, Load
from mjgate.store.database import Reader, Row, Transaction, Value


@dataclass(frozen=True, slots=True)
class Credential:
    """A key of a channel, encrypted; retired ones still serve the tasks they began."""

    id: int
    channel_id: int
    secret_enc: str


async def all_in_use(reader: Reader) -> list[Channel]:
    """Every channel that is not deleted, with its load in each mode."""
    rows = await reader.rows("SELECT * FROM channels WHERE deleted_at IS NULL ORDER BY id")
    known = await loads(reader)
    return [from_row(row, known.get(row["id"], {})) for row in rows]


async def loads(reader: Reader, mode: Mode | None = None) -> dict[int, dict[Mode, Load]]:
    """How busy every channel is, in each of its modes or only in one."""
    rows = await reader.rows(
        """
        SELECT channel_id, mode, running, max_running, busy_until, max_waiting, next_submit_at,
            submit_gap
        FROM channel_modes WHERE CAST(:mode AS TEXT) IS NULL OR mode = :mode
        """,
        mode=mode,
    )
    found: dict[int, dict[Mode, Load]] = {}
    for channel_id, of_mode, *numbers in rows:
        found.setdefault(channel_id, {})[Mode(of_mode)] = Load(*numbers)
    return found


async def present_credentials(reader: Reader) -> dict[int, int]:
    """The id of the key that new work goes out with, by channel."""
    rows = await reader.rows(
        """
        SELECT channel_id, MAX(id) AS id FROM credentials
        WHERE retired_at IS NULL GROUP BY channel_id
        """
    )
    return {row["channel_id"]: row["id"] for row in rows}


async def get(reader: Reader, channel_id: int) -> Channel | None:
    """The channel, deleted ones too: their tasks may still be running."""
    row = await reader.row("SELECT * FROM channels WHERE id = :id", id=channel_id)
    return None if row is None else from_row(row, {})


async def present(reader: Reader, channel_id: int) -> Channel | None:
    """The channel, unless it is deleted."""
    row = await reader.row(
        "SELECT * FROM channels WHERE id = :id AND deleted_at IS NULL", id=channel_id
    )
    return None if row is None else from_row(row, {})


async def named(reader: Reader, name: str) -> Channel | None:
    """The channel of that name."""
    row = await reader.row(
        "SELECT * FROM channels WHERE name = :name AND deleted_at IS NULL", name=name
    )
    return None if row is None else from_row(row, {})


async def load(reader: Reader, channel_id: int, mode: Mode) -> Load | None:
    """How busy a channel is in a mode; None if it is deleted or does not have it."""
    row = await reader.row(
        """
        SELECT m.running, m.max_running, m.busy_until, m.max_waiting, m.next_submit_at, m.submit_gap
        FROM channel_modes m JOIN channels c ON c.id = m.channel_id
        WHERE m.channel_id = :channel_id AND m.mode = :mode AND c.deleted_at IS NULL
        """,
        channel_id=channel_id,
        mode=mode,
    )
    return None if row is None else Load(*row)


async def credential(reader: Reader, credential_id: int) -> Credential | None:
    """One key, retired or not."""
    row = await reader.row(
        "SELECT id, channel_id, secret_enc FROM credentials WHERE id = :id", id=credential_id
    )
    return None if row is None else Credential(row["id"], row["channel_id"], row["secret_enc"])


async def present_credential(reader: Reader, channel_id: int) -> Credential | None:
    """The key that new work goes out with."""
    row = await reader.row(
        """
        SELECT id, channel_id, secret_enc FROM credentials
        WHERE channel_id = :channel_id AND retired_at IS NULL ORDER BY id DESC LIMIT 1
        """,
        channel_id=channel_id,
    )
    return None if row is None else Credential(row["id"], row["channel_id"], row["secret_enc"])


async def add(tx: Transaction, channel: Channel, *, modes: Sequence[Mode], max_running: int,
              max_waiting: int, now: int) -> int:  # fmt: skip
    """Insert the channel; its id. ConstraintBroken when the name is taken."""
    row = await tx.row(
        """
        INSERT INTO channels (
            instance_id, name, provider, base_url, options, actions, group_names, priority,
            weight, status, proxy_enc, created_at
        ) VALUES (
            :instance_id, :name, :provider, :base_url, :options, :actions, :group_names,
            :priority, :weight, :status, :proxy_enc, :now
        ) RETURNING id
        """,
        instance_id=channel.instance_id,
        provider=channel.provider,
        status=channel.status,
        now=now,
        **columns(channel),
    )
    channel_id = 0 if row is None else int(row["id"])
    await _add_modes(tx, channel_id, modes, max_running, max_waiting)
    return channel_id


def columns(channel: Channel) -> dict[str, Value]:
    """What of a channel may be changed later, as its columns keep it."""
    return {
        "name": channel.name,
        "base_url": channel.base_url,
        "options": json.dumps(channel.options),
        "actions": " ".join(sorted(channel.actions)),
        "group_names": " ".join(sorted(channel.groups)),
        "priority": channel.priority,
        "weight": channel.weight,
        "proxy_enc": channel.proxy_enc,
    }


async def _add_modes(
    tx: Transaction, channel_id: int, modes: Sequence[Mode], max_running: int, max_waiting: int
) -> None:
    """The modes that the channel offers, each with its limits."""
    await tx.many(
        """
        INSERT INTO channel_modes (channel_id, mode, max_running, max_waiting)
        VALUES (:channel_id, :mode, :max_running, :max_waiting)
        """,
        [
            {
                "channel_id": channel_id,
                "mode": mode,
                "max_running": max_running,
                "max_waiting": max_waiting,
            }
            for mode in modes
        ],
    )


async def add_credential(
    tx: Transaction, channel_id: int, *, secret_enc: str, tail: str, key_id: str, now: int
) -> None:
    """Give the channel a key; those it had are retired, and still serve what they began."""
    await tx.run(
        """
        UPDATE credentials SET retired_at = :now
        WHERE channel_id = :channel_id AND retired_at IS NULL
        """,
        channel_id=channel_id,
        now=now,
    )
    await tx.run(
        """
        INSERT INTO credentials (channel_id, secret_enc, tail, key_id, created_at)
        VALUES (:channel_id, :secret_enc, :tail, :key_id, :now)
        """,
        channel_id=channel_id,
        secret_enc=secret_enc,
        tail=tail,
        key_id=key_id,
        now=now,
    )


async def drop_credential(tx: Transaction, credential_id: int) -> bool:
    """Forget a retired key for good: what it began can be asked for no more. False if in use."""
    changed = await tx.run(
        "DELETE FROM credentials WHERE id = :id AND retired_at IS NOT NULL", id=credential_id
    )
    return changed == 1


async def set_status(tx: Transaction, channel_id: int, status: ChannelStatus) -> None:
    """Let the channel take new work, or not."""
    await tx.run(
        "UPDATE channels SET status = :status WHERE id = :id", id=channel_id, status=status
    )


async def set_base_url(tx: Transaction, channel_id: int, base_url: str) -> None:
    """Reach the channel elsewhere from now on; its tasks are looked for there too."""
    await tx.run(
        "UPDATE channels SET base_url = :base_url WHERE id = :id", id=channel_id, base_url=base_url
    )


async def set_proxy(tx: Transaction, channel_id: int, proxy_enc: str) -> None:
    """Reach the channel through a proxy from now on, or (empty) without one."""
    await tx.run(
        "UPDATE channels SET proxy_enc = :proxy_enc WHERE id = :id",
        id=channel_id,
        proxy_enc=proxy_enc,
    )


async def pause(tx: Transaction, channel_id: int, mode: Mode, until: int) -> None:
    """The channel said that it is busy: nothing new in this mode before `until`."""
    await tx.run(
        """
        UPDATE channel_modes SET busy_until = :until
        WHERE channel_id = :channel_id AND mode = :mode AND busy_until < :until
        """,
        channel_id=channel_id,
        mode=mode,
        until=until,
    )


def from_row(row: Row, loads: dict[Mode, Load]) -> Channel:
    """A channel from a row with all columns."""
    return Channel(
        id=row["id"],
        instance_id=row["instance_id"],
        name=row["name"],
        provider=row["provider"],
        base_url=row["base_url"],
        options=json.loads(row["options"]),
        actions=frozenset(map(Action, row["actions"].split())),
        groups=frozenset(row["group_names"].split()),
        priority=row["priority"],
        weight=row["weight"],
        status=ChannelStatus(row["status"]),
        proxy_enc=row["proxy_enc"],
        broken_until=row["broken_until"],
        broken_times=row["broken_times"],
        loads=loads,
    )
