"""
Submit: check the order, hold the price, write the task, and hand it over.

The task stands in the database before anything is sent; the answer then waits a while for the
channel's verdict, and the sending goes on without the client if it takes longer.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from mjgate.domain.account import Caller, OnLimit
from mjgate.domain.action import Action, Mode
from mjgate.domain.errors import (
    IdempotencyRunning,
    Overloaded,
    ParentChannelGone,
    QueueFull,
)
from mjgate.domain.image import Picture
from mjgate.domain.order import Order
from mjgate.domain.task import State, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.dispatch import dispatch
from mjgate.lifecycle.draft import drafted, minted, party_of
from mjgate.lifecycle.gone import can_cut, elsewhere
from mjgate.lifecycle.inputs import Inputs, keep
from mjgate.lifecycle.ours import cut, uploaded
from mjgate.lifecycle.place import check_room, lined_up, note_one_more
from mjgate.lifecycle.plan import Plan, plan
from mjgate.lifecycle.routing import Route, anywhere, attempt_at, home
from mjgate.lifecycle.settings import refuse_in_maintenance
from mjgate.lifecycle.verdict import Outcome, Waiting
from mjgate.lifecycle.window import confirm, open_in
from mjgate.store import attempts, blobs, idempotency, lanes, pressed, tasks, webhooks
from mjgate.store.attempts import Attempt
from mjgate.store.books import Limit, SlotTakenError
from mjgate.store.database import (
    CommitUnknown,
    ConstraintBroken,
    StoreError,
    Transaction,
)
from mjgate.store.idempotency import Remembered
from mjgate.store.moves import create

_MINTS: Final = 8
_UNWRITTEN: Final = "The task could not be written; nothing was charged, try again."
_CLASHES: Final = frozenset({"tasks_pkey", "attempts_pkey", "a_task_has_one_open_attempt"})
"""What breaks when the id that was drawn is another task's: draw again."""


@dataclass(frozen=True, slots=True)
class Once:
    """An Idempotency-Key: its scope (API key, method, path), itself, and the body's hash."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What one accepting transaction writes: the task that is sent, and those that go with it."""

    task: Task
    others: tuple[Task, ...]
    attempt: Attempt | None
    pictures: Mapping[str, Picture]
    once: Once | None
    window: int  # how long a window stays open


async def submit(
    gateway: Gateway, caller: Caller, order: Order, *, prefix: Mode | None, once: Once | None = None
) -> Outcome:
    """Take the order. Raises Refused; then nothing is charged and nothing was sent."""
    gateway.disk.refuse_if_low()
    planned = await plan(gateway, caller, order, prefix)
    order = planned.order
    await refuse_in_maintenance(gateway)
    if planned.action is Action.UPLOAD:
        return await _ours(gateway, await uploaded(gateway, caller, planned), once)
    try:
        found = await _routes(gateway, planned)
    except ParentChannelGone:
        return await _gone(gateway, caller, planned, once)
    inputs = await keep(gateway, order)
    draft, *others = party_of(drafted(gateway, caller, planned, inputs), planned)
    try:
        if planned.window:
            task, attempt = await _write(gateway, draft, None, inputs, once)
        else:
            task, attempt = await _accept(gateway, caller, draft, found, inputs, once, others)
    except ConstraintBroken as broken:
        return await _pressed_before(gateway, draft, broken)
    return await _send(gateway, task, attempt)


async def _gone(gateway: Gateway, caller: Caller, planned: Plan, once: Once | None) -> Outcome:
    """The parent's channel is gone: cut it ourselves, or start anew elsewhere. Refused."""
    if caller.fallback and not can_cut(planned):
        order = await elsewhere(gateway, planned)
        return await submit(gateway, caller, order, prefix=planned.mode, once=once)
    return await _ours(gateway, await cut(gateway, caller, planned), once)


async def _ours(gateway: Gateway, made: tuple[Task, Inputs], once: Once | None) -> Outcome:
    """Work of ours is done when it is written."""
    draft, inputs = made
    try:
        return Outcome((await _write(gateway, draft, None, inputs, once))[0])
    except ConstraintBroken as broken:
        return await _pressed_before(gateway, draft, broken)


async def modal(gateway: Gateway, caller: Caller, order: Order) -> Outcome:
    """Confirm a window, and hand the task over under its old id. Raises Refused."""
    gateway.disk.refuse_if_low()
    await refuse_in_maintenance(gateway)
    task, attempt = await confirm(gateway, caller, order)
    return await _send(gateway, task, attempt)


async def _send(gateway: Gateway, task: Task, attempt: Attempt | None) -> Outcome:
    """Hand over what has an attempt; what has none waits here."""
    gateway.checkpoint("before-send")
    if attempt is None:
        return Outcome(task)
    waiting = Waiting()
    sending = gateway.senders.start(dispatch(gateway, task, attempt, waiting))
    return await _verdict(gateway, task, sending, waiting)


async def _verdict(
    gateway: Gateway, task: Task, sending: asyncio.Task[Outcome], waiting: Waiting
) -> Outcome:
    """Wait a while for what the channel says; the sending goes on in any case."""
    try:
        await asyncio.wait({sending}, timeout=gateway.answer_wait / 1_000)
    except asyncio.CancelledError:
        waiting.leave()
        raise
    with suppress(StoreError):  # the task is written: whatever went wrong, it is found later
        if sending.done() or not waiting.leave():
            return await sending
        return Outcome(await tasks.by_id(gateway.store.reader, task.id) or task)
    return Outcome(task)


async def _routes(gateway: Gateway, planned: Plan) -> list[Route]:
    """Where it could go at once. Raises Refused when it can go nowhere, now or later."""
    parent = planned.parent
    if parent is not None and not parent.upstream_id:
        raise ParentChannelGone(field="taskId")
    found = await (home(gateway, parent) if parent else anywhere(gateway, planned.need))
    return found if found and not await lanes.waits(gateway.store.reader, planned.lane) else []


async def _accept(
    gateway: Gateway,
    caller: Caller,
    draft: Task,
    found: list[Route],
    inputs: Inputs,
    once: Once | None,
    others: Sequence[Task] = (),
) -> tuple[Task, Attempt | None]:
    """Write the task on the first channel with a free slot, else into the queue."""
    for route in found:
        try:
            return await _write(gateway, draft, route, inputs, once, others)
        except SlotTakenError as taken:
            if taken.limit is not Limit.CHANNEL:
                break
    if caller.on_limit is OnLimit.REJECT:
        raise QueueFull
    await check_room(gateway, draft)
    written = await _write(gateway, draft, None, inputs, once, others)
    note_one_more(gateway, draft.lane)
    return written


async def _write(
    gateway: Gateway,
    draft: Task,
    route: Route | None,
    inputs: Inputs,
    once: Once | None,
    others: Sequence[Task] = (),
) -> tuple[Task, Attempt | None]:
    """One accepting transaction, with a new id when the one drawn is taken."""
    for _ in range(_MINTS):
        task, *rest = minted((draft, *others), route, gateway.clock.now())
        attempt = None if route is None else attempt_at(gateway, task, 1, route)
        acceptance = Acceptance(
            task, tuple(rest), attempt, inputs.pictures, once, gateway.timing.window
        )
        try:
            written = await gateway.store.write(
                _accept_in, acceptance, gateway.node, gateway.clock.now()
            )
        except CommitUnknown:
            return await _after_all(gateway, acceptance), attempt
        except ConstraintBroken as broken:
            if broken.name == "an_idempotency_key_is_used_once":
                raise IdempotencyRunning(retry_after=1) from broken
            if broken.name not in _CLASHES:
                raise
        else:
            return written, attempt
    raise Overloaded(_UNWRITTEN, retry_after=1)


async def _after_all(gateway: Gateway, acceptance: Acceptance) -> Task:
    """The COMMIT was lost: write the same task again, which cannot be there twice."""
    for _ in range(_MINTS):
        with suppress(CommitUnknown, ConstraintBroken):  # the first one has come through
            return await gateway.store.write(
                _again_in, acceptance, gateway.node, gateway.clock.now()
            )
    raise Overloaded(_UNWRITTEN, retry_after=1)


async def _again_in(tx: Transaction, acceptance: Acceptance, node: str, now: int) -> Task:
    written = await tasks.by_id(tx, acceptance.task.id)
    if written is not None and written.job_uuid == acceptance.task.job_uuid:
        return written
    return await _accept_in(tx, acceptance, node, now)


async def _accept_in(tx: Transaction, acceptance: Acceptance, node: str, now: int) -> Task:
    """Everything that an accepted task is made of; the accounts come last."""
    task, once = acceptance.task, acceptance.once
    window = task.state is State.WINDOW
    for content_hash, picture in acceptance.pictures.items():
        await blobs.put(tx, content_hash, len(picture.data), picture.type, now)
    if acceptance.attempt is not None:
        await attempts.begin(tx, acceptance.attempt)
    elif not (window or task.state.final):
        task = await lined_up(tx, task, several=1 + len(acceptance.others))
    if once is not None:
        row = Remembered(once.fingerprint, task.id, None, node, now)
        await idempotency.remember(tx, once.scope, once.key, row)
    if task.action is Action.UPSCALE and task.parent_id is not None:
        await pressed.press(tx, task)
    if window:
        return await open_in(tx, task, now + acceptance.window, now)
    why = None if acceptance.attempt is None else acceptance.attempt.why
    task = await create(tx, task, actor="user", now=now, note=why)
    for other in acceptance.others:
        await create(tx, other._replace(turn=task.turn), actor="user", now=now, over=True)
    return task


async def _pressed_before(gateway: Gateway, draft: Task, broken: ConstraintBroken) -> Outcome:
    """The same user pressed the same upscale before: that task is the answer."""
    if broken.name != "an_upscale_is_pressed_once":
        raise broken
    first = await pressed.first(gateway.store.reader, draft)
    if first is None:
        raise broken
    if draft.hook_url:
        await gateway.store.write(
            webhooks.enqueue_asked, first, draft.hook_url, gateway.clock.now()
        )
    return Outcome(first, existed=True)
