"""Tasks as they are now, for streams: what many ask for at once is read and written down once."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from mjgate.dialects.mjproxy import encode
from mjgate.domain.task import Task
from mjgate.lifecycle import Gateway
from mjgate.links import view
from mjgate.store import tasks
from mjgate.web.together import Together

AT_ONCE: Final = 100
"""Tasks of one query: what it shows is told before the next one is asked."""


class Shown(NamedTuple):
    """A task, and how it is told."""

    task: Task
    body: bytes


class Views:
    """Whoever asks for a task may see it: that was checked before."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._together = Together[None, Shown](self._shown, most=AT_ONCE)

    async def of(self, task_id: int) -> Shown | None:
        """The task as it stands from now on, or later; None if there is none."""
        return await self._together.of(None, task_id)

    async def _shown(self, _: None, ids: Sequence[int]) -> Mapping[int, Shown]:
        gateway = self._gateway
        found = await tasks.by_ids(gateway.store.reader, ids)
        return {id_: Shown(task, encode(view(task, gateway.links))) for id_, task in found.items()}
