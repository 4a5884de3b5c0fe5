"""Questions that are asked in one turn of the event loop share one query."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from itertools import chain
from typing import Generic, TypeVar

Of = TypeVar("Of", bound=Hashable)
T = TypeVar("T")


class Together(Generic[Of, T]):
    """
    Asks for what many want to know at the same moment, by id; each id is asked for once.

    `ask` gets the ids of one owner, at most `most` of them, and answers with those that it found.
    """

    def __init__(
        self, ask: Callable[[Of, list[int]], Awaitable[Mapping[int, T]]], *, most: int
    ) -> None:
        self._ask = ask
        self._most = most
        self._asked: dict[Of, dict[int, list[asyncio.Future[T | None]]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def of(self, owner: Of, number: int) -> T | None:
        """What there is to know of it from now on, or later; None if there is nothing."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T | None] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._send)
        self._asked.setdefault(owner, {}).setdefault(number, []).append(future)
        return await future

    def _send(self) -> None:
        asked, self._asked = self._asked, {}
        for owner, waiting in asked.items():
            task = asyncio.create_task(self._answer(owner, waiting))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _answer(self, owner: Of, waiting: dict[int, list[asyncio.Future[T | None]]]) -> None:
        ids = list(waiting)
        for start in range(0, len(ids), self._most):
            part = ids[start : start + self._most]
            await self._tell(owner, {each: waiting[each] for each in part})

    async def _tell(self, owner: Of, waiting: dict[int, list[asyncio.Future[T | None]]]) -> None:
        try:
            found = await self._ask(owner, list(waiting))
        except Exception as error:  # noqa: BLE001  goes to everybody who asked
            for future in chain.from_iterable(waiting.values()):
                if not future.done():
                    future.set_exception(error)
            return
        for number, futures in waiting.items():
            for future in futures:
                if not future.done():  # who asked may have gone
                    future.set_result(found.get(number))
