"""Reading tasks. Everything that changes one is in `moves`."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from mjgate.domain.account import Caller
from mjgate.domain.action import Action, Mode
from mjgate.domain.errors import NotFound
from mjgate.domain.task import State, Task
from mjgate.store import tally
from mjgate.store.columns import encode_result, from_row
from mjgate.store.database import Reader, Row, Transaction

_ID_DIGITS: Final = 16
_MANY: Final = 200
"""Ids from which on a look-up is a scan."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Version(NamedTuple):
    """Raised by every change of a task; with it go the key that submitted it, and its end."""

    version: int
    token_id: int
    finish_at: int | None

    @property
    def running(self) -> bool:
        """Whether the task has not ended."""
        return self.finish_at is None


def mint(now: int) -> int:
    """A public id: thirteen digits of epoch milliseconds, three random. May clash: draw again."""
    return now * 1_000 + secrets.randbelow(1_000)


def parse_id(text: str) -> int | None:
    """The id in `text`; None when it cannot be one of ours."""
    if len(text) == _ID_DIGITS and text.isascii() and text.isdigit():
        return int(text)
    return None


def parse_uuid(text: str) -> str | None:
    """The UUID in `text`, as it is kept; None when it is none."""
    text = text.lower()
    return text if _UUID.fullmatch(text) else None


async def newest(reader: Reader) -> int | None:
    """When the newest task was submitted, in epoch milliseconds."""
    row = await reader.row("SELECT MAX(id) AS id FROM tasks")
    return None if row is None or row["id"] is None else row["id"] // 1_000


async def get(reader: Reader, task_id: str, *, seen_by: Caller) -> Task:
    """The task, if `seen_by` may see it; other people's tasks do not exist. NotFound."""
    number = parse_id(task_id)
    if number is None:
        row = await _by_uuid(reader, task_id, seen_by)
    else:
        row = await reader.row(
            """
            SELECT * FROM tasks
            WHERE id = :id AND user_id = :user_id
            AND (CAST(:token_id AS BIGINT) IS NULL OR token_id = :token_id)
            """,
            id=number,
            user_id=seen_by.user_id,
            token_id=seen_by.narrowed_to,
        )
    if row is None:
        msg = "task not found"
        raise NotFound(msg)
    return from_row(row)


async def of(reader: Reader, task_id: str, *, user_id: int | None) -> Task | None:
    """The user's task, or anybody's for None: only an admin asks so."""
    row = await reader.row(
        """
        SELECT * FROM tasks WHERE (id = :id OR job_uuid = :job_uuid)
        AND (CAST(:user_id AS BIGINT) IS NULL OR user_id = :user_id)
        """,
        id=parse_id(task_id) or 0,
        job_uuid=task_id,
        user_id=user_id,
    )
    return None if row is None else from_row(row)


async def versions(reader: Reader, ids: Sequence[int], *, user_id: int) -> dict[int, Version]:
    """How often each of the user's tasks has changed, and which key it came with."""
    rows = await reader.rows(
        """
        SELECT id, version, token_id, finish_at FROM tasks
        WHERE id IN each(:ids) AND user_id = :user_id
        """,
        ids=list(ids),
        user_id=user_id,
    )
    return {task_id: Version(*rest) for task_id, *rest in rows}


async def several(reader: Reader, ids: Sequence[int], *, seen_by: Caller) -> dict[int, Task]:
    """Those of `ids` that exist and that `seen_by` may see."""
    read = reader.scan if len(ids) > _MANY else reader.rows
    rows = await read(
        """
        SELECT * FROM tasks
        WHERE id IN each(:ids) AND user_id = :user_id
        AND (CAST(:token_id AS BIGINT) IS NULL OR token_id = :token_id)
        """,
        ids=list(ids),
        user_id=seen_by.user_id,
        token_id=seen_by.narrowed_to,
    )
    return {task.id: task for task in map(from_row, rows)}


async def of_users(reader: Reader, ids: Sequence[int], *, user_ids: Sequence[int]) -> list[Task]:
    """Those of `ids` that belong to one of these users."""
    rows = await reader.rows(
        "SELECT * FROM tasks WHERE id IN each(:ids) AND user_id IN each(:user_ids)",
        ids=list(ids),
        user_ids=list(user_ids),
    )
    return [from_row(row) for row in rows]


async def recent(reader: Reader, *, user_id: int, since: int, most: int) -> list[Task]:
    """The user's newest tasks, of those that run or ended at `since` or later, oldest first."""
    rows = await reader.rows(
        """
        SELECT * FROM tasks WHERE id IN (
            SELECT id FROM tasks WHERE user_id = :user_id ORDER BY id DESC LIMIT :most
        ) AND (finish_at IS NULL OR finish_at >= :since)
        ORDER BY id
        """,
        user_id=user_id,
        since=since,
        most=most,
    )
    return [from_row(row) for row in rows]


async def by_id(reader: Reader, task_id: int) -> Task | None:
    """The task whoever owns it: for the gateway's own work, never for answers to requests."""
    row = await reader.row("SELECT * FROM tasks WHERE id = :id", id=task_id)
    return None if row is None else from_row(row)


async def locked(tx: Transaction, task_id: int) -> Task | None:
    """The task, as it will stand until the transaction ends."""
    row = await tx.row("SELECT * FROM tasks WHERE id = :id FOR UPDATE", id=task_id)
    return None if row is None else from_row(row)


async def by_ids(reader: Reader, ids: Sequence[int]) -> dict[int, Task]:
    """The tasks whoever owns them: for the gateway's own work."""
    rows = await reader.rows("SELECT * FROM tasks WHERE id IN each(:ids)", ids=list(ids))
    return {task.id: task for task in map(from_row, rows)}


async def by_upstream(reader: Reader, channel_id: int, upstream_id: str) -> Task | None:
    """The task that an upstream's job belongs to."""
    row = await reader.row(
        """
        SELECT t.* FROM jobs j JOIN tasks t ON t.id = j.task_id
        WHERE j.channel_id = :channel_id AND j.upstream_id = :upstream_id
        """,
        channel_id=channel_id,
        upstream_id=upstream_id,
    )
    return None if row is None else from_row(row)


async def durations(reader: Reader, channel_id: int, action: Action, mode: Mode) -> list[int]:
    """How many milliseconds the channel's latest 200 successes of a kind took, whoever's."""
    rows = await reader.rows(
        """
        SELECT finish_at - start_at AS took FROM tasks
        WHERE channel_id = :channel_id AND action = :action AND mode = :mode
        AND state = 'SUCCESS' AND rescued = 0 AND finish_at > start_at
        ORDER BY id DESC LIMIT 200
        """,
        channel_id=channel_id,
        action=action,
        mode=mode,
    )
    return [int(row["took"]) for row in rows]


async def rewrite(tx: Transaction, task_id: int, *, prompt: str, request: str) -> None:
    """What a confirmed window asks for, in place of what it asked for before."""
    await tx.run(
        "UPDATE tasks SET prompt = :prompt, request = :request WHERE id = :id AND state = 'WINDOW'",
        id=task_id,
        prompt=prompt,
        request=request,
    )
    await tally.rewritten(tx, task_id)


async def want_cancel(tx: Transaction, task_id: int, *states: State) -> bool:
    """Remember that it is to be cancelled. False if it is in none of these states, or was so."""
    changed = await tx.run(
        """
        UPDATE tasks SET cancel_wanted = 1, version = version + 1
        WHERE id = :id AND state IN each(:states) AND cancel_wanted = 0
        """,
        id=task_id,
        states=[state.value for state in states],
    )
    return changed == 1


async def keep_seed(tx: Transaction, task_id: int, seed: str) -> None:
    """Keep the seed that was asked for: nobody has to ask again."""
    task = await locked(tx, task_id)
    if task is None:
        return
    await tx.run(
        "UPDATE tasks SET result = :result, version = version + 1 WHERE id = :id",
        id=task_id,
        result=encode_result(replace(task.result, seed=seed)),
    )
    tx.touch(task_id)


async def keep_size(tx: Transaction, task_id: int, width: int, height: int) -> None:
    """Keep how large the task's picture is, as the picture itself says."""
    task = await locked(tx, task_id)
    if task is None or (task.result.width, task.result.height) == (width, height):
        return
    await tx.run(
        "UPDATE tasks SET result = :result, version = version + 1 WHERE id = :id",
        id=task_id,
        result=encode_result(replace(task.result, width=width, height=height)),
    )
    tx.touch(task_id)


async def disown(tx: Transaction, channel_id: int, upstream_id: str) -> None:
    """Take an upstream's job from the task that has it: another may own it now."""
    await tx.run(
        "DELETE FROM jobs WHERE channel_id = :channel_id AND upstream_id = :upstream_id",
        channel_id=channel_id,
        upstream_id=upstream_id,
    )


async def _by_uuid(reader: Reader, job_uuid: str, caller: Caller) -> Row | None:
    if (known := parse_uuid(job_uuid)) is None:
        return None
    return await reader.row(
        """
        SELECT * FROM tasks
        WHERE job_uuid = :job_uuid AND user_id = :user_id
        AND (CAST(:token_id AS BIGINT) IS NULL OR token_id = :token_id)
        """,
        job_uuid=known,
        user_id=caller.user_id,
        token_id=caller.narrowed_to,
    )
