"""
Notify: tell clients' webhooks what has become of their tasks.

An event is delivered at least once, under the same id each time; how the outbox keeps the order of
a task's events is told in `store.webhooks`, and who is told next in `couriers`.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from mjgate.dialects.mjproxy import encode
from mjgate.domain import webhook
from mjgate.domain.clock import DAY, SECOND
from mjgate.domain.errors import BadAddress
from mjgate.domain.prompt import clean
from mjgate.domain.task import State, Task
from mjgate.keys import Purpose
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.hooks import check_hook, global_secrets
from mjgate.lifecycle.settings import in_force
from mjgate.links import view
from mjgate.public_http import Answer, Limits
from mjgate.public_http.errors import FetchError
from mjgate.store import deliveries, receivers, tasks, webhooks
from mjgate.store.database import Transaction
from mjgate.store.deliveries import Attempt
from mjgate.store.receivers import Pause
from mjgate.store.webhooks import Event

log = logging.getLogger(__name__)

LIMITS: Final = Limits(connect=5, first_byte=10, idle=10, total=10)
"""Ten seconds for everything, and no redirect is followed."""

DELIVERED_KEPT: Final = 7 * DAY
DEAD_KEPT: Final = 30 * DAY
SWEPT: Final = 500
"""Events forgotten in one transaction."""


async def deliver(gateway: Gateway, events: Sequence[Event]) -> list[tuple[Event, bool]]:
    """Send a batch; for each that was sent whether its receiver answered at all well."""
    stopped = await receivers.paused(gateway.store.reader, events)
    for event in events:
        if (why := stopped.get((event.user_id, event.endpoint))) is not None:
            await gateway.store.write_surely(_set_aside, event, why, now=gateway.clock.now())
    events = [event for event in events if (event.user_id, event.endpoint) not in stopped]
    known = await tasks.by_ids(gateway.store.reader, [event.id.task_id for event in events])
    secrets = await _secrets(gateway, events)
    attempts = await asyncio.gather(
        *(_attempt(gateway, event, known.get(event.id.task_id), secrets) for event in events)
    )
    gateway.checkpoint("delivering")
    sent = list(zip(events, attempts, strict=True))
    paused = await gateway.store.write_surely(_record, gateway, sent)
    for event in paused:
        told = {"user": event.user_id, "receiver": event.endpoint}
        log.warning("a receiver gets nothing more until it is resumed", extra=told)
    return [(event, webhook.well(attempt.status)) for event, attempt in sent]


async def _secrets(gateway: Gateway, events: Sequence[Event]) -> Mapping[Event, Sequence[str]]:
    """The secrets that sign each event; two of them while one is being replaced."""
    sealed = await webhooks.secrets(gateway.store.reader, events)
    everybody = (await in_force(gateway)).webhook_url
    return {
        event: global_secrets(gateway.keys)
        if event.url == everybody
        else _opened(gateway, sealed.get(event.token_id, ""))
        for event in events
    }


def _opened(gateway: Gateway, sealed: str) -> list[str]:
    return gateway.keys.decrypt(Purpose.WEBHOOK, sealed).split() if sealed else []


async def _attempt(
    gateway: Gateway, event: Event, task: Task | None, secrets: Mapping[Event, Sequence[str]]
) -> Attempt:
    """Send one event, and write down what came of it."""
    at = gateway.clock.now()
    began = asyncio.get_running_loop().time()
    status, error, answer = None, "The task is no more.", ""
    if task is not None:
        body = encode(view(as_told(task, event), gateway.links))
        headers = webhook.headers(str(event.id), body, secrets[event], at=at)
        status, error, answer = await send(gateway, event.url, headers, body)
    took = int((asyncio.get_running_loop().time() - began) * SECOND)
    return Attempt(event.id, at, took, status, error, answer)


async def send(
    gateway: Gateway, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[int | None, str, str]:
    """POST to a receiver: its status, what went wrong if there is none, and how it began."""
    try:
        await check_hook(gateway, url)
        async with gateway.public.open(
            "POST", url, headers=headers, body=body, limits=LIMITS
        ) as answer:
            return answer.status, "", await _beginning(answer)
    except BadAddress as error:
        return None, error.description, ""
    except FetchError as error:
        return None, error.description, ""


async def _beginning(answer: Answer) -> str:
    """The first 2 KiB of what the receiver said; foreign text, cleaned."""
    read = b""
    try:
        async for chunk in answer.chunks():
            read += chunk
            if len(read) >= webhook.ANSWER_KEPT:
                break
    except FetchError:
        pass  # the status has been read, and that is what counts
    return clean(read[: webhook.ANSWER_KEPT].decode(errors="replace"))


def as_told(task: Task, event: Event) -> Task:
    """The task as it was at the event; what came later is left out."""
    ended = event.state.final
    result = task.result
    if task.state.final and not ended:
        result = replace(result, image_url="", image_urls=(), video_urls=(), buttons=(), seed="")
    return task._replace(
        state=event.state,
        progress=event.progress,
        reason=event.reason,
        fail_text=event.fail_text,
        rescued=task.rescued and event.state is State.SUCCESS,
        finish_at=task.finish_at if ended else None,
        result=result,
    )


async def _record(
    tx: Transaction, gateway: Gateway, went: Sequence[tuple[Event, Attempt]]
) -> list[Event]:
    """Write what came of each; the events whose receivers are paused from now on."""
    paused: list[Event] = []
    for event, attempt in went:
        if webhook.delivered(attempt.status):
            await deliveries.delivered(tx, event, attempt)
        elif webhook.gone(attempt.status):
            await deliveries.failed(tx, event, attempt, due_at=None)
            await receivers.pause(tx, event.user_id, event.endpoint, Pause.GONE, attempt.at)
            paused.append(event)
        else:
            since = await receivers.failing(tx, event.user_id, event.endpoint, attempt.at)
            await deliveries.failed(tx, event, attempt, due_at=_again(gateway, event, attempt))
            if attempt.at - since >= gateway.timing.hook_paused:
                await receivers.pause(tx, event.user_id, event.endpoint, Pause.DEAD, attempt.at)
                paused.append(event)
    return paused


def _again(gateway: Gateway, event: Event, attempt: Attempt) -> int | None:
    """When it is tried next; None when it was tried for long enough."""
    timing = gateway.timing
    if attempt.at - event.made_at >= timing.hook_gives_up:
        return None
    rest = webhook.pause(event.id, event.tries, first=timing.hook_first, most=timing.hook_most)
    return attempt.at + rest


async def _set_aside(tx: Transaction, event: Event, why: Pause, *, now: int) -> None:
    await deliveries.set_aside(tx, event.id, dead=why is Pause.GONE, now=now)


async def sweep(gateway: Gateway) -> bool:
    """Forget what was delivered a week ago, or dead for a month; True if more may be left."""
    now = gateway.clock.now()
    gone = await gateway.store.write(
        deliveries.forget,
        delivered_before=now - DELIVERED_KEPT,
        dead_before=now - DEAD_KEPT,
        limit=SWEPT,
    )
    return gone == SWEPT
