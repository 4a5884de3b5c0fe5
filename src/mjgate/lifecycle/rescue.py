"""
Rescue: a task that failed by our clock may still succeed, and then its picture is delivered.

For a day it is looked at, ever more rarely. What is delivered then costs nothing: the money went
back with the failure and stays there.
"""

from collections.abc import Sequence
from typing import Final

from mjgate.domain.clock import MINUTE
from mjgate.domain.errors import NoChannel
from mjgate.domain.task import Result, State, Status, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.adopt import echoed, reports_of
from mjgate.lifecycle.look import completed, delivers
from mjgate.lifecycle.routing import line
from mjgate.store import attempts, follow, tasks
from mjgate.store.database import ConstraintBroken, Transaction
from mjgate.store.follow import Followed, Seen
from mjgate.store.moves import move

PAUSES: Final = (1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 180 * MINUTE)


async def rescue(gateway: Gateway, rows: Sequence[Followed]) -> None:
    """Look at tasks that failed by our clock; deliver what has arrived after all."""
    left: list[Seen] = []
    for row in rows:
        task = await tasks.by_id(gateway.store.reader, row.task_id)
        now = gateway.clock.now()
        over = task is None or task.state is not State.FAILURE
        if over or now - row.since >= gateway.timing.rescue:
            await gateway.store.write(follow.stop, row.task_id)
            continue
        if task is not None and await _arrived(gateway, row, task):
            continue
        pause = PAUSES[min(row.looks, len(PAUSES) - 1)]
        due_at = now + pause
        left.append(Seen(row, due_at, due_at, row.misses, row.moved_at))
    await gateway.store.write(follow.plan, left)


async def _arrived(gateway: Gateway, row: Followed, task: Task) -> bool:
    """Whether the result is there now; it is then the task's."""
    try:
        to = await line(gateway, row.channel_id, row.credential_id)
    except NoChannel:
        return False
    dialect, options = to.provider.dialect, to.channel.options
    upstream_id = task.upstream_id
    if not upstream_id:
        attempt = (await attempts.of_task(gateway.store.reader, task.id))[-1]
        named = [await reports_of(gateway, to, dialect.recent(options))]
        if attempt.hint:
            named.append(await reports_of(gateway, to, dialect.fetch(attempt.hint, options)))
        upstream_id = next(filter(None, (echoed(each or [], attempt) for each in named)), "")
    if not upstream_id:
        return False
    found = await reports_of(gateway, to, dialect.fetch(upstream_id, options)) or []
    report = next((each for each in found if each.upstream_id == upstream_id), None)
    if report is None or report.status is not Status.SUCCESS:
        return False
    result = completed(task, report)
    if not delivers(task.action, report, result):
        return False
    return await _deliver(gateway, task, upstream_id, result)


async def _deliver(gateway: Gateway, task: Task, upstream_id: str, result: Result) -> bool:
    try:
        moved = await gateway.store.write(
            _rescue_in, task.id, upstream_id, result, gateway.clock.now()
        )
    except ConstraintBroken:  # the job is another task's
        return False
    return moved is not None


async def _rescue_in(
    tx: Transaction, task_id: int, upstream_id: str, result: Result, now: int
) -> Task | None:
    return await move(
        tx,
        task_id,
        State.SUCCESS,
        actor="rescue",
        now=now,
        rescue=True,
        result=result,
        upstream_id=upstream_id,
    )
