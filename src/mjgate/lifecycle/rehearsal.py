"""
Rehearse: what a submit would come to, by the same steps, with nothing written, held or sent.

A refusal is the one that the submit would get.
"""

import math
from dataclasses import dataclass
from typing import Final

from mjgate.domain.account import Caller, OnLimit
from mjgate.domain.action import Action, Mode
from mjgate.domain.channel import Need
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import ParentChannelGone, QueueFull, QuotaNotEnough
from mjgate.domain.order import Order
from mjgate.domain.task import Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.draft import drafted
from mjgate.lifecycle.gone import can_cut, cut_of, elsewhere
from mjgate.lifecycle.inputs import Inputs
from mjgate.lifecycle.own import check_images
from mjgate.lifecycle.place import check_room, place_of, turned
from mjgate.lifecycle.plan import Plan, plan
from mjgate.lifecycle.routing import choice_of, need_of, refusal
from mjgate.lifecycle.usual import usual
from mjgate.lifecycle.window import check_prompt, check_windows, waiting_for
from mjgate.store import accounts, channels, lanes, pressed, tasks

_NO_IMAGES: Final = Inputs((), {}, {})
_TOO_LITTLE: Final = "The balance does not cover the {} units that this task costs."


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """
    The price, and when it would be worked on.

    `free` says whether a channel has a free slot; `position` 0 that it would start at once, else
    its place in the queue from 1 on; `seconds` in how long it would be done, judging by what such
    tasks took lately.
    """

    price: int
    mode: Mode
    free: bool
    position: int = 0
    seconds: int | None = None


async def rehearse(
    gateway: Gateway, caller: Caller, order: Order, *, prefix: Mode | None
) -> Forecast:
    """What a submit of the order would come to now. Raises Refused."""
    planned = await plan(gateway, caller, order, prefix)
    if planned.action is Action.UPLOAD:
        return await _done_here(gateway, caller, planned)
    task = drafted(gateway, caller, planned, _NO_IMAGES)
    try:
        channel_id = await _channel(gateway, planned)
    except ParentChannelGone:
        if caller.fallback and not can_cut(planned):
            order = await elsewhere(gateway, planned)
            return await rehearse(gateway, caller, order, prefix=planned.mode)
        await cut_of(gateway, planned)
        return Forecast(price=0, mode=planned.mode, free=True, seconds=0)
    reader = gateway.store.reader
    if task.action is Action.UPSCALE and (first := await pressed.first(reader, task)) is not None:
        return Forecast(price=0, mode=first.mode, free=channel_id is not None)
    if planned.window:
        await check_windows(reader, task)
        return await _forecast(gateway, task, channel_id)
    several = len(planned.shares)
    return await _forecast(gateway, task, channel_id, on_limit=caller.on_limit, several=several)


async def _done_here(gateway: Gateway, caller: Caller, planned: Plan) -> Forecast:
    """Work of ours: it needs no channel and no time. QuotaNotEnough."""
    reader = gateway.store.reader
    if not await accounts.can_pay(reader, caller.user_id, caller.token_id, planned.price):
        raise QuotaNotEnough(_TOO_LITTLE.format(planned.price))
    return Forecast(price=planned.price, mode=planned.mode, free=True, seconds=0)


async def rehearse_modal(gateway: Gateway, caller: Caller, order: Order) -> Forecast:
    """What confirming a window would come to now. Raises Refused."""
    task = await waiting_for(gateway, caller, order)
    if task.confirmed:
        return Forecast(price=0, mode=task.mode, free=True)
    check_images(gateway, await check_prompt(gateway, caller, task, order))
    home = await (_home(gateway, task) if task.bound else _anywhere(gateway, need_of(task)))
    return await _forecast(gateway, task, home)


async def _channel(gateway: Gateway, planned: Plan) -> int | None:
    """The channel that would get it now; None if it would have to wait. Raises Refused."""
    if planned.parent is not None:
        if not planned.parent.upstream_id:
            raise ParentChannelGone(field="taskId")
        return await _home(gateway, planned.parent._replace(mode=planned.mode))
    return await _anywhere(gateway, planned.need)


async def _anywhere(gateway: Gateway, need: Need) -> int | None:
    """The channel of all that would get it now; None if it would have to wait. Raises Refused."""
    choice = await choice_of(gateway, need)
    refused = refusal(choice, need)
    if refused is not None:
        raise refused
    return next((each.id for each in choice.ready if not each.broken_times), None)


async def _home(gateway: Gateway, task: Task) -> int | None:
    """The one channel that can take it, if a slot is free there. ParentChannelGone."""
    reader, channel_id = gateway.store.reader, task.channel_id or 0
    home = await channels.present(reader, channel_id)
    if task.credential_id is None or home is None:
        raise ParentChannelGone(field="taskId")
    load = await channels.load(reader, channel_id, task.mode)
    now = gateway.clock.now()
    return channel_id if load is not None and load.free(now) and not home.shut(now) else None


async def _forecast(
    gateway: Gateway,
    task: Task,
    channel_id: int | None,
    *,
    on_limit: OnLimit | None = None,
    several: int = 1,
) -> Forecast:
    """
    Whether it would start at once, or where it would wait. QuotaNotEnough, QueueFull.

    Without `on_limit` it is a window's: it was let in when the window was opened.
    """
    reader = gateway.store.reader
    if not await accounts.can_pay(reader, task.user_id, task.token_id, task.price):
        raise QuotaNotEnough(_TOO_LITTLE.format(task.price))
    free = channel_id is not None
    if (
        channel_id is not None
        and await accounts.has_slot(reader, task.user_id, task.token_id)
        and not await lanes.waits(reader, task.lane)
    ):
        took = await usual(gateway, channel_id, task.action, task.mode)
        seconds = None if took is None else math.ceil(took / SECOND)
        return Forecast(price=task.price, mode=task.mode, free=free, seconds=seconds)
    if on_limit is OnLimit.REJECT:
        raise QueueFull
    task = task._replace(id=task.id or tasks.mint(gateway.clock.now()))
    if on_limit is None:
        turn, _ = await lanes.turn_in(reader, task.lane, task.user_id)
        waiting = task._replace(turn=turn)
    else:
        await check_room(gateway, task)
        waiting = await turned(reader, task, several=several)
    found = await place_of(gateway, waiting)
    return Forecast(
        price=task.price,
        mode=task.mode,
        free=free,
        position=1 + found.ahead,
        seconds=found.seconds,
    )
