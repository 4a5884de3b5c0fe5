"""
The feed of changed tasks: who waits for one is woken when it has changed and is committed.

To wait for one task, from before the first look at it, so that nothing falls in between:

    with store.changes.of(task_id) as bell:
        while not over(task := await tasks.by_id(store.reader, task_id)):
            await bell.rung()          # changed, or a second has passed: look again

To hear of all of them, and drop what is remembered when some may have been missed:

    with store.changes.heard_by(changed, lost=forget):
        ...

A listener gets the id of the task, on the event loop, just after the commit; it must be quick and
must not raise. Whether it was this process that changed the task or another one that shares the
database makes no difference once `Database.share` was called. Other processes are heard within a
second at most (about 50 ms on PostgreSQL, 250 ms on SQLite). The feed is a hint and no promise:
it tells of a change once or several times, and whoever waits looks by himself now and then.
"""

import asyncio
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Final

from mjgate.domain.task import Task

Listener = Callable[[int], None]
Lost = Callable[[], None]

LOOK_AGAIN: Final = 1.0
"""Seconds after which whoever waits for a task looks at it without having heard anything."""


class Bell:
    """Rings when a task has changed; a change that came before the wait is not lost."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """The task has changed, or may have."""
        self._event.set()

    async def rung(self, within: float = LOOK_AGAIN) -> bool:
        """Wait for a change since the last call, at most so many seconds. Whether there was one."""
        try:
            async with asyncio.timeout(within):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Changes:
    """Tells those who listen in this process which tasks changed, here or in another process."""

    def __init__(self) -> None:
        self._bells: dict[int, set[Bell]] = {}
        self._listeners: dict[object, tuple[Listener, Lost]] = {}
        self.counted: Callable[[Task], object] = lambda _: None
        """What is called with every task that this process made or ended, once it is committed."""
        self.losses = 0
        self.hears = True  # other processes, as far as this one knows

    def count(self, moved: Iterable[Task]) -> None:
        """Say that these tasks were made, or have ended, in this process."""
        for task in moved:
            self.counted(task)

    def publish(self, task_ids: Iterable[int]) -> None:
        """Say that these tasks have changed."""
        if not self._bells and not self._listeners:
            return
        for task_id in task_ids:
            for bell in self._bells.get(task_id, ()):
                bell.ring()
            for listener, _ in tuple(self._listeners.values()):
                listener(task_id)

    def lose(self) -> None:
        """Say that any task may have changed: for a while nothing was heard of other processes."""
        self.losses += 1
        for bells in self._bells.values():
            for bell in bells:
                bell.ring()
        for _, lost in tuple(self._listeners.values()):
            lost()

    @contextmanager
    def of(self, task_id: int) -> Generator[Bell]:
        """A bell that rings whenever the task changes."""
        bell = Bell()
        self._bells.setdefault(task_id, set()).add(bell)
        try:
            yield bell
        finally:
            bells = self._bells[task_id]
            bells.discard(bell)
            if not bells:
                del self._bells[task_id]

    @contextmanager
    def heard_by(self, listener: Listener, *, lost: Lost = lambda: None) -> Generator[None]:
        """Call `listener` with every task that changes, and `lost` when some may be missed."""
        key = object()
        self._listeners[key] = listener, lost
        try:
            yield
        finally:
            del self._listeners[key]
