"""What was written down, read in parts from the newest: the ledger, the audit, old versions."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString, NamedTuple

from mjgate.store.database import Reader, Value


class Entry(NamedTuple):
    """A row of the ledger. Amounts in quota units, signed only where something was put right."""

    id: int
    at: int
    kind: str
    amount: int
    user_id: int
    token_id: int | None
    task_id: int | None
    hold_no: int | None
    reference: str | None


class Act(NamedTuple):
    """A row of the audit; before and after as JSON."""

    id: int
    at: int
    actor: str
    act: str
    subject: str
    before: str
    after: str


class Version(NamedTuple):
    """What was in force from a time on."""

    version: int
    name: str
    value: str
    actor: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Which rows of the ledger; None means all. Times in epoch milliseconds, both ends in."""

    user_id: int | None = None
    token_id: int | None = None
    task_id: int | None = None
    kind: str | None = None
    since: int | None = None
    until: int | None = None


_ENTRY_FILTERS: Final[Mapping[str, LiteralString]] = {
    "user_id": "AND user_id = :user_id",
    "token_id": "AND token_id = :token_id",
    "task_id": "AND task_id = :task_id",
    "kind": "AND kind = :kind",
    "since": "AND at >= :since",
    "until": "AND at <= :until",
}
_ACT_FILTERS: Final[Mapping[str, LiteralString]] = {
    "actor": "AND actor = :actor",
    "act": "AND act = :act",
    "subject": "AND subject = :subject",
}


async def entries(
    reader: Reader, wanted: Entries, *, below: int, skip: int, most: int
) -> Sequence[Entry]:
    """Rows of the ledger with ids below `below`, the newest first, without the first `skip`."""
    values: dict[str, Value] = {name: getattr(wanted, name) for name in _ENTRY_FILTERS}
    asked = " ".join(
        [
            "SELECT id, at, kind, amount, user_id, token_id, task_id, hold_no, reference",
            "FROM ledger WHERE id < :below",
            *_conditions(_ENTRY_FILTERS, values),
            "ORDER BY id DESC LIMIT :most OFFSET :skip",
        ]
    )
    rows = await reader.scan(asked, **_named(values), below=below, skip=skip, most=most)
    return [Entry(*row) for row in rows]


async def count_entries(reader: Reader, wanted: Entries, *, most: int) -> int:
    """How many rows of the ledger there are, counted to `most`."""
    values: dict[str, Value] = {name: getattr(wanted, name) for name in _ENTRY_FILTERS}
    conditions = _conditions(_ENTRY_FILTERS, values)
    asked = " ".join(["SELECT 1 FROM ledger WHERE 1 = 1", *conditions, "LIMIT :most"])
    return len(await reader.scan(asked, **_named(values), most=most))


async def acts(
    reader: Reader, wanted: Mapping[str, str | None], *, below: int, skip: int, most: int
) -> Sequence[Act]:
    """Rows of the audit with ids below `below`, the newest first, without the first `skip`."""
    values: dict[str, Value] = {name: wanted.get(name) for name in _ACT_FILTERS}
    asked = " ".join(
        [
            "SELECT id, at, actor, act, subject, before, after FROM audit WHERE id < :below",
            *_conditions(_ACT_FILTERS, values),
            "ORDER BY id DESC LIMIT :most OFFSET :skip",
        ]
    )
    rows = await reader.scan(asked, **_named(values), below=below, skip=skip, most=most)
    return [Act(*row) for row in rows]


async def count_acts(reader: Reader, wanted: Mapping[str, str | None], *, most: int) -> int:
    """How many rows of the audit there are, counted to `most`."""
    values: dict[str, Value] = {name: wanted.get(name) for name in _ACT_FILTERS}
    conditions = _conditions(_ACT_FILTERS, values)
    asked = " ".join(["SELECT 1 FROM audit WHERE 1 = 1", *conditions, "LIMIT :most"])
    return len(await reader.scan(asked, **_named(values), most=most))


async def price_versions(
    reader: Reader, *, below: int, skip: int, most: int
) -> tuple[Sequence[Version], int]:
    """The tables of prices that were in force, the newest first, as JSON; and how many."""
    rows = await reader.rows(
        """
        SELECT version, table_json, actor, at FROM prices WHERE version < :below
        ORDER BY version DESC LIMIT :most OFFSET :skip
        """,
        below=below,
        skip=skip,
        most=most,
    )
    count = await reader.row("SELECT COUNT(*) AS n FROM prices")
    return [
        Version(row["version"], "", row["table_json"], row["actor"], row["at"]) for row in rows
    ], 0 if count is None else int(count["n"])


async def setting_versions(
    reader: Reader, name: str, *, below: int, skip: int, most: int
) -> tuple[Sequence[Version], int]:
    """The values that a setting ever had, the newest first, as JSON; and how many there are."""
    rows = await reader.rows(
        """
        SELECT version, name, value, actor, at FROM settings
        WHERE name = :name AND version < :below ORDER BY version DESC LIMIT :most OFFSET :skip
        """,
        name=name,
        below=below,
        skip=skip,
        most=most,
    )
    count = await reader.row("SELECT COUNT(*) AS n FROM settings WHERE name = :name", name=name)
    return [Version(*row) for row in rows], 0 if count is None else int(count["n"])


async def latest_settings(reader: Reader) -> Mapping[str, Version]:
    """What was set last, by name; a setting that nobody touched is not there."""
    rows = await reader.rows(
        """
        SELECT version, name, value, actor, at FROM settings
        WHERE version IN (SELECT MAX(version) FROM settings GROUP BY name)
        """
    )
    return {row["name"]: Version(*row) for row in rows}


def decoded(text: str) -> object:
    """What an audit row keeps as JSON; None for nothing."""
    return json.loads(text) if text else None


def _conditions(
    known: Mapping[str, LiteralString], values: Mapping[str, Value]
) -> Iterator[LiteralString]:
    for name, condition in known.items():
        if values[name] is not None:
            yield condition


def _named(values: Mapping[str, Value]) -> dict[str, Value]:
    """Only what a condition asks for: an engine refuses names that a statement does not have."""
    return {name: value for name, value in values.items() if value is not None}
