"""
Windows: a button that asks first, and the modal that confirms it.

A window holds neither money nor a slot. It is ours, opened at once, where the button is known to
ask; or the upstream's own. Either way the modal takes the task on under the same id.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from mjgate.domain.account import Caller, OnLimit
from mjgate.domain.errors import (
    BadField,
    MultipleJobs,
    NotFound,
    ParentNotFound,
    QueueFull,
    QuotaNotEnough,
)
from mjgate.domain.lane import Lane
from mjgate.domain.order import Order
from mjgate.domain.prompt import jobs, mode_flag, without_mode_flags
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State, Task
from mjgate.lifecycle import Gateway, place
from mjgate.lifecycle.finish import fail_in
from mjgate.lifecycle.inputs import Inputs, keep
from mjgate.lifecycle.own import check_images
from mjgate.lifecycle.routing import anywhere, attempt_at, home, need_of
from mjgate.lifecycle.words import check
from mjgate.lifecycle.work import decode, encode
from mjgate.store import accounts, attempts, blobs, lanes, media, tasks, timers
from mjgate.store.attempts import Attempt
from mjgate.store.books import SlotTakenError
from mjgate.store.database import Reader, Transaction
from mjgate.store.moves import create, move
from mjgate.store.timers import Kind

ACTOR: Final = "modal"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A modal, ready to be written: the request as it will go up, and its new inputs."""

    prompt: str
    request: str
    inputs: Inputs


async def open_in(tx: Transaction, task: Task, until: int, now: int) -> Task:
    """Write a task that waits for its modal. QuotaNotEnough, QueueFull."""
    await accounts.one_by_one(tx, task.user_id)
    await check_windows(tx, task)
    await timers.start(tx, task.id, Kind.WINDOW, until)
    return await create(tx, task, actor="user", now=now)


async def check_windows(reader: Reader, task: Task) -> None:
    """See that the user may have one more window, and could pay it. QuotaNotEnough, QueueFull."""
    if not await accounts.can_pay(reader, task.user_id, task.token_id, task.price):
        msg = f"The balance does not cover the {task.price} units that its modal would cost."
        raise QuotaNotEnough(msg)
    if await accounts.open_windows_left(reader, task.user_id) <= 0:
        msg = "Too many of your windows are open; answer or cancel some first."
        raise QueueFull(msg)


async def confirm(gateway: Gateway, caller: Caller, order: Order) -> tuple[Task, Attempt | None]:
    """Take a confirmed task on; without an attempt it waits, or somebody was first. Refused."""
    task = await waiting_for(gateway, caller, order)
    if task.state is not State.WINDOW:
        return task, None
    confirmation = await _confirmation(gateway, caller, task, order)
    found = await (home(gateway, task) if task.bound else anywhere(gateway, need_of(task)))
    if found and not await lanes.waits(gateway.store.reader, _lane(task)):
        number = len(await attempts.of_task(gateway.store.reader, task.id)) + 1
        for route in found:
            attempt = attempt_at(gateway, task, number, route)
            with suppress(SlotTakenError):
                return await _write(gateway, task, confirmation, attempt)
    if caller.on_limit is OnLimit.REJECT:
        raise QueueFull
    await place.check_room(gateway, task._replace(lane=_lane(task)))
    return await _write(gateway, task, confirmation, None)


async def waiting_for(gateway: Gateway, caller: Caller, order: Order) -> Task:
    """The task that a modal names: it waits, or it was confirmed before. Raises Refused."""
    try:
        task = await tasks.get(gateway.store.reader, order.parent, seen_by=caller)
    except NotFound as error:
        raise ParentNotFound(field="taskId") from error
    if task.state is not State.WINDOW and not task.confirmed:
        msg = "The task named by taskId does not wait for a modal."
        raise BadField(msg, field="taskId")
    return task


async def expire(gateway: Gateway) -> bool:
    """End the windows that nobody confirmed in time."""
    now = gateway.clock.now()
    late = await timers.due(gateway.store.reader, Kind.WINDOW, now)
    for task_id in late:
        await gateway.store.write(_expire_in, task_id, now)
    return bool(late)


async def check_prompt(gateway: Gateway, caller: Caller, task: Task, order: Order) -> Order:
    """
    The modal with the prompt that it confirms, and what is known of the pictures in that.

    MultipleJobs if it is not one job, BannedWord, ….
    """
    prompt = order.prompt or task.result.final_prompt or task.prompt
    if jobs(prompt) > 1:
        msg = "The prompt of a modal is one job; submit several as tasks of their own."
        raise MultipleJobs(msg, field="prompt")
    _check_modes(caller, task, order)
    await check(gateway, prompt, sent=bool(order.prompt))
    before = decode(task.request).prompt_images
    return replace(order, prompt=prompt, opened={url: each.hash for url, each in before.items()})


def _check_modes(caller: Caller, task: Task, order: Order) -> None:
    """A window keeps its mode; who asks for one that his key may not use is told so."""
    caller.check(task.action, task.mode)
    flag = mode_flag(order.prompt)
    for wanted in (order.modes, (flag,) if flag else ()):
        if wanted and not any(map(caller.may_use, wanted)):
            caller.check(task.action, wanted[0])


async def _confirmation(gateway: Gateway, caller: Caller, task: Task, order: Order) -> Confirmation:
    order = await check_prompt(gateway, caller, task, order)
    check_images(gateway, order)
    inputs = await keep(gateway, order)
    before = decode(task.request)
    request = replace(
        before,
        prompt=without_mode_flags(order.prompt),
        named_images=before.named_images | inputs.named,
        prompt_images=inputs.in_prompt,
        remix=True,
    )
    return Confirmation(order.prompt, encode(request), inputs)


async def _write(
    gateway: Gateway, task: Task, confirmation: Confirmation, attempt: Attempt | None
) -> tuple[Task, Attempt | None]:
    now = gateway.clock.now()
    moved = await gateway.store.write_surely(_confirm_in, task, confirmation, attempt, now)
    if moved is None:
        return await tasks.by_id(gateway.store.reader, task.id) or task, None
    return moved, attempt


async def _confirm_in(
    tx: Transaction, task: Task, confirmation: Confirmation, attempt: Attempt | None, now: int
) -> Task | None:
    present = await tasks.locked(tx, task.id)
    if present is None or present.state is not State.WINDOW:
        written = attempt is not None and await attempts.begun(tx, attempt)
        return present if written else None
    for content_hash, picture in confirmation.inputs.pictures.items():
        await blobs.put(tx, content_hash, len(picture.data), picture.type, now)
    await timers.stop(tx, task.id, Kind.WINDOW)
    await tasks.rewrite(tx, task.id, prompt=confirmation.prompt, request=confirmation.request)
    await media.inputs(tx, task.id, confirmation.request, now)
    if attempt is not None:
        await attempts.begin(tx, attempt)
        return await move(
            tx,
            task.id,
            State.SENDING,
            actor=ACTOR,
            now=now,
            confirmed=True,
            channel_id=attempt.channel_id,
            credential_id=attempt.credential_id,
        )
    waiting = await place.lined_up(tx, present._replace(lane=_lane(present)))
    return await move(
        tx,
        task.id,
        State.QUEUED,
        actor=ACTOR,
        now=now,
        confirmed=True,
        lane=waiting.lane,
        turn=waiting.turn,
    )


def _lane(task: Task) -> str:
    """Whatever it waited for before: the channel that its window is open at, if there is one."""
    if not task.bound:
        return task.lane
    return Lane(task.mode, channel_id=task.channel_id).name


async def _expire_in(tx: Transaction, task_id: int, now: int) -> None:
    await timers.stop(tx, task_id, Kind.WINDOW)
    task = await tasks.by_id(tx, task_id)
    if task is not None and task.state is State.WINDOW:
        await fail_in(tx, task_id, FailReason.MODAL_EXPIRED, actor="window", now=now)
