"""Tasks as they are now, for streams: those that ask in one turn of the loop share the work."""

import asyncio
from typing import Final, NamedTuple

from mjgate.dialects.mjproxy import encode
from mjgate.domain.task import Task
from mjgate.lifecycle import Gateway
from mjgate.links import view
from mjgate.store import tasks

AT_ONCE: Final = 100
"""Tasks of one query: what it shows is told before the next one is asked."""


class Shown(NamedTuple):
    """A task, and how it is told."""

    task: Task
    body: bytes


Waiting = dict[int, list[asyncio.Future[Shown | None]]]


class Views:
    """Reads and writes down a task once for all who ask at the same moment."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._asked: Waiting = {}
        self._running: set[asyncio.Task[None]] = set()

    async def of(self, task_id: int) -> Shown | None:
        """The task as it stands from now on, or later; None if there is none."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Shown | None] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._send)
        self._asked.setdefault(task_id, []).append(future)
        return await future

    def _send(self) -> None:
        asked, self._asked = self._asked, {}
        task = asyncio.create_task(self._ask(asked))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _ask(self, waiting: Waiting) -> None:
        ids = list(waiting)
        for start in range(0, len(ids), AT_ONCE):
            await self._tell({each: waiting[each] for each in ids[start : start + AT_ONCE]})

    async def _tell(self, waiting: Waiting) -> None:
        try:
            found = await tasks.by_ids(self._gateway.store.reader, list(waiting))
            shown = {each.id: Shown(each, self._written(each)) for each in found.values()}
        except Exception as error:  # noqa: BLE001  goes to everybody who asked
            for future in _open(waiting):
                future.set_exception(error)
            return
        for task_id, futures in waiting.items():
            for future in _open({task_id: futures}):
                future.set_result(shown.get(task_id))

    def _written(self, task: Task) -> bytes:
        return encode(view(task, self._gateway.links))


def _open(waiting: Waiting) -> list[asyncio.Future[Shown | None]]:
    """Those who still wait."""
    return [future for futures in waiting.values() for future in futures if not future.done()]
