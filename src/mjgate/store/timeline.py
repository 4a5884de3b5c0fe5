"""The rows that tell what happened to a task, collected from wherever each is kept."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from mjgate.domain.task import Task
from mjgate.domain.timeline import GATEWAY, Event, Kind, in_order
from mjgate.domain.webhook import EventId
from mjgate.store.database import Reader, Row

MOST: Final = 1_000
"""Rows of one kind that are collected; no task that is well has nearly so many."""


async def of_task(reader: Reader, task: Task) -> list[Event]:
    """All that happened to a task, in order."""
    found = [
        *await _states(reader, task),
        *await _attempts(reader, task),
        *await _money(reader, task),
        *await _webhooks(reader, task),
        *await _media(reader, task),
        *await _acts(reader, task),
    ]
    return in_order(found)


async def hidden(reader: Reader, task: Task) -> list[str]:
    """What may not be shown to the owner: names, hosts and ids of channels, jobs and nodes."""
    names = await reader.rows(
        """
        SELECT name, base_url, instance_id FROM channels WHERE id IN (
            SELECT channel_id FROM attempts WHERE task_id = :id
            UNION SELECT channel_id FROM tasks WHERE id = :id
        )
        """,
        id=task.id,
    )
    tried = await reader.rows(
        """
        SELECT nonce, owner, hint_upstream_id, late_upstream_id FROM attempts WHERE task_id = :id
        """,
        id=task.id,
    )
    jobs = await reader.rows("SELECT upstream_id FROM jobs WHERE task_id = :id", id=task.id)
    found = {str(value) for row in (*names, *tried, *jobs) for value in row}
    hosts = {each.partition("://")[2].partition("/")[0] for each in found if "://" in each}
    bare = {each.partition(":")[0] for each in hosts}
    return sorted({*found, *hosts, *bare, task.upstream_id} - {""})


async def _states(reader: Reader, task: Task) -> list[Event]:
    rows = await reader.rows(
        """
        SELECT seq, at, kind, actor, data FROM events WHERE task_id = :id ORDER BY seq LIMIT :most
        """,
        id=task.id,
        most=MOST,
    )
    return [
        Event(
            at=row["at"],
            kind=Kind.PROGRESS if row["kind"] == "progress" else Kind.STATE,
            actor=row["actor"],
            what=row["kind"],
            data=json.loads(row["data"]),
        )
        for row in rows
    ]


async def _attempts(reader: Reader, task: Task) -> list[Event]:
    rows = await reader.rows(
        """
        SELECT a.*, c.name AS channel FROM attempts a LEFT JOIN channels c ON c.id = a.channel_id
        WHERE a.task_id = :id ORDER BY a.no LIMIT :most
        """,
        id=task.id,
        most=MOST,
    )
    return [event for row in rows for event in _attempt(row)]


def _attempt(row: Row) -> Iterator[Event]:
    who = {"no": row["no"], "channel": row["channel"], "channel_id": row["channel_id"]}
    yield Event(
        at=row["opened_at"],
        kind=Kind.ATTEMPT,
        actor=GATEWAY,
        what=row["step"],
        data={**who, "step": row["step"], "nonce": row["nonce"], "node": row["owner"]},
    )
    if row["outcome"] is not None:
        yield Event(
            at=row["answered_at"],
            kind=Kind.ANSWER,
            actor="upstream",
            what=row["outcome"],
            data={
                **who,
                "outcome": row["outcome"],
                "took": row["answered_at"] - row["opened_at"],
                "upstream_id": row["hint_upstream_id"],
                "said": row["answer"],
            },
        )
    if row["late_at"] is not None:
        yield Event(
            at=row["late_at"],
            kind=Kind.ANSWER,
            actor="upstream",
            what="late",
            data={**who, "upstream_id": row["late_upstream_id"]},
        )


async def _money(reader: Reader, task: Task) -> list[Event]:
    rows = await reader.rows(
        "SELECT at, kind, amount, hold_no FROM ledger WHERE task_id = :id ORDER BY id", id=task.id
    )
    return [
        Event(
            at=row["at"],
            kind=Kind.MONEY,
            actor=GATEWAY,
            what=row["kind"],
            data={"amount": row["amount"], "hold": row["hold_no"]},
        )
        for row in rows
    ]


async def _webhooks(reader: Reader, task: Task) -> list[Event]:
    rows = await reader.rows(
        """
        SELECT d.at, d.took, d.status, d.error, d.answer, d.seq, d.kind, o.endpoint, o.status AS now
        FROM deliveries d JOIN outbox o
        ON o.task_id = d.task_id AND o.seq = d.seq AND o.kind = d.kind
        WHERE d.task_id = :id ORDER BY d.id LIMIT :most
        """,
        id=task.id,
        most=MOST,
    )
    return [
        Event(
            at=row["at"],
            kind=Kind.WEBHOOK,
            actor=GATEWAY,
            what=row["kind"],
            data={
                "event": str(EventId(task.id, row["seq"], row["kind"])),
                "endpoint": row["endpoint"],
                "status": row["status"],
                "error": row["error"],
                "took": row["took"],
                "answer": row["answer"],
                "now": row["now"],
            },
        )
        for row in rows
    ]


async def _media(reader: Reader, task: Task) -> list[Event]:
    rows = await reader.rows(
        """
        SELECT m.kind, m.n, m.variant, m.state, m.kept_at, m.tries, b.bytes, b.type
        FROM media m LEFT JOIN blobs b ON b.hash = m.hash
        WHERE m.task_id = :id ORDER BY m.kind, m.n, m.variant LIMIT :most
        """,
        id=task.id,
        most=MOST,
    )
    return [
        Event(
            at=row["kept_at"] or task.finish_at or task.submit_at,
            kind=Kind.MEDIA,
            actor="archive",
            what=row["kind"],
            data={
                "n": row["n"],
                "size": row["variant"],
                "state": row["state"],
                "tries": row["tries"],
                "bytes": row["bytes"],
                "type": row["type"],
            },
        )
        for row in rows
    ]


async def _acts(reader: Reader, task: Task) -> Sequence[Event]:
    rows = await reader.rows(
        "SELECT at, actor, act, before, after FROM audit WHERE subject = :subject ORDER BY id",
        subject=f"task {task.id}",
    )
    return [
        Event(
            at=row["at"],
            kind=Kind.ADMIN,
            actor=row["actor"],
            what=row["act"],
            data={name: json.loads(row[name]) for name in ("before", "after") if row[name]},
        )
        for row in rows
    ]
