"""
Queue: hand waiting tasks on as slots become free, in the order of their turns.

One head a user and lane is looked at; who is at a limit is passed over, and keeps his place.
"""

import logging

from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.dispatch import dispatch, need_of, sending_in
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.routing import Route, attempt_at, refusal, routes
from mjgate.lifecycle.verdict import NOBODY
from mjgate.store import attempts, channels, lanes, tasks
from mjgate.store.attempts import Attempt
from mjgate.store.books import SlotTakenError
from mjgate.store.database import Transaction

log = logging.getLogger(__name__)

HEADS = 100
"""How many heads one step looks at."""


async def queue(gateway: Gateway) -> bool:
    """Start what can be started; True if something was, so that more may follow."""
    started = False
    for task in await lanes.heads(gateway.store.reader, HEADS):
        for route in await _routes(gateway, task):
            if await _start(gateway, task, route):
                started = True
                break
    return started


async def expire(gateway: Gateway) -> bool:
    """End what has waited too long, or what no channel can take any more."""
    now = gateway.clock.now()
    late = await lanes.waiting_since_before(gateway.store.reader, now - gateway.timing.queue)
    for task_id in late:
        task = await tasks.by_id(gateway.store.reader, task_id)
        if task is not None:
            await fail(gateway, task, FailReason.QUEUE_TIMEOUT, actor="queue", still=State.QUEUED)
    return bool(late)


async def _routes(gateway: Gateway, task: Task) -> list[Route]:
    """Where the task could go now; its end if no channel is left that ever could."""
    if task.bound:
        return await _home(gateway, task)
    need = need_of(task)
    choice, found = await routes(gateway, need)
    if refusal(choice, need, patient=True) is not None:
        await fail(gateway, task, FailReason.NO_CHANNEL, actor="queue", still=State.QUEUED)
    return found


async def _home(gateway: Gateway, task: Task) -> list[Route]:
    """A follow-up waits for its parent's channel only."""
    if task.channel_id is None or task.credential_id is None:
        return []
    load = await channels.load(gateway.store.reader, task.channel_id, task.mode)
    if load is None:
        await fail(gateway, task, FailReason.CHANNEL_GONE, actor="queue", still=State.QUEUED)
        return []
    if load.full or load.busy_until > gateway.clock.now():
        return []
    return [Route(task.channel_id, task.credential_id)]


async def _start(gateway: Gateway, task: Task, route: Route) -> bool:
    """Take a slot and send. False if the slot went to somebody else."""
    number = len(await attempts.of_task(gateway.store.reader, task.id)) + 1
    attempt = attempt_at(gateway, task, number, route)
    try:
        moved = await gateway.store.write_surely(
            _start_in, task.id, attempt, now=gateway.clock.now()
        )
    except SlotTakenError:
        return False
    if moved is None:
        return False
    gateway.checkpoint("handed-on")
    gateway.senders.start(dispatch(gateway, moved, attempt, NOBODY))
    return True


async def _start_in(tx: Transaction, task_id: int, attempt: Attempt, *, now: int) -> Task | None:
    waiting = await tasks.locked(tx, task_id)
    if waiting is None or waiting.state is not State.QUEUED:
        return waiting if await attempts.begun(tx, attempt) else None
    return await sending_in(tx, task_id, attempt, actor="queue", now=now)
