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
from mjgate.domain.errors import NoChannel, Unanswered
from mjgate.domain.task import Report, Status, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.adopt import adopt
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.look import Look, apply
from mjgate.lifecycle.rescue import rescue
from mjgate.lifecycle.routing import line
from mjgate.providers import batch_of
from mjgate.store import follow, tasks
from mjgate.store.follow import Followed, Kind

log = logging.getLogger(__name__)

IN_FLIGHT: Final = 2
"""Calls to one channel at once, from one process."""

CLAIM: Final = 10 * SECOND
"""After so long others look, as the one who claimed may be dead; a doubled look is harmless."""

MISSES: Final = 3
"""After how many looks without it a task is asked for alone."""


class Tracker:
    """Looks under way, by channel; `step` starts those that are due and never waits for one."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._running: dict[int, set[asyncio.Task[None]]] = {}

    async def step(self) -> bool:
        """Start every look that is due; True if one was started."""
        gateway = self._gateway
        now = gateway.clock.now()
        started = False
        for channel_id, kind in await follow.due_channels(gateway.store.reader, now):
            running = self._running.setdefault(channel_id, set())
            if len(running) >= IN_FLIGHT:
                continue
            rows = await gateway.store.write(
                follow.claim, channel_id, kind, now=now, until=now + CLAIM, limit=_BATCH
            )
            if rows:
                task = asyncio.create_task(self._look(kind, rows))
                running.add(task)
                task.add_done_callback(running.discard)
                started = True
        return started

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

    async def _look(self, kind: Kind, rows: Sequence[Followed]) -> None:
        try:
            await _LOOKS[kind](self._gateway, rows)
        except Exception:
            log.exception("a look failed", extra={"channel": rows[0].channel_id})


_BATCH: Final = 50


async def _look_by_key(gateway: Gateway, rows: Sequence[Followed]) -> None:
    """Ask with the key that each task began with: several calls where keys were changed."""
    for credential_id in dict.fromkeys(row.credential_id for row in rows):
        batch = [row for row in rows if row.credential_id == credential_id]
        try:
            to = await line(gateway, batch[0].channel_id, credential_id)
        except NoChannel:
            continue
        most = batch_of(to.provider, to.channel.options)
        for start in range(0, len(batch), most):
            await _look_at(gateway, to, batch[start : start + most])


async def _look_at(gateway: Gateway, to: Line, rows: Sequence[Followed]) -> None:
    """One call for a batch; what it says, or that it says nothing, is applied to each."""
    began = gateway.clock.now()
    reports = await _ask(gateway, to, [row.upstream_id for row in rows])
    gateway.checkpoint("looked")
    known = await tasks.by_ids(gateway.store.reader, [row.task_id for row in rows])
    turn = asyncio.Semaphore(IN_FLIGHT)

    async def one(row: Followed, task: Task) -> Look:
        report = None if reports is None else reports.get(row.upstream_id)
        if reports is not None and (report is None or _incomplete(report)):
            async with turn:
                report = await _ask_alone(gateway, to, row, report)
        return Look(row, task, report, began)

    live = [(row, task) for row in rows if (task := known.get(row.task_id))]
    looks = await asyncio.gather(*(one(row, task) for row, task in live if not task.state.final))
    seen = await apply(gateway, to, looks)
    await gateway.store.write(follow.plan, seen)


async def _ask(gateway: Gateway, to: Line, ids: Sequence[str]) -> Mapping[str, Report] | None:
    """Reports by upstream id; None if the channel gave no answer that can be read."""
    call = to.provider.dialect.look(ids, to.channel.options)
    try:
        heard = await gateway.upstream.look(to.endpoint, call)
        reports = to.provider.dialect.reports(heard)
    except Unanswered as error:
        log.warning("no answer to a look", extra={"channel": to.channel.id, "why": str(error)})
        return None
    asked = set(ids)
    return {each.upstream_id: each for each in reports if each.upstream_id in asked}


async def _ask_alone(
    gateway: Gateway, to: Line, row: Followed, report: Report | None
) -> Report | None:
    """One task by itself: it was left out too often, or its last word is incomplete."""
    if report is None and row.misses + 1 < MISSES:
        return None
    call = to.provider.dialect.fetch(row.upstream_id, to.channel.options)
    if call == to.provider.dialect.look([row.upstream_id], to.channel.options):
        return report  # it was asked for alone just now
    try:
        heard = await gateway.upstream.look(to.endpoint, call)
        found = to.provider.dialect.reports(heard)
    except Unanswered:
        return report
    return next((each for each in found if each.upstream_id == row.upstream_id), report)


def _incomplete(report: Report) -> bool:
    """A sparse list may leave out the buttons of a finished task: they are asked for once."""
    return report.status is Status.SUCCESS and report.buttons is None


_LOOKS: Final[Mapping[Kind, Callable[[Gateway, Sequence[Followed]], Awaitable[None]]]] = {
    Kind.LOOK: _look_by_key,
    Kind.ADOPT: adopt,
    Kind.RESCUE: rescue,
}
