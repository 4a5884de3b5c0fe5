"""
Queue: hand waiting tasks on as slots become free, in the order of their turns.

Each step looks at one head a user and lane, as far as somebody could serve the lane now. Lanes that
are pinned to a channel and those that are open to all alternate, so that neither starves the other;
within each kind the lanes take turns. Who is at a limit is passed over, and keeps his place.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Final, NamedTuple

from mjgate.domain.action import Mode
from mjgate.domain.channel import Channel, ChannelStatus, Load, Manner, choose
from mjgate.domain.lane import Lane
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.dispatch import dispatch
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.routing import (
    Route,
    channels_in_use,
    manner,
    may_try,
    need_of,
    refusal,
    ways,
)
from mjgate.lifecycle.sending import next_attempt, sending_in
from mjgate.lifecycle.verdict import NOBODY
from mjgate.store import attempts, channels, lanes, tasks
from mjgate.store.attempts import Attempt
from mjgate.store.books import SlotTakenError
from mjgate.store.database import Transaction

log = logging.getLogger(__name__)

HEADS: Final = (50, 2_000)
"""How many heads of a lane one step looks at; and if none of those can start, how many more."""

TOGETHER: Final = 16
"""How many tasks are handed on at once."""


class Handed(NamedTuple):
    """A waiting task, and where it is to go."""

    task: Task
    route: Route


@dataclass(slots=True)
class Room:
    """Who has how much room, less what this step has given away already."""

    channels: Sequence[Channel]
    loads: dict[int, dict[Mode, Load]]
    manner: Manner
    now: int

    def serves(self, lane: Lane) -> bool | None:
        """Whether somebody could take from the lane now; None if nobody ever could."""
        serving = [each for each in self.channels if _serving(each, lane)]
        open_ = (each for each in serving if not each.shut(self.now))
        loads = (self.loads.get(each.id, {}).get(lane.mode) for each in open_)
        if any(load is not None and load.free(self.now) for load in loads):
            return True
        return False if serving else None

    def take(self, channel_id: int, mode: Mode) -> None:
        """Give a slot away."""
        modes = self.loads[channel_id]
        modes[mode] = modes[mode].with_one_more(self.now)


async def queue(gateway: Gateway) -> bool:
    """Start what can be started; True if something was, so that more may follow."""
    handed = await assigned(gateway)
    started: list[Task] = []
    for first in range(0, len(handed), TOGETHER):
        batch = handed[first : first + TOGETHER]
        outcomes = await asyncio.gather(*(_start(gateway, each) for each in batch))
        started += [each.task for each, went in zip(batch, outcomes, strict=True) if went]
    await note_turns(gateway, started)
    return bool(started)


async def note_turns(gateway: Gateway, started: Sequence[Task]) -> None:
    """Who comes to a lane from now on lines up after the turn that was handed on."""
    current: dict[str, int] = {}
    for task in started:
        current[task.lane] = max(current.get(task.lane, 0), task.turn + 1)
    if current:
        await gateway.store.write(lanes.advance, current)


async def expire(gateway: Gateway) -> bool:
    """End what has waited too long."""
    now = gateway.clock.now()
    late = await lanes.waiting_since_before(gateway.store.reader, now - gateway.timing.queue)
    for task_id in late:
        task = await tasks.by_id(gateway.store.reader, task_id)
        if task is not None:
            await fail(gateway, task, FailReason.QUEUE_TIMEOUT, actor="queue", still=State.QUEUED)
    return bool(late)


async def assigned(gateway: Gateway, most: Sequence[int] = HEADS) -> list[Handed]:
    """Who could start now, and where; nothing is taken yet, and others may be faster."""
    names = await lanes.fronts(gateway.store.reader)
    if not names:
        return []
    room = await _room(gateway)
    served = [name for name in names if room.serves(Lane.named(name)) is not False]
    for limit in most:
        waiting = {name: await lanes.heads(gateway.store.reader, name, limit) for name in served}
        found = await _dealt(gateway, room, waiting)
        if found or all(len(heads) < limit for heads in waiting.values()):
            return found
    return []


async def _dealt(
    gateway: Gateway, room: Room, waiting: Mapping[str, Sequence[Task]]
) -> list[Handed]:
    """Alternate between pinned (True) and general lanes; who cannot start costs no turn."""
    kinds = {
        kind: _in_turn(
            [heads for name, heads in waiting.items() if Lane.named(name).pinned is kind]
        )
        for kind in (True, False)
    }
    found: list[Handed] = []
    done: set[bool] = set()
    kind = not gateway.rounds.pinned_last
    while len(done) < len(kinds):
        task = next(kinds[kind], None)
        if task is None:
            done.add(kind)
            kind = not kind
            continue
        route = await _route(gateway, room, task)
        if route is None:
            continue
        room.take(route.channel_id, task.mode)
        found.append(Handed(task, route))
        gateway.rounds.pinned_last = kind
        if (not kind) not in done:
            kind = not kind
    return found


def _in_turn(waiting: Sequence[Sequence[Task]]) -> Iterator[Task]:
    """The first of each lane, then the second of each, and so on."""
    return (task for task in chain.from_iterable(zip_longest(*waiting)) if task is not None)


def _serving(channel: Channel, lane: Lane) -> bool:
    """Whether the channel may be given tasks of the lane, busy or not."""
    if lane.channel_id is not None:
        return channel.id == lane.channel_id
    return (
        lane.mode in channel.loads
        and channel.status is ChannelStatus.ENABLED
        and (not channel.groups or lane.pinned or lane.group in channel.groups)
        and (not lane.instance_id or lane.instance_id == channel.instance_id)
    )


async def _room(gateway: Gateway) -> Room:
    return Room(
        await channels_in_use(gateway),
        await channels.loads(gateway.store.reader),
        await manner(gateway),
        gateway.clock.now(),
    )


async def _route(gateway: Gateway, room: Room, task: Task) -> Route | None:
    """Where the task could go now; its end if no channel is left that ever could."""
    if task.bound:
        return await _home(gateway, room, task)
    need = need_of(task)
    choice = choose(need, room.channels, room.loads, room.now, room.manner)
    if refusal(choice, need, patient=True) is not None:
        await fail(gateway, task, FailReason.NO_CHANNEL, actor="queue", still=State.QUEUED)
        return None
    return next(iter(await ways(gateway, choice)), None)


async def _home(gateway: Gateway, room: Room, task: Task) -> Route | None:
    """A follow-up waits for its parent's channel only, broken or not."""
    if task.channel_id is None or task.credential_id is None:
        return None
    home = next((each for each in room.channels if each.id == task.channel_id), None)
    load = room.loads.get(task.channel_id, {}).get(task.mode)
    if home is None or load is None:
        await fail(gateway, task, FailReason.CHANNEL_GONE, actor="queue", still=State.QUEUED)
        return None
    if not load.free(room.now) or home.shut(room.now):
        return None
    if home.broken_times and not await may_try(gateway, home.id):
        return None
    return Route(task.channel_id, task.credential_id, {"strategy": "pinned"})


async def _start(gateway: Gateway, handed: Handed) -> bool:
    """Take a slot and send. False if the slot went to somebody else."""
    task, route = handed
    attempt = await next_attempt(gateway, task, route)
    try:
        moved = await gateway.store.write_surely(
            start_in, task.id, attempt, now=gateway.clock.now()
        )
    except SlotTakenError:
        return False
    if moved is None:
        return False
    gateway.checkpoint("handed-on")
    gateway.senders.start(dispatch(gateway, moved, attempt, NOBODY))
    return True


async def start_in(tx: Transaction, task_id: int, attempt: Attempt, *, now: int) -> Task | None:
    """Take the task out of the queue with its attempt; None if somebody else has done so."""
    waiting = await tasks.locked(tx, task_id)
    if waiting is None or waiting.state is not State.QUEUED:
        return waiting if await attempts.begun(tx, attempt) else None
    return await sending_in(tx, task_id, attempt, actor="queue", now=now)
