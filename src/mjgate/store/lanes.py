"""The queue as rows: who waits in which lane, and whose turn it is."""

from mjgate.domain.task import Task
from mjgate.store.columns import from_row
from mjgate.store.database import Reader


async def heads(reader: Reader, limit: int) -> list[Task]:
    """The first waiting task of each user in each lane, those whose turn came longest ago first."""
    rows = await reader.scan(
        """
        SELECT t.* FROM tasks t
        WHERE t.state = 'QUEUED' AND NOT EXISTS (
            SELECT 1 FROM tasks earlier
            WHERE earlier.state = 'QUEUED' AND earlier.lane = t.lane
            AND earlier.user_id = t.user_id
            AND (earlier.turn < t.turn OR (earlier.turn = t.turn AND earlier.id < t.id))
        )
        ORDER BY t.turn, t.id LIMIT :limit
        """,
        limit=limit,
    )
    return [from_row(row) for row in rows]


async def ahead(reader: Reader, task: Task, *, most: int = 1_001) -> int:
    """How many wait before `task` in its lane, counted to `most`."""
    row = await reader.row(
        """
        SELECT COUNT(*) AS n FROM (
            SELECT 1 AS one FROM tasks
            WHERE state = 'QUEUED' AND lane = :lane
            AND (turn < :turn OR (turn = :turn AND id < :id))
            LIMIT :most
        ) AS before_it
        """,
        lane=task.lane,
        turn=task.turn,
        id=task.id,
        most=most,
    )
    return 0 if row is None else int(row["n"])


async def turn_in(reader: Reader, lane: str, user_id: int) -> tuple[int, int]:
    """The turn a new task of the user gets in the lane, and how many of his wait anywhere."""
    row = await reader.row(
        """
        SELECT
            (SELECT MIN(turn) FROM tasks WHERE state = 'QUEUED' AND lane = :lane) AS current,
            (SELECT MAX(turn) FROM tasks
             WHERE state = 'QUEUED' AND lane = :lane AND user_id = :user_id) AS last,
            (SELECT COUNT(*) FROM tasks WHERE state = 'QUEUED' AND user_id = :user_id) AS waiting
        """,
        lane=lane,
        user_id=user_id,
    )
    if row is None:
        return 0, 0
    current = row["current"] or 0
    last = row["last"]
    return max(current, 0 if last is None else last + 1), int(row["waiting"])


async def waits(reader: Reader, lane: str) -> bool:
    """Whether anybody waits in the lane: a newcomer then lines up behind."""
    row = await reader.row(
        "SELECT 1 AS one FROM tasks WHERE state = 'QUEUED' AND lane = :lane LIMIT 1", lane=lane
    )
    return row is not None


async def waiting_since_before(reader: Reader, moment: int) -> list[int]:
    """Tasks that joined our queue before `moment` and still wait."""
    rows = await reader.scan(
        "SELECT id FROM tasks WHERE state = 'QUEUED' AND submit_at < :moment LIMIT 500",
        moment=moment,
    )
    return [int(row["id"]) for row in rows]
