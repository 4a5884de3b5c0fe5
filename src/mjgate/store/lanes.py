"""The queue as rows: who waits in which lane, and whose turn it is."""

from collections.abc import Mapping
from typing import Final

from mjgate.domain.task import Task
from mjgate.store.columns import from_row
from mjgate.store.database import Reader, Transaction

MOST: Final = 1_001
"""As far as a place in the queue is counted."""


async def fronts(reader: Reader) -> list[str]:
    """The lanes in which somebody waits; first the one whose foremost task is the oldest."""
    rows = await reader.rows(
        """
        WITH RECURSIVE found (lane) AS (
            SELECT MIN(lane) FROM tasks WHERE state = 'QUEUED'
            UNION ALL
            SELECT (
                SELECT MIN(t.lane) FROM tasks t WHERE t.state = 'QUEUED' AND t.lane > found.lane
            ) FROM found WHERE found.lane IS NOT NULL
        )
        SELECT lane FROM (
            SELECT lane, (
                SELECT t.id FROM tasks t WHERE t.state = 'QUEUED' AND t.lane = found.lane
                ORDER BY t.turn, t.id LIMIT 1
            ) AS foremost FROM found WHERE lane IS NOT NULL
        ) AS waiting ORDER BY foremost
        """
    )
    return [row["lane"] for row in rows]


async def heads(reader: Reader, lane: str, limit: int) -> list[Task]:
    """
    The first waiting task of each user in a lane, in the order of their turns.

    Left out are users and groups at their limit, and tasks whose key is; they keep their places.
    """
    rows = await reader.scan(
        """
        WITH RECURSIVE who (user_id) AS (
            SELECT MIN(user_id) FROM tasks WHERE state = 'QUEUED' AND lane = :lane
            UNION ALL
            SELECT (
                SELECT MIN(t.user_id) FROM tasks t
                WHERE t.state = 'QUEUED' AND t.lane = :lane AND t.user_id > who.user_id
            ) FROM who WHERE who.user_id IS NOT NULL
        )
        SELECT t.* FROM who
        JOIN users u ON u.id = who.user_id
        JOIN tasks t ON t.id = (
            SELECT w.id FROM tasks w
            JOIN tokens k ON k.id = w.token_id JOIN groups g ON g.id = w.group_id
            WHERE w.state = 'QUEUED' AND w.lane = :lane AND w.user_id = who.user_id
            AND (w.lead_id IS NULL OR w.lead_id = w.id)
            AND (k.max_running IS NULL OR k.running < k.max_running)
            AND (g.max_running IS NULL OR g.running < g.max_running)
            ORDER BY w.turn, w.id LIMIT 1
        )
        WHERE u.max_running IS NULL OR u.running < u.max_running
        ORDER BY t.turn, t.id LIMIT :limit
        """,
        lane=lane,
        limit=limit,
    )
    return [from_row(row) for row in rows]


async def ahead(reader: Reader, task: Task, *, most: int = MOST) -> int:
    """How many wait before `task` in its lane, counted to `most`."""
    row = await reader.row(
        """
        SELECT COUNT(*) AS n FROM (
            SELECT 1 AS one FROM tasks
            WHERE state = 'QUEUED' AND lane = :lane AND (turn, id) < (:turn, :id)
            LIMIT :most
        ) AS before_it
        """,
        lane=task.lane,
        turn=task.turn,
        id=task.id,
        most=most,
    )
    return 0 if row is None else int(row["n"])


async def depth(reader: Reader, lane: str, *, most: int) -> int:
    """How many wait in a lane, counted to `most`."""
    row = await reader.row(
        """
        SELECT COUNT(*) AS n FROM (
            SELECT 1 AS one FROM tasks WHERE state = 'QUEUED' AND lane = :lane LIMIT :most
        ) AS all_of_it
        """,
        lane=lane,
        most=most,
    )
    return 0 if row is None else int(row["n"])


async def turn_in(reader: Reader, lane: str, user_id: int) -> tuple[int, int]:
    """
    The turn a new task of the user gets in the lane, and how many of his wait anywhere.

    It is the one after his last, but not before the lane's current: that after the turn which was
    handed on last, so that who comes again and again does not pass those who wait.
    """
    row = await reader.row(
        """
        SELECT
            (SELECT MIN(turn) FROM tasks WHERE state = 'QUEUED' AND lane = :lane) AS first,
            (SELECT turn FROM lanes WHERE lane = :lane) AS current,
            (SELECT MAX(turn) FROM tasks
             WHERE state = 'QUEUED' AND lane = :lane AND user_id = :user_id) AS last,
            (SELECT COUNT(*) FROM tasks WHERE state = 'QUEUED' AND user_id = :user_id) AS waiting
        """,
        lane=lane,
        user_id=user_id,
    )
    if row is None:
        return 0, 0
    last = row["last"]
    turn = max(row["first"] or 0, row["current"] or 0, 0 if last is None else last + 1)
    return turn, int(row["waiting"])


async def advance(tx: Transaction, current: Mapping[str, int]) -> None:
    """Tasks of these turns were handed on: who comes now lines up after them."""
    for lane, turn in sorted(current.items()):
        await tx.run(
            """
            INSERT INTO lanes (lane, turn) VALUES (:lane, :turn)
            ON CONFLICT (lane) DO UPDATE SET turn = excluded.turn WHERE lanes.turn < excluded.turn
            """,
            lane=lane,
            turn=turn,
        )


async def waits(reader: Reader, lane: str) -> bool:
    """Whether anybody waits in the lane for a slot, and not for a limit of his own."""
    row = await reader.row(
        "SELECT 1 AS one FROM tasks WHERE state = 'QUEUED' AND lane = :lane LIMIT 1", lane=lane
    )
    return row is not None and bool(await heads(reader, lane, 1))


async def waiting_since_before(reader: Reader, moment: int) -> list[int]:
    """Tasks that were submitted before `moment` and wait, the oldest 500."""
    rows = await reader.rows(
        "SELECT id FROM tasks WHERE state = 'QUEUED' AND id < :bound ORDER BY id LIMIT 500",
        bound=moment * 1_000,
    )
    return [int(row["id"]) for row in rows]
