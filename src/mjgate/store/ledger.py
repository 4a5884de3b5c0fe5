"""The ledger: append-only rows of what was held, settled, released, granted; and its check."""

from dataclasses import dataclass
from enum import StrEnum

from mjgate.domain.task import Task
from mjgate.store.database import Reader, Transaction


class Kind(StrEnum):
    """What a ledger row says happened to money."""

    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"
    REFUND = "refund"
    GRANT = "grant"
    ADJUST = "adjust"
    CARRY = "carry"


@dataclass(frozen=True, slots=True)
class Audit:
    """The outcome of a check: how much was looked at, and what is broken, in sentences."""

    users: int
    tasks: int
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row about a task: so many units, at that time in epoch milliseconds."""

    task_id: int
    kind: Kind
    amount: int
    at: int


async def enter(tx: Transaction, task: Task, kind: Kind, now: int) -> None:
    """Write what happens to the task's present hold; a price of 0 writes rows too."""
    await tx.add(
        """
        INSERT INTO ledger (task_id, hold_no, kind, user_id, token_id, amount, at)
        VALUES (:task_id, :hold_no, :kind, :user_id, :token_id, :amount, :at)
        """,
        task_id=task.id,
        hold_no=task.hold_no,
        kind=kind,
        user_id=task.user_id,
        token_id=task.token_id,
        amount=task.price,
        at=now,
    )


async def give_back(
    tx: Transaction, task: Task, amount: int, now: int, *, reference: str | None = None
) -> None:
    """Write that so much of the task's present hold goes back though it was settled."""
    await tx.run(
        """
        INSERT INTO ledger (task_id, hold_no, kind, user_id, token_id, amount, reference, at)
        VALUES (:task_id, :hold_no, 'refund', :user_id, :token_id, :amount, :reference, :at)
        """,
        task_id=task.id,
        hold_no=task.hold_no,
        user_id=task.user_id,
        token_id=task.token_id,
        amount=amount,
        reference=reference,
        at=now,
    )


async def grant(
    tx: Transaction, user_id: int, amount: int, now: int, *, reference: str | None = None
) -> None:
    """Give a user `amount` units, which may be negative as far as his balance covers it."""
    kind = Kind.GRANT if amount >= 0 else Kind.ADJUST
    await _give(tx, user_id, kind, amount, now, reference)


async def adjust(
    tx: Transaction, user_id: int, amount: int, now: int, *, reference: str | None = None
) -> None:
    """The same where an admin puts something right."""
    await _give(tx, user_id, Kind.ADJUST, amount, now, reference)


async def _give(
    tx: Transaction, user_id: int, kind: Kind, amount: int, now: int, reference: str | None
) -> None:
    await tx.run(
        """
        INSERT INTO ledger (kind, user_id, amount, reference, at)
        VALUES (:kind, :user_id, :amount, :reference, :at)
        """,
        kind=kind,
        user_id=user_id,
        amount=amount,
        reference=reference,
        at=now,
    )
    await tx.run(
        "UPDATE users SET granted = granted + :amount, balance = balance + :amount WHERE id = :id",
        id=user_id,
        amount=amount,
    )


async def of_tasks(reader: Reader, task_ids: list[int]) -> list[Entry]:
    """What happened to the money of these tasks, in the order in which it did."""
    rows = await reader.rows(
        """
        SELECT task_id, kind, amount, at FROM ledger
        WHERE task_id IN each(:ids) AND task_id IS NOT NULL ORDER BY id
        """,
        ids=task_ids,
    )
    return [Entry(row["task_id"], Kind(row["kind"]), row["amount"], row["at"]) for row in rows]


async def check(reader: Reader) -> Audit:
    """Compare every account with the rows that should explain it."""
    users = await reader.scan("SELECT COUNT(*) AS n FROM users")
    tasks = await reader.scan("SELECT COUNT(*) AS n FROM tasks")
    broken = [
        *await _users(reader),
        *await _tokens(reader),
        *await _holds(reader),
        *await _slots(reader),
    ]
    return Audit(int(users[0]["n"]), int(tasks[0]["n"]), tuple(broken))


async def _users(reader: Reader) -> list[str]:
    rows = await reader.scan(
        """
        SELECT u.id, u.granted, u.balance, u.held, u.spent,
            COALESCE(l.granted, 0) AS l_granted, COALESCE(l.held, 0) AS l_held,
            COALESCE(l.settled, 0) AS l_settled, COALESCE(l.ended, 0) AS l_ended,
            COALESCE(l.refunded, 0) AS l_refunded, COALESCE(l.carried, 0) AS l_carried
        FROM users u LEFT JOIN (
            SELECT user_id,
                SUM(
                    CASE WHEN kind IN ('grant', 'adjust') OR (kind = 'carry' AND token_id IS NULL)
                    THEN amount ELSE 0 END
                ) AS granted,
                SUM(
                    CASE WHEN kind = 'carry' AND token_id IS NOT NULL THEN amount ELSE 0 END
                ) AS carried,
                SUM(CASE WHEN kind = 'hold' THEN amount ELSE 0 END) AS held,
                SUM(CASE WHEN kind = 'settle' THEN amount ELSE 0 END) AS settled,
                SUM(CASE WHEN kind = 'refund' THEN amount ELSE 0 END) AS refunded,
                SUM(CASE WHEN kind IN ('settle', 'release') THEN amount ELSE 0 END) AS ended
            FROM ledger GROUP BY user_id
        ) l ON l.user_id = u.id
        """
    )
    return [
        f"user {row['id']}: the account does not follow from its ledger rows"
        for row in rows
        if row["granted"] != row["l_granted"]
        or row["held"] != row["l_held"] - row["l_ended"]
        or row["spent"] != row["l_settled"] - row["l_refunded"] - row["l_carried"]
        or row["granted"] != row["balance"] + row["held"] + row["spent"]
    ]


async def _tokens(reader: Reader) -> list[str]:
    rows = await reader.scan(
        """
        SELECT t.id, t.held, t.spent,
            COALESCE(l.held, 0) AS l_held, COALESCE(l.settled, 0) AS l_settled,
            COALESCE(l.ended, 0) AS l_ended, COALESCE(l.refunded, 0) AS l_refunded,
            COALESCE(l.carried, 0) AS l_carried
        FROM tokens t LEFT JOIN (
            SELECT token_id,
                SUM(CASE WHEN kind = 'carry' THEN amount ELSE 0 END) AS carried,
                SUM(CASE WHEN kind = 'hold' THEN amount ELSE 0 END) AS held,
                SUM(CASE WHEN kind = 'settle' THEN amount ELSE 0 END) AS settled,
                SUM(CASE WHEN kind = 'refund' THEN amount ELSE 0 END) AS refunded,
                SUM(CASE WHEN kind IN ('settle', 'release') THEN amount ELSE 0 END) AS ended
            FROM ledger WHERE token_id IS NOT NULL GROUP BY token_id
        ) l ON l.token_id = t.id
        """
    )
    return [
        f"key {row['id']}: its counters do not follow from its ledger rows"
        for row in rows
        if row["held"] != row["l_held"] - row["l_ended"]
        or row["spent"] != row["l_settled"] - row["l_refunded"] - row["l_carried"]
    ]


async def _holds(reader: Reader) -> list[str]:
    """
    Tasks whose hold and ledger rows disagree, or that ended without settling.

    One without holds is right when its key's carry row is younger than its end.
    """
    rows = await reader.scan(
        """
        SELECT t.id, t.state, t.hold_open,
            COALESCE(l.holds, 0) AS holds, COALESCE(l.ends, 0) AS ends,
            COALESCE(l.settles, 0) AS settles
        FROM tasks t LEFT JOIN (
            SELECT task_id,
                SUM(CASE WHEN kind = 'hold' THEN 1 ELSE 0 END) AS holds,
                SUM(CASE WHEN kind IN ('settle', 'release') THEN 1 ELSE 0 END) AS ends,
                SUM(CASE WHEN kind = 'settle' THEN 1 ELSE 0 END) AS settles
            FROM ledger WHERE task_id IS NOT NULL GROUP BY task_id
        ) l ON l.task_id = t.id
        WHERE t.hold_open <> COALESCE(l.holds, 0) - COALESCE(l.ends, 0)
        OR (t.state = 'SUCCESS' AND t.rescued = 0 AND COALESCE(l.settles, 0) <> 1 AND NOT (
            COALESCE(l.holds, 0) = 0 AND EXISTS (
                SELECT 1 FROM ledger c WHERE c.task_id IS NULL AND c.kind = 'carry'
                AND c.user_id = t.user_id AND c.token_id = t.token_id AND c.at >= t.finish_at
            )
        ))
        OR (t.state = 'FAILURE' AND COALESCE(l.settles, 0) <> 0)
        LIMIT 1000
        """
    )
    return [
        f"task {row['id']} ({row['state']}): {row['holds']} holds, {row['ends']} ended,"
        f" {row['settles']} settled, hold open: {bool(row['hold_open'])}"
        for row in rows
    ]


async def _slots(reader: Reader) -> list[str]:
    """Counters of running tasks that differ from the tasks that hold a slot."""
    rows = await reader.scan(
        """
        SELECT what, id, counted, running FROM (
            SELECT 'user' AS what, u.id AS id, u.running AS counted, (
                SELECT COUNT(*) FROM tasks t WHERE t.user_id = u.id
                AND t.state IN ('SENDING', 'UNKNOWN', 'SUBMITTED', 'RUNNING')
            ) AS running FROM users u
            UNION ALL
            SELECT 'key', k.id, k.running, (
                SELECT COUNT(*) FROM tasks t WHERE t.token_id = k.id AND t.user_id = k.user_id
                AND t.state IN ('SENDING', 'UNKNOWN', 'SUBMITTED', 'RUNNING')
            ) FROM tokens k
            UNION ALL
            SELECT 'group', g.id, g.running, (
                SELECT COUNT(*) FROM tasks t WHERE t.group_id = g.id
                AND t.state IN ('SENDING', 'UNKNOWN', 'SUBMITTED', 'RUNNING')
            ) FROM groups g WHERE g.max_running IS NOT NULL
            UNION ALL
            SELECT 'channel', m.channel_id, m.running, (
                SELECT COUNT(*) FROM tasks t WHERE t.channel_id = m.channel_id
                AND t.mode = m.mode AND t.state IN ('SENDING', 'UNKNOWN', 'SUBMITTED', 'RUNNING')
            ) FROM channel_modes m
        ) AS slots WHERE counted <> running LIMIT 1000
        """
    )
    return [
        f"{row['what']} {row['id']}: counts {row['counted']} running tasks, has {row['running']}"
        for row in rows
    ]
