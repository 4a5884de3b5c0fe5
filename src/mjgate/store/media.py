"""
What is kept, or to be kept, of each task: a row for every picture, cut, clip and small version.

    due     to be copied from its source, or cut from the task's picture once that is kept
    kept    its bytes are ours, under `hash`
    lost    every try failed; whoever asks for it tries once more
    purged  was kept, and is gone by the rules of retention

A row that is due is claimed by pushing `due_at` forward: a lease, which its owner renews.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from mjgate.domain.media import KEPT, Kind, Size, expiry_of, pieces
from mjgate.domain.task import Task
from mjgate.store import blobs
from mjgate.store.database import Reader, Row, Transaction

NEVER: Final = 1 << 52
"""When that is due which waits for something else."""

SOON: Final = 60 * 60 * 1_000
"""Links that end within this time are copied before all others."""


_NAMED: Final = re.compile(r'"hash":"([0-9a-f]{64})"')
"""How an encoded request names a content; in a text of a user the quotes would be escaped."""


class Item(NamedTuple):
    """One row, with what is known of its bytes when they are kept."""

    task_id: int
    kind: Kind
    n: int
    size: Size
    state: str
    source: str
    channel_id: int | None
    tries: int
    hash: str
    bytes: int
    type: str

    @property
    def kept(self) -> bool:
        """Whether its bytes are ours."""
        return self.state == "kept"

    @property
    def purged(self) -> bool:
        """Whether it was kept once and is gone."""
        return self.state == "purged"


async def announce(tx: Transaction, task: Task, now: int) -> None:
    """Write down what there is to keep of a task that has just succeeded."""
    for piece in pieces(task):
        kept = piece.source.startswith(KEPT)
        await tx.run(
            """
            INSERT INTO media
                (task_id, kind, n, hash, source_url, channel_id, expires_at, state, due_at, kept_at)
            VALUES
                (:task_id, :kind, :n, :hash, :source, :channel_id, :expires_at, :state, :due_at,
                 :kept_at)
            ON CONFLICT DO NOTHING
            """,
            task_id=task.id,
            kind=piece.kind,
            n=piece.n,
            hash=piece.source.removeprefix(KEPT) if kept else None,
            source="" if kept else piece.source,
            channel_id=task.channel_id,
            expires_at=expiry_of(piece.source),
            state="kept" if kept else "due",
            due_at=now if piece.source else NEVER,
            kept_at=now if kept else None,
        )


async def inputs(tx: Transaction, task_id: int, request: str, now: int) -> None:
    """Write down which contents a request names: they stay as long as its task."""
    hashes = dict.fromkeys(_NAMED.findall(request))
    if not hashes:
        return
    await tx.many(
        """
        INSERT INTO media (task_id, kind, n, hash, state, due_at, kept_at)
        SELECT CAST(:task_id AS BIGINT), 'input', CAST(:n AS BIGINT), b.hash, 'kept',
               CAST(:now AS BIGINT), CAST(:now AS BIGINT)
        FROM blobs b WHERE b.hash = :hash
        ON CONFLICT (task_id, kind, n, variant) DO UPDATE SET hash = excluded.hash
        """,
        [
            {"task_id": task_id, "n": n, "hash": content_hash, "now": now}
            for n, content_hash in enumerate(hashes)
        ],
    )


async def find(reader: Reader, task_id: int, kind: Kind, n: int, size: Size) -> Item | None:
    """The row, if there is one."""
    row = await reader.row(
        """
        SELECT m.task_id, m.kind, m.n, m.variant, m.state, m.source_url, m.channel_id, m.tries,
               m.hash, b.bytes, b.type
        FROM media m LEFT JOIN blobs b ON b.hash = m.hash
        WHERE m.task_id = :task_id AND m.kind = :kind AND m.n = :n AND m.variant = :size
        """,
        task_id=task_id,
        kind=kind,
        n=n,
        size=size,
    )
    return None if row is None else _from_row(row)


async def any_due(reader: Reader, now: int) -> bool:
    """Whether there is something to claim."""
    row = await reader.row(
        "SELECT task_id FROM media WHERE state = 'due' AND due_at <= :now LIMIT 1", now=now
    )
    return row is not None


async def claim(
    tx: Transaction,
    owner: str,
    *,
    now: int,
    until: int,
    limit: int,
    busy: Sequence[int] = (),
    of_one: int = 1_000,
) -> list[Item]:
    """
    Take up to `limit` rows that are due, those first whose links end soon.

    None of channels that are `busy`, and at most `of_one` of any: one that hangs delays no other.
    """
    bounds = {"now": now, "busy": list(busy), "limit": limit}
    ending = await tx.rows(
        """
        SELECT * FROM media
        WHERE state = 'due' AND due_at <= :now AND expires_at < :soon
        AND (channel_id IS NULL OR NOT (channel_id IN each(:busy)))
        ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED
        """,
        soon=now + SOON,
        **bounds,
    )
    others = await tx.rows(
        """
        SELECT * FROM media
        WHERE state = 'due' AND due_at <= :now
        AND (channel_id IS NULL OR NOT (channel_id IN each(:busy)))
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
        """,
        **bounds,
    )
    claimed = _fairly([_unkept(row) for row in (*ending, *others)], of_one, limit)
    await tx.many(
        """
        UPDATE media SET due_at = :until, owner = :owner
        WHERE task_id = :task_id AND kind = :kind AND n = :n AND variant = :size
        AND state = 'due'
        """,
        [_key(item) | {"until": until, "owner": owner} for item in claimed],
    )
    return claimed


async def renew(tx: Transaction, items: Sequence[Item], owner: str, until: int) -> None:
    """Keep what is being copied from others for longer, unless its copy has ended meanwhile."""
    await tx.many(
        """
        UPDATE media SET due_at = :until
        WHERE task_id = :task_id AND kind = :kind AND n = :n AND variant = :size
        AND state = 'due' AND owner = :owner
        """,
        [_key(item) | {"until": until, "owner": owner} for item in items],
    )


async def keep(tx: Transaction, item: Item, held: blobs.Blob, now: int) -> bool:
    """The bytes are ours. False if the row is gone, purged, or had its bytes before."""
    changed = await tx.run(
        """
        UPDATE media SET state = 'kept', hash = :hash, kept_at = :now, owner = ''
        WHERE task_id = :task_id AND kind = :kind AND n = :n AND variant = :size
        AND state IN ('due', 'lost')
        """,
        **_key(item),
        hash=held.hash,
        now=now,
    )
    if not changed:
        return False
    await blobs.put(tx, held.hash, held.bytes, held.type, now)
    if item.kind is Kind.IMAGE and item.n == 0:
        await tx.run(
            """
            UPDATE media SET due_at = :now
            WHERE task_id = :task_id AND state = 'due' AND due_at = :never
            """,
            task_id=item.task_id,
            now=now,
            never=NEVER,
        )
    return True


async def add(tx: Transaction, item: Item, held: blobs.Blob, now: int) -> None:
    """A small version that was made just now; nothing happens where its whole is not kept."""
    await tx.run(
        """
        INSERT INTO media (task_id, kind, n, variant, hash, state, due_at, kept_at)
        SELECT m.task_id, m.kind, m.n, CAST(:size AS TEXT), CAST(:hash AS TEXT), 'kept',
               CAST(:now AS BIGINT), CAST(:now AS BIGINT)
        FROM media m
        WHERE m.task_id = :task_id AND m.kind = :kind AND m.n = :n AND m.variant = ''
        AND m.state = 'kept'
        ON CONFLICT DO NOTHING
        """,
        **_key(item),
        hash=held.hash,
        now=now,
    )
    await blobs.put(tx, held.hash, held.bytes, held.type, now)


async def put_off(tx: Transaction, item: Item, due_at: int | None) -> None:
    """A try failed: the next one is at `due_at`; without it the row is lost."""
    await tx.run(
        """
        UPDATE media SET tries = tries + 1, due_at = :due_at, state = :state, owner = ''
        WHERE task_id = :task_id AND kind = :kind AND n = :n AND variant = :size
        AND state = 'due'
        """,
        **_key(item),
        due_at=NEVER if due_at is None else due_at,
        state="lost" if due_at is None else "due",
    )


async def reopen(tx: Transaction, item: Item, now: int) -> None:
    """Its bytes have vanished from where we keep them: copy, cut or make it again."""
    if item.size:
        await tx.run(
            """
            DELETE FROM media
            WHERE task_id = :task_id AND kind = :kind AND n = :n AND variant = :size
            """,
            **_key(item),
        )
        return
    await tx.run(
        """
        UPDATE media SET state = 'due', hash = NULL, due_at = :now, tries = 0
        WHERE task_id = :task_id AND kind = :kind AND n = :n AND variant = :size
        AND state = 'kept' AND kind <> 'input'
        """,
        **_key(item),
        now=now,
    )


def _fairly(found: Sequence[Item], of_one: int, limit: int) -> list[Item]:
    taken: Counter[int | None] = Counter()
    chosen: list[Item] = []
    for item in dict.fromkeys(found):
        if taken[item.channel_id] < of_one and len(chosen) < limit:
            taken[item.channel_id] += 1
            chosen.append(item)
    return chosen


def _key(item: Item) -> dict[str, int | str]:
    return {"task_id": item.task_id, "kind": item.kind, "n": item.n, "size": item.size}


def _unkept(row: Row) -> Item:
    return Item(
        row["task_id"], Kind(row["kind"]), row["n"], Size(row["variant"]), row["state"],
        row["source_url"], row["channel_id"], row["tries"], row["hash"] or "", 0, "",
    )  # fmt: skip


def _from_row(row: Row) -> Item:
    return _unkept(row)._replace(bytes=row["bytes"] or 0, type=row["type"] or "")
