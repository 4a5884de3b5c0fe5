"""Where a task stands that waits, how long that will take, and whether one more may wait there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from mjgate.domain.channel import Channel, eta
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import QueueFull
from mjgate.domain.task import Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.routing import channels_in_use, choice_of, need_of
from mjgate.lifecycle.usual import usual
from mjgate.store import accounts, lanes
from mjgate.store.database import Reader, Transaction

ASKED: Final = 20
"""Of so many channels it is asked how long tasks usually take there."""


@dataclass(frozen=True, slots=True)
class Place:
    """How many wait before a task, and in how many seconds it will be done, if that is known."""

    ahead: int
    seconds: int | None


async def ahead_of(gateway: Gateway, task: Task) -> int:
    """How many wait before the task, counted to 1,001, as it was at most a second ago."""
    now, key = gateway.clock.now(), (task.lane, task.turn, task.id)
    known = gateway.counts.get(key, now)
    if known is not None:
        return known
    return gateway.counts.keep(key, await lanes.ahead(gateway.store.reader, task), now)


async def place_of(gateway: Gateway, task: Task) -> Place:
    """Its place in the queue, and what follows from the time that tasks of its kind take."""
    ahead = await ahead_of(gateway, task)
    serving = await _serving(gateway, task)
    took = [await usual(gateway, each.id, task.action, task.mode) for each in serving[:ASKED]]
    known = [each for each in took if each is not None]
    if not known:
        return Place(ahead, None)
    slots = sum(each.loads[task.mode].max_running for each in serving)
    return Place(ahead, math.ceil(eta(ahead, slots, int(median(known))) / SECOND))


async def check_room(gateway: Gateway, task: Task) -> None:
    """See that one more may wait for the channels that could take the task. QueueFull."""
    now = gateway.clock.now()
    most = sum(each.loads[task.mode].max_waiting for each in await _serving(gateway, task))
    waiting = gateway.counts.get(task.lane, now)
    if waiting is None:
        waiting = await lanes.depth(gateway.store.reader, task.lane, most=most)
        gateway.counts.keep(task.lane, waiting, now)
    if waiting >= most:
        raise QueueFull


async def lined_up(tx: Transaction, task: Task, *, several: int = 1) -> Task:
    """Give the task its turn: one after the user's last. QueueFull over the user's cap."""
    await accounts.one_by_one(tx, task.user_id)
    return await turned(tx, task, several=several)


async def turned(reader: Reader, task: Task, *, several: int = 1) -> Task:
    """The task with the turn that it would have as things stand. QueueFull over the user's cap."""
    turn, waiting = await lanes.turn_in(reader, task.lane, task.user_id)
    row = await reader.row("SELECT max_waiting FROM users WHERE id = :id", id=task.user_id)
    if row is not None and waiting + several > row["max_waiting"]:
        msg = f"{waiting} of your tasks are waiting already; submit more when some have finished."
        raise QueueFull(msg)
    return task._replace(turn=turn)


def note_one_more(gateway: Gateway, lane: str) -> None:
    """One more waits in the lane, so that many within a second do not pass the cap."""
    now = gateway.clock.now()
    waiting = gateway.counts.get(lane, now)
    if waiting is not None:
        gateway.counts.keep(lane, waiting + 1, now)


async def _serving(gateway: Gateway, task: Task) -> Sequence[Channel]:
    """The channels in service that could take it, with their loads as they are now."""
    if not task.bound:
        return (await choice_of(gateway, need_of(task))).enabled
    known = await channels_in_use(gateway)
    return [each for each in known if each.id == task.channel_id and task.mode in each.loads]
