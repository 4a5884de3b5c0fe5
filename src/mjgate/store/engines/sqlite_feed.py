"""
The feed between processes on SQLite: each commit notes which tasks it changed, in a short table.

Four times a second we ask whether anybody else has committed, which costs nothing if not; the
notes say what. Old notes are dropped: whoever is so far behind is told to look at everything.
"""

import asyncio
import json
import logging
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, final

from mjgate.store.changes import Changes
from mjgate.store.engines.sqlite_file import is_busy

log = logging.getLogger(__name__)

PAUSE: Final = 0.25
"""Seconds between two questions."""

MOST: Final = 1_000
"""Tasks that are told one by one, and how many notes pass until old ones are dropped."""

KEPT: Final = 10_000


@final
class SqliteFeed:
    """Notes for others on the connection that writes, and reads theirs on the one that reads."""

    def __init__(self, reader: sqlite3.Connection, changes: Changes) -> None:
        self._reader = reader
        self._changes = changes
        self._author = secrets.randbits(62)
        self._version = self._data_version()
        (self._last,) = reader.execute("SELECT COALESCE(MAX(id), 0) FROM touched").fetchone()
        self._task = asyncio.create_task(self._serve(), name="mjgate-feed")

    def note(self, writer: sqlite3.Connection, task_ids: Sequence[int]) -> None:
        """Note in the transaction that is open which tasks it has changed."""
        last = writer.execute(
            "INSERT INTO touched (author, task_id) SELECT ?, value FROM json_each(?)",
            (self._author, json.dumps(task_ids)),
        ).lastrowid
        if last is not None and last % MOST < len(task_ids):
            writer.execute("DELETE FROM touched WHERE id <= ?", (last - KEPT,))

    async def close(self) -> None:
        """Hear nothing more."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _serve(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            try:
                if (version := self._data_version()) != self._version:
                    self._hear()
                    self._version = version
            except sqlite3.Error as error:
                if not is_busy(error):
                    log.warning("other processes are not heard", extra={"why": str(error)})
                    self._changes.lose()
            except Exception:
                log.exception("a listener failed")

    def _data_version(self) -> int:
        (version,) = self._reader.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _hear(self) -> None:
        """Publish what others have noted since; some may be dropped already, or too many."""
        first, last = self._reader.execute(
            "SELECT MIN(id), MAX(id) FROM touched WHERE id > ?", (self._last,)
        ).fetchone()
        if last is None:
            return
        rows: list[tuple[int]] = self._reader.execute(
            """
            SELECT DISTINCT task_id FROM touched
            WHERE id > ? AND id <= ? AND author <> ? LIMIT ?
            """,
            (self._last, last, self._author, MOST),
        ).fetchall()
        missed = first != self._last + 1 or len(rows) == MOST
        self._last = last
        if missed:
            self._changes.lose()
        else:
            self._changes.publish(task_id for (task_id,) in rows)
