"""Work of which every user may have one piece under way."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from mjgate.domain.errors import QueueFull

T = TypeVar("T")


class Singles(Generic[T]):
    """What is under way in this process, by user; who asks for the same again shares it."""

    def __init__(self) -> None:
        self._running: dict[int, tuple[int, asyncio.Task[T]]] = {}

    async def run(self, user_id: int, task_id: int, start: Callable[[], asyncio.Task[T]]) -> T:
        """What the work comes to; it goes on without whoever asked. QueueFull beside another's."""
        found = self._running.get(user_id)
        if found is None:
            found = task_id, start()
            self._running[user_id] = found
            found[1].add_done_callback(lambda _: self._running.pop(user_id, None))
        elif found[0] != task_id:
            msg = "Another of your look-ups is under way; ask again when it has been answered."
            raise QueueFull(msg)
        return await asyncio.shield(found[1])
