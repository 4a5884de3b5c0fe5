"""
The accounts that every task touches: user, key, group, channel mode.

They are locked in this order and touched in a transaction's last statements, so that a busy user
is locked for the shortest time and two transactions never wait for each other.
"""

from dataclasses import dataclass
from enum import StrEnum

from mjgate.domain.action import Mode
from mjgate.domain.errors import GatewayError, QuotaNotEnough
from mjgate.domain.task import Task
from mjgate.store.database import Transaction


class Limit(StrEnum):
    """Whose limit was reached."""

    USER = "user"
    TOKEN = "token"  # noqa: S105  a word, not a secret
    GROUP = "group"
    CHANNEL = "channel"


class SlotTakenError(GatewayError):
    """No free slot; `limit` says whose. Everything done in the transaction so far is undone."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(f"no free slot: {limit}")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Delta:
    """How the accounts of a task change: units of money, and slots."""

    balance: int = 0
    held: int = 0
    spent: int = 0
    running: int = 0
    over: bool = False  # a slot is taken although none is free

    @property
    def nothing(self) -> bool:
        """Whether user, key and group stay as they are."""
        return not (self.balance or self.held or self.spent or self.running)

    @property
    def wanted(self) -> int:
        """Slots that must be free."""
        return 0 if self.over else self.running


Slot = tuple[int, Mode] | None
"""The channel and mode whose slot a task takes, if it takes one."""


async def shift(
    tx: Transaction, task: Task, delta: Delta, *, before: Slot, after: Slot, now: int
) -> None:
    """Apply `delta`, and move the slot. QuotaNotEnough, SlotTakenError."""
    if not delta.nothing:
        await _user(tx, task, delta)
        await _token(tx, task, delta)
        if delta.running:
            await _group(tx, task, delta)
    if before != after:
        await _channels(tx, before, after, now, over=delta.over)


async def _user(tx: Transaction, task: Task, delta: Delta) -> None:
    changed = await tx.run(
        """
        UPDATE users SET balance = balance + :balance, held = held + :held,
            spent = spent + :spent, running = running + :running
        WHERE id = :id AND balance + :balance >= 0
        AND (:wanted <= 0 OR max_running IS NULL OR running < max_running)
        """,
        id=task.user_id,
        balance=delta.balance,
        held=delta.held,
        spent=delta.spent,
        running=delta.running,
        wanted=delta.wanted,
    )
    if not changed:
        row = await tx.row("SELECT balance FROM users WHERE id = :id", id=task.user_id)
        if row is None or row["balance"] + delta.balance < 0:
            raise _too_poor("Your balance", 0 if row is None else row["balance"], task.price)
        raise SlotTakenError(Limit.USER)


async def _token(tx: Transaction, task: Task, delta: Delta) -> None:
    changed = await tx.run(
        """
        UPDATE tokens SET balance = balance + :balance * limited, held = held + :held,
            spent = spent + :spent, running = running + :running
        WHERE id = :id AND (limited = 0 OR balance + :balance >= 0)
        AND (:wanted <= 0 OR max_running IS NULL OR running < max_running)
        """,
        id=task.token_id,
        balance=delta.balance,
        held=delta.held,
        spent=delta.spent,
        running=delta.running,
        wanted=delta.wanted,
    )
    if not changed:
        row = await tx.row("SELECT balance, limited FROM tokens WHERE id = :id", id=task.token_id)
        if row is None or (row["limited"] and row["balance"] + delta.balance < 0):
            raise _too_poor("This key's quota", 0 if row is None else row["balance"], task.price)
        raise SlotTakenError(Limit.TOKEN)


async def _group(tx: Transaction, task: Task, delta: Delta) -> None:
    """Count for a group that has a limit; most have none, and are not locked."""
    row = await tx.row("SELECT max_running FROM groups WHERE id = :id", id=task.group_id)
    if row is None or row["max_running"] is None:
        return
    changed = await tx.run(
        """
        UPDATE groups SET
            running = CASE WHEN running + :running < 0 THEN 0 ELSE running + :running END
        WHERE id = :id AND max_running IS NOT NULL
        AND (:wanted <= 0 OR running < max_running)
        """,
        id=task.group_id,
        running=delta.running,
        wanted=delta.wanted,
    )
    if not changed and delta.wanted > 0:
        raise SlotTakenError(Limit.GROUP)


async def _channels(tx: Transaction, before: Slot, after: Slot, now: int, *, over: bool) -> None:
    """
    Give one slot back and take the other, in the order of their keys.

    Where submits keep a distance, none is given out before it is over.
    """
    moves = sorted((slot, step) for slot, step in ((before, -1), (after, 1)) if slot is not None)
    for (channel_id, mode), step in moves:
        changed = await tx.run(
            """
            UPDATE channel_modes SET running = running + :step,
                next_submit_at = CASE WHEN :step > 0 AND submit_gap > 0
                    THEN :now + submit_gap ELSE next_submit_at END
            WHERE channel_id = :channel_id AND mode = :mode
            AND (:wanted <= 0 OR (running < max_running AND next_submit_at <= :now))
            """,
            channel_id=channel_id,
            mode=mode,
            step=step,
            now=now,
            wanted=0 if over else step,
        )
        if not changed:
            raise SlotTakenError(Limit.CHANNEL)


def _too_poor(whose: str, balance: int, price: int) -> QuotaNotEnough:
    msg = f"{whose} of {balance} units does not cover the {price} that this task costs."
    return QuotaNotEnough(msg)
