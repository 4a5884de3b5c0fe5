"""
Who watches which tasks on open streams, and when each of them has something new to tell.

The store's feed wakes them; besides, all are looked after together every second, so that a change
that was not heard of is told all the same, and who may watch no more is sent away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Final

from mjgate.domain.errors import GatewayError, RateLimited
from mjgate.domain.task import Task
from mjgate.lifecycle import Gateway
from mjgate.store import tasks
from mjgate.store.changes import Bell
from mjgate.web.views import Views

log = logging.getLogger(__name__)

STREAMS_MOST: Final = 20
"""Streams that one key, or one account, may have open at once on a process."""

LONGEST: Final = 3_600.0
"""Seconds after which a stream ends; who wants more comes back."""

TICK: Final = 1.0
CHECKED_EVERY: Final = 2
"""Ticks between two looks at whether the watcher still may."""

WAITING_MOST: Final = 1_000
"""Changed tasks that wait for a slow reader; beyond it, it is told to look for itself."""

Check = Callable[[], Awaitable[object]]


class Watcher:
    """
    One open stream: whose it is, what it watches, and what it has to tell.

    `task_id` is the one task it watches, None for all of its user, and `version` what it told of
    that task last. `changed` and `missed` are for those who watch all.
    """

    def __init__(
        self,
        user_id: int,
        check: Check,
        *,
        task_id: int | None = None,
    ) -> None:
        self.user_id = user_id
        self.check = check
        self.task_id = task_id
        self.version = 0
        self.changed: dict[int, Task] = {}
        self.missed = False
        self.over = False
        self.bell = Bell()

    def end(self) -> None:
        """Tell nothing more."""
        self.over = True
        self.bell.ring()

    def miss(self) -> None:
        """Something may have changed that was not heard of."""
        self.missed = True
        self.bell.ring()

    def add(self, task: Task) -> None:
        """Keep a changed task until it is told; only its latest state counts."""
        if len(self.changed) >= WAITING_MOST and task.id not in self.changed:
            self.missed = True
        else:
            self.changed[task.id] = task
        self.bell.ring()


class Watching:
    """Every open stream of this process."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.views = Views(gateway)
        self._by_owner: dict[str, set[Watcher]] = {}
        self._of_all: dict[int, set[Watcher]] = {}  # by user: those who watch all of his tasks
        self._heard: set[int] = set()
        self._awake = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        """How many streams are open on this process."""
        return sum(map(len, self._by_owner.values()))

    def check_room(self, owner: str) -> None:
        """Refuse one stream too many. RateLimited."""
        if len(self._by_owner.get(owner, ())) >= STREAMS_MOST:
            msg = f"At most {STREAMS_MOST} streams may be open at once; close one of them."
            raise RateLimited(msg, retry_after=5)

    @contextmanager
    def watch(self, owner: str, watcher: Watcher) -> Generator[None]:
        """Keep the watcher informed for as long as the block lasts."""
        beside = self._by_owner.setdefault(owner, set())
        beside.add(watcher)
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())
        try:
            with self._woken(watcher):
                yield
        finally:
            beside.discard(watcher)
            if not beside:
                del self._by_owner[owner]
            self._rest()

    def _rest(self) -> None:
        """Look after nobody any more when nobody is left."""
        if self._keeper is not None and not self._by_owner:
            self._keeper.cancel()
            self._keeper = None

    @contextmanager
    def _woken(self, watcher: Watcher) -> Generator[None]:
        """Let the feed wake the watcher."""
        if watcher.task_id is not None:
            with self._gateway.store.changes.of(watcher.task_id) as watcher.bell:
                yield
            return
        crowd = self._of_all.setdefault(watcher.user_id, set())
        crowd.add(watcher)
        try:
            yield
        finally:
            crowd.discard(watcher)
            if not crowd:
                del self._of_all[watcher.user_id]

    def _hear(self, task_id: int) -> None:
        if self._of_all:
            self._heard.add(task_id)
            self._awake.set()

    def _lose(self) -> None:
        for watcher in chain.from_iterable(self._of_all.values()):
            watcher.miss()

    async def _keep(self) -> None:
        """Look after all of them, for as long as there are any."""
        ticks, loop = 0, asyncio.get_running_loop()
        due = loop.time() + TICK
        with self._gateway.store.changes.heard_by(self._hear, lost=self._lose):
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(due):
                        await self._awake.wait()
                self._awake.clear()
                try:
                    await self._tell()
                    if loop.time() >= due:
                        due, ticks = loop.time() + TICK, ticks + 1
                        await self._look_around(check=ticks % CHECKED_EVERY == 0)
                except Exception:
                    log.exception("streams could not be looked after")

    async def _tell(self) -> None:
        """Hand each changed task to those who watch all of its user."""
        heard, self._heard = self._heard, set()
        if not heard or not self._of_all:
            return
        found = await tasks.of_users(
            self._gateway.store.reader, list(heard), user_ids=list(self._of_all)
        )
        for task in found:
            for watcher in self._of_all.get(task.user_id, ()):
                watcher.add(task)

    async def _look_around(self, *, check: bool) -> None:
        """What is done each second."""
        await self._poll()
        if check:
            await self._check()

    async def _poll(self) -> None:
        """Wake whoever watches a task that has changed, heard of or not."""
        by_user: dict[int, dict[int, list[Watcher]]] = {}
        for watcher in self._everybody():
            if watcher.task_id is not None:
                of_user = by_user.setdefault(watcher.user_id, {})
                of_user.setdefault(watcher.task_id, []).append(watcher)
        for user_id, watched in by_user.items():
            found = await tasks.versions(self._gateway.store.reader, list(watched), user_id=user_id)
            for task_id, watchers in watched.items():
                for watcher in watchers:
                    if task_id not in found or found[task_id].version > watcher.version:
                        watcher.bell.ring()

    async def _check(self) -> None:
        """End the streams of those who may watch no more."""
        for watcher in self._everybody():
            try:
                await watcher.check()
            except GatewayError:
                watcher.end()

    def _everybody(self) -> list[Watcher]:
        return [watcher for watchers in self._by_owner.values() for watcher in watchers]
