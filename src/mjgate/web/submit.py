"""POST /mj/submit/*: one route for each rule."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.dialects.mjproxy import SubmitAnswer, encode
from mjgate.domain.account import Caller
from mjgate.domain.action import RULES, Action, Rule
from mjgate.domain.errors import (
    BadField,
    IdempotencyMismatch,
    IdempotencyRunning,
    Refused,
)
from mjgate.domain.hops import HEADER
from mjgate.domain.lane import Lane
from mjgate.domain.order import Order, read_order
from mjgate.domain.task import State, Status, Task
from mjgate.lifecycle.hops import arrived
from mjgate.lifecycle.place import ahead_of
from mjgate.lifecycle.rehearsal import rehearse, rehearse_modal
from mjgate.lifecycle.settings import in_force
from mjgate.lifecycle.submit import Once, modal, submit
from mjgate.lifecycle.verdict import Outcome
from mjgate.links import media_of
from mjgate.store import channels, idempotency, party, tasks
from mjgate.store.database import ConstraintBroken
from mjgate.store.idempotency import Remembered
from mjgate.web import rates
from mjgate.web.bodies import Share, decode, read
from mjgate.web.context import Context
from mjgate.web.respond import answer, raw, refusal, request_id

MODAL: Final = "submit/modal"
LARGE: Final = 256 * 1024
"""Bodies from here on are read on a thread: base64 and hashing would stall everybody else."""

_NO: Final = frozenset({"", "0", "false"})
ONCE_MOST: Final = 255
DRY_RUN: Final = "Dry run, nothing was sent or charged"
HTTP_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Desk:
    """Where submits are taken below a path, and the words in which they are answered there."""

    context: Context
    below: str
    accepted: Callable[[Context, Outcome], Awaitable[object]]
    rehearsed: Callable[[Mapping[str, object]], object]


def routes(context: Context) -> list[Route]:
    """A route for each rule and alias, in the task protocol's words."""
    return at(Desk(context, "/mj", _answer, _rehearsed))


def at(desk: Desk) -> list[Route]:
    """A route for each rule and alias."""
    return [
        Route(f"{desk.below}/{path}", partial(_handle, desk, rule), methods=["POST"])
        for rule in RULES.values()
        for path in (rule.path, *rule.aliases)
    ]


async def _handle(desk: Desk, rule: Rule, request: Request) -> Response:
    """One submit, from the key to the answer."""
    context = desk.context
    caller = await context.doors.caller(request)
    dry = request.query_params.get("dryRun", "0").lower() not in _NO
    who = f"key {caller.token_id}"
    await context.rates.take(context.gateway, rates.DRY_RUN if dry else rates.SUBMIT, who)
    with context.room.share() as share:
        if dry:
            return await _dry_run(desk, rule, request, caller, share)
        return await _submit(desk, rule, request, caller, share)


async def _dry_run(
    desk: Desk, rule: Rule, request: Request, caller: Caller, share: Share
) -> Response:
    """What the submit would come to; never remembered under an Idempotency-Key."""
    context = desk.context
    body = await read(request, context.settings.body_limit, share)
    order = await _order(context, request, rule, body)
    if rule.path == MODAL:
        forecast = await rehearse_modal(context.gateway, caller, order)
    else:
        forecast = await rehearse(context.gateway, caller, order, prefix=request.state.mode)
    told: dict[str, object] = {
        "price": forecast.price,
        "mode": forecast.mode,
        "channelAvailable": forecast.free,
        "queuePosition": forecast.position,
        "etaSeconds": forecast.seconds,
    }
    return answer(desk.rehearsed(told))


def _rehearsed(told: Mapping[str, object]) -> SubmitAnswer:
    return SubmitAnswer(1, DRY_RUN, None, told)


async def _submit(
    desk: Desk, rule: Rule, request: Request, caller: Caller, share: Share
) -> Response:
    """Where the answer to a repeat comes before anything else."""
    context = desk.context
    body = await read(request, context.settings.body_limit, share)
    once = await _once(desk, request, caller, rule, body)
    if once is not None and (before := await _before(desk, once)) is not None:
        return before
    try:
        order = await _order(context, request, rule, body)
        del body  # it may be large, and a channel slow
        outcome = await _outcome(context, request, caller, order, once)
    except Refused as refused:
        return await _refused(context, request, once, refused, written=False)
    if outcome.refused is not None:
        return await _refused(context, request, once, outcome.refused, written=True)
    return await _accepted(desk, once, outcome)


async def _outcome(
    context: Context, request: Request, caller: Caller, order: Order, once: Once | None
) -> Outcome:
    """A modal takes an old task on; everything else is a new one."""
    if order.rule.path == MODAL:
        return await modal(context.gateway, caller, order)
    return await submit(context.gateway, caller, order, prefix=request.state.mode, once=once)


async def _order(context: Context, request: Request, rule: Rule, body: bytes) -> Order:
    """The checked order; on a thread when the body is large."""
    hops = await arrived(context.gateway, request.headers.get(HEADER, ""))
    if len(body) > LARGE:
        order = await asyncio.to_thread(lambda: read_order(rule, decode(body)))
    else:
        order = read_order(rule, decode(body))
    if rule.path == MODAL and request.state.mode is not None:
        order = replace(order, modes=(request.state.mode,))
    return replace(order, hops=hops) if hops else order


async def _accepted(desk: Desk, once: Once | None, outcome: Outcome) -> Response:
    body = encode(await desk.accepted(desk.context, outcome))
    if once is not None:
        await desk.context.gateway.store.write_surely(
            idempotency.answered, once.scope, once.key, body.decode()
        )
    return raw(body)


async def _answer(context: Context, outcome: Outcome) -> SubmitAnswer:
    """The protocol's word for where the submit has led."""
    task, named = outcome.task, await _named(context, outcome.task)
    if task.action is Action.UPLOAD:
        shown = media_of(task, context.gateway.links)
        return SubmitAnswer(1, "Submit success", list(shown.image_urls))
    properties = await _channel(context, task)
    if outcome.existed:
        shown = media_of(task, context.gateway.links)
        existed = {"existed": True, "status": task.status, "imageUrl": shown.image_url}
        return SubmitAnswer(1, "The task exists already", named, properties | existed)
    if task.status is Status.MODAL:
        window = {"finalPrompt": task.result.final_prompt or task.prompt, "remix": True}
        return SubmitAnswer(21, "Waiting for window confirm", named, properties | window)
    if task.state is State.QUEUED:
        ahead = await ahead_of(context.gateway, task)
        if ahead > (await in_force(context.gateway)).queue_told_from:
            queued: dict[str, object] = {"numberOfQueues": ahead}
            return SubmitAnswer(22, f"In queue, {ahead} tasks ahead", named, queued | properties)
    return SubmitAnswer(1, "Submit success", named, properties)


async def _named(context: Context, task: Task) -> str:
    """The task's id; where one press made several, the ids of all."""
    if task.lead_id is None:
        return str(task.id)
    members = await party.members(context.gateway.store.reader, task.lead_id)
    return ",".join(str(each.id) for each in members)


async def _channel(context: Context, task: Task) -> dict[str, object]:
    """The public instance id of the channel that has the task, or is the only one that will do."""
    gateway, lane = context.gateway, Lane.named(task.lane) if task.lane else None
    channel_id = task.channel_id or (lane and lane.channel_id)
    if not channel_id and lane and lane.instance_id:
        return {"discordInstanceId": lane.instance_id}
    known = await gateway.channels.value(
        gateway.clock.now(), partial(channels.all_in_use, gateway.store.reader)
    )
    found = next((each for each in known if each.id == channel_id), None)
    return {} if found is None else {"discordInstanceId": found.instance_id}


async def _refused(
    context: Context, request: Request, once: Once | None, refused: Refused, *, written: bool
) -> Response:
    """The refusal; a repeat gets the same where it says something lasting, else a new try."""
    response = refusal(refused, request_id(request), path=request.scope["path"])
    if once is None or isinstance(refused, IdempotencyRunning):
        return response
    store = context.gateway.store
    lasting = refused.code in {4, 24} and refused.status == HTTP_OK
    if written and lasting:
        await store.write_surely(idempotency.answered, once.scope, once.key, _text(response))
    elif written:
        await store.write_surely(idempotency.free, once.scope, once.key)
    elif lasting:
        now = context.gateway.clock.now()
        row = Remembered(once.fingerprint, None, _text(response), context.gateway.node, now)
        with suppress(ConstraintBroken):
            await store.write(idempotency.remember, once.scope, once.key, row)
    return response


def _text(response: Response) -> str:
    return bytes(response.body).decode()


async def _before(desk: Desk, once: Once) -> Response | None:
    """The answer to a repeat; None for a key that was not used yet."""
    reader = desk.context.gateway.store.reader
    found = await idempotency.find(reader, once.scope, once.key)
    if found is None:
        return None
    gateway = desk.context.gateway
    if found.at < gateway.clock.now() - gateway.timing.idempotency:
        await gateway.store.write(idempotency.free, once.scope, once.key)
        return None
    if found.fingerprint != once.fingerprint:
        raise IdempotencyMismatch
    if found.answer is not None:
        return _replayed(found.answer.encode())
    task = None if found.task_id is None else await tasks.by_id(reader, found.task_id)
    if task is None or task.state is State.SENDING:
        raise IdempotencyRunning(retry_after=1)
    return _replayed(encode(await desk.accepted(desk.context, Outcome(task))))


def _replayed(body: bytes) -> Response:
    response = raw(body)
    response.headers["Idempotent-Replayed"] = "true"
    return response


async def _once(
    desk: Desk, request: Request, caller: Caller, rule: Rule, body: bytes
) -> Once | None:
    """The request's Idempotency-Key, within API key, method and path. BadField."""
    key = request.headers.get("idempotency-key", "").strip()
    if not key:
        return None
    if len(key) > ONCE_MOST:
        msg = f"Idempotency-Key may have at most {ONCE_MOST} characters."
        raise BadField(msg, field="Idempotency-Key")
    mode = request.state.mode or ""
    scope = f"{caller.token_id} POST {mode} {desk.below}/{rule.path}"
    digest = (
        await asyncio.to_thread(hashlib.sha256, body) if len(body) > LARGE else hashlib.sha256(body)
    )
    return Once(scope, key, digest.hexdigest())
