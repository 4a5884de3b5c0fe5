"""
From an order to a plan: which action, in which mode, at which price, on which channels.

Nothing is written here and nobody is asked; every refusal is one that the client can act on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mjgate.domain.account import Caller
from mjgate.domain.action import Action, Mode
from mjgate.domain.buttons import Window, meaning
from mjgate.domain.change import as_button, spelled_out
from mjgate.domain.channel import Need
from mjgate.domain.errors import (
    BadField,
    ModeNotAllowed,
    NotFound,
    ParentNotFinished,
    ParentNotFound,
    Unsupported,
)
from mjgate.domain.lane import Lane
from mjgate.domain.order import Order
from mjgate.domain.party import Share, picks, prompts_of
from mjgate.domain.prompt import jobs, mode_flag, wants_video, without_mode_flags
from mjgate.domain.task import State, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.hooks import check_hook
from mjgate.lifecycle.own import check_images
from mjgate.lifecycle.settings import in_force
from mjgate.lifecycle.words import check
from mjgate.providers import PROVIDERS, Lack
from mjgate.store import channels, settings, tasks
from mjgate.store.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an order will be, once it is accepted."""

    order: Order
    action: Action
    mode_wanted: Mode | None
    mode: Mode
    price: int  # of all together
    price_version: int
    shares: tuple[Share, ...]  # each task that it makes: one, but for a press of `::all`
    prompt_up: str
    parent: Task | None
    need: Need
    hook_url: str = ""  # the order's own, the key's, or the operator's
    window: bool = False  # asks first, and we keep the window
    final_prompt: str = ""  # what the window offers

    @property
    def pinned(self) -> bool:
        """Whether only the parent's channel will do."""
        return self.parent is not None

    @property
    def lane(self) -> str:
        """Where the task waits, if it has to: with those that wait for the same."""
        if self.parent is not None:
            return Lane(self.mode, channel_id=self.parent.channel_id).name
        if self.need.instance_id:
            return Lane(self.mode, instance_id=self.need.instance_id).name
        return Lane(self.mode, self.need.group, self.order.bot).name


async def plan(gateway: Gateway, caller: Caller, order: Order, prefix: Mode | None) -> Plan:
    """Decide all that can be decided before anything is written. Raises Refused."""
    await _check_addresses(gateway, order)
    order = spelled_out(order)
    parent = await _parent(gateway.store.reader, caller, order)
    order = as_button(order, parent.result.buttons if parent else ())
    prices = await gateway.prices.value(
        gateway.clock.now(), partial(settings.prices, gateway.store.reader)
    )
    action = _action(order)
    window = order.asks or _window(order)
    wanted = _wanted(caller, order, prefix)
    mode = wanted or _inherited(caller, parent)
    caller.check(action, mode)
    await check(gateway, order.prompt)
    shares = _shares(order, parent, partial(prices.of, action, mode, ratio=caller.ratio))
    if len(shares) > 1:
        await _check_several(gateway, parent)
        await check(gateway, *(share.prompt for share in shares), sent=False)
    return Plan(
        order=order,
        action=action,
        mode_wanted=wanted,
        mode=mode,
        price=sum(share.price for share in shares),
        price_version=prices.version,
        shares=shares,
        prompt_up=without_mode_flags(order.prompt),
        parent=parent,
        need=Need(
            action=action,
            mode=mode,
            group=caller.group,
            bot=order.bot,
            instance_id=order.instance_id,
            prefers=order.prefers,
        ),
        hook_url=order.hook_url or caller.hook_url or (await in_force(gateway)).webhook_url,
        window=window,
        final_prompt=_offered(order, parent) if window else "",
    )


async def _check_addresses(gateway: Gateway, order: Order) -> None:
    """Refuse what the address guard can refuse without asking anybody. BadAddress."""
    if order.hook_url:
        await check_hook(gateway, order.hook_url)
    check_images(gateway, order)


async def _parent(reader: Reader, caller: Caller, order: Order) -> Task | None:
    if not order.parent:
        return None
    try:
        parent = await tasks.get(reader, order.parent, seen_by=caller)
    except NotFound as error:
        raise ParentNotFound(field="taskId") from error
    if parent.state.final and parent.state is not State.SUCCESS:
        msg = "The task named by taskId has failed; nothing can follow it."
        raise ParentNotFinished(msg, field="taskId")
    if parent.state is not State.SUCCESS:
        raise ParentNotFinished(field="taskId")
    extends = order.rule.action is Action.VIDEO
    if extends and parent.action is not Action.VIDEO and not parent.result.video_urls:
        raise BadField("The task named by taskId has no clip to extend.", field="taskId")
    return parent


def _action(order: Order) -> Action:
    if order.rule.action is Action.IMAGINE and wants_video(order.prompt):
        return Action.VIDEO
    if order.rule.action is not None:
        return order.rule.action
    return meaning(order.custom_id).action


def _shares(order: Order, parent: Task | None, price: Callable[..., int]) -> tuple[Share, ...]:
    """What is paid for: every job of every prompt. MultipleJobs, Unsupported."""
    prompts = prompts_of(order.custom_id, parent) or (order.prompt,)
    return tuple(Share(prompt, price(jobs=jobs(prompt))) for prompt in prompts)


async def _check_several(gateway: Gateway, parent: Task | None) -> None:
    """See that the parent's channel could name a job for each task. Unsupported."""
    channel_id = None if parent is None else parent.channel_id
    home = await channels.present(gateway.store.reader, channel_id or 0)
    if home is not None and Lack.SEVERAL in PROVIDERS[home.provider].lacks:
        msg = "The channel of this task answers with one task at a time; press them one by one."
        raise Unsupported(msg, field="customId")


def _window(order: Order) -> bool:
    """Whether the button asks first: always, or because the client wants to change the prompt."""
    if not order.custom_id:
        return False
    pressed = meaning(order.custom_id)
    return pressed.window is Window.ALWAYS or (pressed.window is Window.REMIX and order.remix)


def _offered(order: Order, parent: Task | None) -> str:
    """What the window offers: the parent's prompt; after a picker the one that was picked."""
    if parent is None:
        return order.prompt
    found = meaning(order.custom_id).pattern.fullmatch(order.custom_id)
    number = found.groupdict().get("n") if found else None
    choices = picks(parent)
    if number and int(number) <= len(choices):
        return choices[int(number) - 1]
    return parent.prompt or parent.result.final_prompt


def _wanted(caller: Caller, order: Order, prefix: Mode | None) -> Mode | None:
    """What the request itself asks for: the path, then the body, then the prompt."""
    if prefix is not None:
        return prefix
    if order.modes:
        usable = [mode for mode in order.modes if caller.may_use(mode)]
        if not usable:
            msg = f"This key may not use {' or '.join(order.modes)}."
            raise ModeNotAllowed(msg)
        return usable[0]
    return mode_flag(order.prompt)


def _inherited(caller: Caller, parent: Task | None) -> Mode:
    """What holds when nothing was asked for: the parent's mode, the key's, the group's."""
    if parent is not None:
        return parent.mode
    return caller.default_mode or caller.group_mode
