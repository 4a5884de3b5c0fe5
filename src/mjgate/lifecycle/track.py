"""
Track: ask channels how their tasks are doing, in batches, and apply what they say.

Each channel is asked on its own, so that one that hangs delays no other. The deadlines are ours:
they run whether or not the channel answers, and are applied by a look that began after them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from mjgate.domain.clock import SECOND
from mjgate.domain.errors import NoChannel
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State, Status
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.adopt import adopt
from mjgate.lifecycle.asking import Asking
from mjgate.lifecycle.cancel import FORGOTTEN, as_wanted
from mjgate.lifecycle.dispatch import dispatch
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.look import Look, apply
from mjgate.lifecycle.rescue import rescue
from mjgate.lifecycle.routing import line
from mjgate.lifecycle.sending import modal_for
from mjgate.lifecycle.verdict import NOBODY
from mjgate.store import follow, tasks
from mjgate.store.follow import Followed, Kind

log = logging.getLogger(__name__)

MOST: Final[Mapping[Kind, int]] = {Kind.LOOK: 6, Kind.ADOPT: 1, Kind.RESCUE: 1}
"""
Looks at one channel that one process has under way. Most of them are with the database: the calls
themselves take `Turns`.
"""

CLAIM: Final = 10 * SECOND
"""After so long others look, as the one who claimed may be dead; a doubled look is harmless."""

BATCH: Final = 50


class Tracker:
    """Looks under way, by channel; `step` starts those that are due and never waits for one."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._running: dict[tuple[int, Kind], set[asyncio.Task[None]]] = {}

    async def step(self) -> bool:
        """Start every look that is due; True if one was started."""
        gateway = self._gateway
        due = await follow.due_channels(gateway.store.reader, gateway.clock.now())
        free = [each for each in due if len(self._running.get(each, ())) < MOST[each[1]]]
        claimed = await asyncio.gather(*(self._claim(*each) for each in free))
        for each, rows in zip(free, claimed, strict=True):
            if rows:
                running = self._running.setdefault(each, set())
                task = asyncio.create_task(self._look(*each, rows))
                running.add(task)
                task.add_done_callback(running.discard)
        return any(claimed)

    async def settle(self) -> None:
        """Wait until no look is under way."""
        while waiting := [task for tasks in self._running.values() for task in tasks]:
            await asyncio.gather(*waiting)

    async def close(self) -> None:
        """Break off what is under way: a look may be repeated by anybody."""
        waiting = [task for tasks in self._running.values() for task in tasks]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _claim(self, channel_id: int, kind: Kind) -> Sequence[Followed]:
        now = self._gateway.clock.now()
        return await self._gateway.store.write(
            follow.claim, channel_id, kind, now=now, until=now + CLAIM, limit=BATCH
        )

    async def _look(self, channel_id: int, kind: Kind, rows: Sequence[Followed]) -> None:
        """Look at these, and go on while a whole batch is due."""
        try:
            while rows:
                await _LOOKS[kind](self._gateway, rows)
                rows = await self._claim(channel_id, kind) if len(rows) >= BATCH else ()
        except Exception:
            log.exception("a look failed", extra={"channel": channel_id})


async def _look_by_key(gateway: Gateway, rows: Sequence[Followed]) -> None:
    """Ask with the key that each task began with: several calls where keys were changed."""
    for credential_id in dict.fromkeys(row.credential_id for row in rows):
        batch = [row for row in rows if row.credential_id == credential_id]
        try:
            to = await line(gateway, batch[0].channel_id, credential_id)
        except NoChannel:
            await _lost(gateway, batch)
            continue
        await _look_at(gateway, to, batch)


async def _lost(gateway: Gateway, rows: Sequence[Followed]) -> None:
    """Neither channel nor key is known any more: nobody can ever tell."""
    for task in (await tasks.by_ids(gateway.store.reader, [row.task_id for row in rows])).values():
        await fail(gateway, task, FailReason.CHANNEL_GONE, actor="look")


async def _look_at(gateway: Gateway, to: Line, rows: Sequence[Followed]) -> None:
    """Ask for a batch; what is said, or that nothing is said, is applied to each."""
    began = gateway.clock.now()
    asking = Asking(gateway, to)
    await asking.for_all([row.upstream_id for row in rows])
    gateway.checkpoint("looked")
    known = await tasks.by_ids(gateway.store.reader, [row.task_id for row in rows])
    live = [(row, task) for row in rows if (task := known.get(row.task_id))]
    looks = await asking.looks([each for each in live if not each[1].state.final], began)
    seen = await apply(gateway, to, [each for each in looks if not await _led_on(gateway, each)])
    await gateway.store.write(follow.plan, seen)


async def _led_on(gateway: Gateway, look: Look) -> bool:
    """Whether more follows than what the look has shown: a cancel that was left, or a modal."""
    task, over = look.task, look.report is not None and look.report.status in _OVER
    if task.cancel_wanted and not over and look.began - (task.start_at or 0) > FORGOTTEN:
        return (await as_wanted(gateway, task)).state.final
    return await _confirms(gateway, look)


async def _confirms(gateway: Gateway, look: Look) -> bool:
    """Whether a window was found open that its client had confirmed, and its modal goes up now."""
    task, report = look.task, look.report
    waits = report is not None and report.status is Status.MODAL
    if not waits or not task.confirmed or task.state is not State.SUBMITTED:
        return False
    following = await modal_for(gateway, task, task.upstream_id)
    if following is None:
        return False
    gateway.senders.start(dispatch(gateway, *following, NOBODY))
    return True


_OVER: Final = frozenset({Status.SUCCESS, Status.FAILURE})

_LOOKS: Final[Mapping[Kind, Callable[[Gateway, Sequence[Followed]], Awaitable[None]]]] = {
    Kind.LOOK: _look_by_key,
    Kind.ADOPT: adopt,
    Kind.RESCUE: rescue,
}
