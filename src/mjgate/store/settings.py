"""Settings, prices, keyring and audit: small tables that change seldom and keep their history."""

import json
from collections.abc import Mapping

from mjgate.domain.action import Action, Mode
from mjgate.domain.pricing import ACTION_PRICES, MODE_FACTORS, PriceTable
from mjgate.domain.settings import Value
from mjgate.store.database import Reader, Transaction


async def prices(reader: Reader) -> PriceTable:
    """The prices in force; those of the protocol until somebody sets others."""
    row = await reader.row("SELECT version, table_json FROM prices ORDER BY version DESC LIMIT 1")
    if row is None:
        return PriceTable()
    table = json.loads(row["table_json"])
    actions = dict(ACTION_PRICES) | {Action(k): int(v) for k, v in table["actions"].items()}
    modes = dict(MODE_FACTORS) | {Mode(k): int(v) for k, v in table["modes"].items()}
    return PriceTable(int(row["version"]), actions, modes)


async def set_prices(tx: Transaction, table: PriceTable, actor: str, now: int) -> int:
    """Put a new table in force, as the next version; what runs keeps the price it has."""
    row = await tx.row(
        "INSERT INTO prices (table_json, actor, at) VALUES (:table, :actor, :now)"
        " RETURNING version",
        table=json.dumps({"actions": dict(table.actions), "modes": dict(table.modes)}),
        actor=actor,
        now=now,
    )
    return 0 if row is None else int(row["version"])


async def values(reader: Reader) -> Mapping[str, str]:
    """What was set last, as JSON by name; a setting that nobody touched is not there."""
    rows = await reader.rows(
        """
        SELECT name, value FROM settings
        WHERE version IN (SELECT max(version) FROM settings GROUP BY name)
        """
    )
    return {row["name"]: row["value"] for row in rows}


async def set_value(tx: Transaction, name: str, value: Value, actor: str, now: int) -> int:
    """Put a value in force, as the next version, which comes back."""
    row = await tx.row(
        "INSERT INTO settings (name, value, actor, at) VALUES (:name, :value, :actor, :now)"
        " RETURNING version",
        name=name,
        value=json.dumps(value, ensure_ascii=False),
        actor=actor,
        now=now,
    )
    return 0 if row is None else int(row["version"])


async def audit(
    tx: Transaction,
    *,
    actor: str,
    act: str,
    subject: str,
    now: int,
    before: object = None,
    after: object = None,
) -> None:
    """Write down who did what to whom, and how it was and is. Never a secret."""
    await tx.run(
        """
        INSERT INTO audit (at, actor, act, subject, before, after)
        VALUES (:now, :actor, :act, :subject, :before, :after)
        """,
        now=now,
        actor=actor,
        act=act,
        subject=subject,
        before="" if before is None else json.dumps(before, ensure_ascii=False),
        after="" if after is None else json.dumps(after, ensure_ascii=False),
    )


async def key_check(reader: Reader) -> tuple[str, str] | None:
    """Id and check value of the master key this database was written with."""
    row = await reader.row(
        "SELECT id, check_value FROM keyring WHERE purpose = 'master' AND retired_at IS NULL"
    )
    return None if row is None else (row["id"], row["check_value"])


async def set_key_check(tx: Transaction, key_id: str, check_value: str, now: int) -> None:
    """Remember the master key by its check value."""
    await tx.run(
        """
        INSERT INTO keyring (id, purpose, check_value, created_at)
        VALUES (:id, 'master', :check_value, :now)
        ON CONFLICT DO NOTHING
        """,
        id=key_id,
        check_value=check_value,
        now=now,
    )
