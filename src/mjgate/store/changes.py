"""The feed of changed tasks: who waits for one is woken when it has changed and is committed."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

Listener = Callable[[int], None]


class Changes:
    """Tells listeners in this process which task changed. Whoever waits also looks by himself."""

    def __init__(self) -> None:
        self._by_task: dict[int, set[asyncio.Event]] = {}
        self._listeners: set[Listener] = set()

    def publish(self, task_id: int) -> None:
        """Say that the task has changed."""
        for event in self._by_task.get(task_id, ()):
            event.set()
        for listener in tuple(self._listeners):
            listener(task_id)

    @contextmanager
    def of(self, task_id: int) -> Generator[asyncio.Event]:
        """An event that is set whenever the task changes."""
        event = asyncio.Event()
        self._by_task.setdefault(task_id, set()).add(event)
        try:
            yield event
        finally:
            events = self._by_task[task_id]
            events.discard(event)
            if not events:
                del self._by_task[task_id]

    @contextmanager
    def heard_by(self, listener: Listener) -> Generator[None]:
        """Call `listener` with every task that changes."""
        self._listeners.add(listener)
        try:
            yield
        finally:
            with suppress(KeyError):
                self._listeners.remove(listener)
