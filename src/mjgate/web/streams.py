"""GET /mj/task/{id}/events and /api/mj/events: tasks as they change, for as long as one listens."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.dialects.mjproxy import encode
from mjgate.domain.clock import SECOND
from mjgate.links import view
from mjgate.store import tasks
from mjgate.web.context import Context
from mjgate.web.spots import Door, Spot, made_of
from mjgate.web.sse import EVENTS, HEARTBEAT, Stream, event, last_seen
from mjgate.web.visitors import visitor_of
from mjgate.web.watching import LONGEST, Watcher

HEARTBEAT_AFTER: Final = 15.0
"""Seconds of silence after which a sign of life is sent."""

RECENT: Final = 500
"""Of so many of one's newest tasks a stream of all of them tells at its beginning."""

OVERLAP: Final = 2 * SECOND
"""A stream that goes on begins so much before where it ended: nothing falls in between."""


def routes(context: Context) -> list[Route]:
    """The two streams."""
    return made_of(context, SPOTS)


async def _one(context: Context, request: Request) -> Response | Stream:
    """One task of one's own, on each change; ends with the task."""
    caller = await context.doors.caller(request)
    task = await tasks.get(context.gateway.store.reader, request.path_params["id"], seen_by=caller)
    seen = last_seen(request.headers.get("last-event-id"))
    if task.state.final and seen is not None and seen >= task.version:
        return Response(status_code=204)  # which tells a browser not to come back
    owner = f"key {caller.token_id}"
    context.watching.check_room(owner)
    watcher = Watcher(caller.user_id, partial(context.doors.caller, request), task_id=task.id)
    watcher.version = seen or 0
    parts = _changes_of(context, watcher)
    return Stream(_watched(context, owner, watcher, parts))


async def _all(context: Context, request: Request) -> Stream:
    """All of one's own tasks, each as it changes."""
    visitor = await visitor_of(context, request)
    owner = f"user {visitor.user_id}"
    context.watching.check_room(owner)
    watcher = Watcher(visitor.user_id, partial(visitor_of, context, request))
    seen = last_seen(request.headers.get("last-event-id"))
    parts = _changes_of_all(context, watcher, seen)
    return Stream(_watched(context, owner, watcher, parts))


async def _watched(
    context: Context, owner: str, watcher: Watcher, parts: AsyncGenerator[bytes]
) -> AsyncGenerator[bytes]:
    """The parts, for as long as the watcher may see them, with signs of life between them."""
    with context.watching.watch(owner, watcher):
        async for part in parts:
            yield part


async def _changes_of(context: Context, watcher: Watcher) -> AsyncGenerator[bytes]:
    gateway = context.gateway
    async for silent in _turns(watcher):
        shown = await context.watching.views.of(watcher.task_id or 0)
        if shown is None or shown.task.user_id != watcher.user_id:
            return
        task = shown.task
        if task.version > watcher.version:
            watcher.version = task.version
            yield event(task.version, shown.body)
        elif silent:
            yield HEARTBEAT
        if task.state.final:
            return
        gateway.waiting.add(task.id)


async def _changes_of_all(
    context: Context, watcher: Watcher, seen: int | None
) -> AsyncGenerator[bytes]:
    """
    Events are numbered by the moment at which they were sent.

    At the beginning, and whenever something may have been missed, every task is told that runs or
    has ended since; a client that knows a task in that state already has nothing new to do.
    """
    gateway = context.gateway
    since = gateway.clock.now() if seen is None else seen
    watcher.missed = True
    async for silent in _turns(watcher):
        now = gateway.clock.now()
        found = watcher.changed
        watcher.changed = {}
        if watcher.missed:
            watcher.missed = False
            recent = await tasks.recent(
                gateway.store.reader, user_id=watcher.user_id, since=since - OVERLAP, most=RECENT
            )
            found = {task.id: task for task in recent}
        for task in found.values():
            yield event(now, encode(view(task, gateway.links)), name="task")
        since = now
        if silent:
            yield HEARTBEAT


async def _turns(watcher: Watcher) -> AsyncGenerator[bool]:
    """Once at the beginning, then at each ring; True after so long a silence. Ends in time."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + LONGEST
    silent = False
    while not watcher.over and loop.time() < ends:
        yield silent
        silent = not await watcher.bell.rung(min(HEARTBEAT_AFTER, max(ends - loop.time(), 0)))


SPOTS: Final = (
    Spot(
        path="/mj/task/{id}/events",
        does=_one,
        summary="One task at each change, as a stream that ends with it.",
        gives=EVENTS,
    ),
    Spot(
        path="/api/mj/events",
        does=_all,
        door=Door.MANAGER,
        summary="All of one's own tasks, each as it changes, as a stream.",
        gives=EVENTS,
    ),
)
"""The streams."""
