"""
Alerts that are open, so that each is told once, whichever node sees it.

    open   it lasts; told when due
    over   it has ended, which is still to be told
    quiet  it has ended and that was told; kept so long that a return is not told at once again
"""

from collections.abc import Collection, Sequence
from typing import Final

from mjgate.domain.alert import EVERY, Alert, Cause, Told
from mjgate.store.database import Reader, Row, Transaction

NEVER: Final = 1 << 52
LEDGER: Final = "ledger checked"
"""The row that says when the ledger is checked next."""


async def seen(tx: Transaction, alerts: Sequence[Alert], now: int) -> None:
    """These things are wrong just now."""
    await tx.many(
        """
        INSERT INTO alerts (name, cause, subject, text, state, since, seen_at, due_at)
        VALUES (:name, :cause, :subject, :text, 'open', :now, :now, :now)
        ON CONFLICT (name) DO UPDATE SET
            text = excluded.text,
            seen_at = excluded.seen_at,
            since = CASE WHEN alerts.state = 'open' THEN alerts.since ELSE excluded.since END,
            due_at = CASE WHEN alerts.state = 'open' THEN alerts.due_at
                ELSE COALESCE(alerts.told_at + :every, excluded.due_at) END,
            state = 'open'
        """,
        [
            {
                "name": each.key,
                "cause": each.cause,
                "subject": each.subject,
                "text": each.text,
                "now": now,
                "every": EVERY,
            }
            for each in sorted(alerts, key=lambda alert: alert.key)
        ],
    )


async def of(reader: Reader) -> dict[str, tuple[Alert, int]]:
    """What is open, by its key, and when it was seen last."""
    rows = await reader.rows(
        "SELECT * FROM alerts WHERE state = 'open' AND name <> :ledger ORDER BY name", ledger=LEDGER
    )
    return {row["name"]: (_alert(row), row["seen_at"]) for row in rows}


async def end(tx: Transaction, keys: Collection[str], now: int) -> None:
    """These have ended; what nobody was told of goes without a word."""
    await tx.run(
        "DELETE FROM alerts WHERE name IN each(:keys) AND state = 'open' AND told_at IS NULL",
        keys=sorted(keys),
    )
    await tx.run(
        """
        UPDATE alerts SET state = 'over', due_at = :now
        WHERE name IN each(:keys) AND state = 'open'
        """,
        keys=sorted(keys),
        now=now,
    )


async def claim(tx: Transaction, now: int) -> list[Told]:
    """What is to be told now; nobody else will."""
    await tx.run(
        "DELETE FROM alerts WHERE state = 'quiet' AND told_at < :before", before=now - EVERY
    )
    rows = await tx.rows(
        """
        SELECT * FROM alerts WHERE due_at <= :now AND state IN ('open', 'over') AND name <> :ledger
        ORDER BY name FOR UPDATE SKIP LOCKED
        """,
        now=now,
        ledger=LEDGER,
    )
    found = [Told(_alert(row), row["since"], now, row["state"] == "over") for row in rows]
    for each in found:
        await tx.run(
            """
            UPDATE alerts SET state = :state, due_at = :due_at,
                told_at = CASE WHEN :over = 1 THEN told_at ELSE :now END
            WHERE name = :name
            """,
            name=each.alert.key,
            state="quiet" if each.over else "open",
            due_at=NEVER if each.over else now + EVERY,
            over=int(each.over),
            now=now,
        )
    return found


async def again(tx: Transaction, told: Told, due_at: int) -> None:
    """It could not be told: once more at `due_at`, unless things have changed meanwhile."""
    await tx.run(
        """
        UPDATE alerts SET state = :state, due_at = :due_at
        WHERE name = :name AND state = CASE WHEN :state = 'over' THEN 'quiet' ELSE 'open' END
        """,
        name=told.alert.key,
        state="over" if told.over else "open",
        due_at=due_at,
    )


async def take_check(tx: Transaction, now: int, until: int) -> bool:
    """Be the one who checks the ledger; nobody else does before `until`."""
    await tx.run(
        """
        INSERT INTO alerts (name, cause, subject, text, state, since, seen_at, due_at)
        VALUES (:name, :cause, '', '', 'quiet', :now, :now, 0) ON CONFLICT DO NOTHING
        """,
        name=LEDGER,
        cause=Cause.LEDGER_DRIFT,
        now=now,
    )
    changed = await tx.run(
        """
        UPDATE alerts SET due_at = :until, told_at = :until
        WHERE name = :name AND due_at <= :now
        """,
        name=LEDGER,
        now=now,
        until=until,
    )
    return changed == 1


async def paused_since(reader: Reader, moment: int, most: int) -> list[str]:
    """Receivers that were paused because they are gone or dead: whose, and where."""
    rows = await reader.rows(
        """
        SELECT u.username, r.endpoint FROM receivers r JOIN users u ON u.id = r.user_id
        WHERE r.paused_at >= :moment AND r.reason IN ('gone', 'dead')
        ORDER BY r.paused_at DESC LIMIT :most
        """,
        moment=moment,
        most=most,
    )
    return [f"{row['username']} {row['endpoint']}" for row in rows]


def _alert(row: Row) -> Alert:
    return Alert(Cause(row["cause"]), row["subject"], row["text"])
