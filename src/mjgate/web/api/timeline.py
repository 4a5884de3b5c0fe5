"""/api/mj/{mj_id}/timeline and /bundle: what happened to a task, for its owner or an admin."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

from msgspec import Struct

from mjgate.dialects.mjproxy import TaskView
from mjgate.domain.task import State, Task
from mjgate.domain.timeline import Event, for_owner
from mjgate.domain.webhook import endpoint
from mjgate.links import view
from mjgate.store import channels, lanes, timeline
from mjgate.web.api.rows import Call, Row, Who, looks
from mjgate.web.api.tasks import task_of


class EventView(Struct, frozen=True):
    """One event: when in epoch milliseconds, what about, by whom, as a sentence and as data."""

    at: int
    kind: str
    what: str
    actor: str
    text: str
    data: Mapping[str, object]


class Timeline(Struct, frozen=True):
    """All that happened, from the first; `ahead` counts who waits before a task that waits."""

    mj_id: str
    ahead: int | None
    events: list[EventView]


class ChannelView(Struct, frozen=True):
    """A channel that has to do with the task, as it is now."""

    id: int
    name: str
    provider: str
    status: str
    broken_times: int


class Bundle(Struct, frozen=True, omit_defaults=True):
    """
    All that somebody needs who is asked for help with a task.

    `inside` and `channel` are for admins.
    """

    made_at: int
    version: str
    mj_id: str
    ahead: int | None
    task: TaskView
    events: list[EventView]
    inside: Mapping[str, object] | None = None
    channel: ChannelView | None = None


async def _timeline(call: Call) -> Timeline:
    task = await task_of(call)
    return Timeline(str(task.id), await _ahead(call, task), await _events(call, task))


async def _bundle(call: Call) -> Bundle:
    task = await task_of(call)
    admin = call.visitor.admin
    return Bundle(
        made_at=call.gateway.clock.now(),
        version=version("mjgate"),
        mj_id=str(task.id),
        ahead=await _ahead(call, task),
        task=view(task, call.gateway.links),
        events=await _events(call, task),
        inside=inside(task) if admin else None,
        channel=await _channel(call, task) if admin else None,
    )


async def _events(call: Call, task: Task) -> list[EventView]:
    reader = call.gateway.store.reader
    found = await timeline.of_task(reader, task)
    if not call.visitor.admin:
        found = for_owner(found, await timeline.hidden(reader, task))
    return [_shown(event) for event in found]


async def _ahead(call: Call, task: Task) -> int | None:
    if task.state is not State.QUEUED:
        return None
    return await lanes.ahead(call.gateway.store.reader, task)


async def _channel(call: Call, task: Task) -> ChannelView | None:
    found = await channels.get(call.gateway.store.reader, task.channel_id or 0)
    if found is None:
        return None
    return ChannelView(found.id, found.name, found.provider, found.status.value, found.broken_times)


def inside(task: Task) -> Mapping[str, object]:
    """What is kept of a task and not shown to its owner; addresses without their queries."""
    kept = ("state", "version", "user_id", "token_id", "group_id", "price", "price_version",
            "lane", "turn", "channel_id", "credential_id", "upstream_id", "pinned", "confirmed",
            "rescued", "cancel_wanted", "hold_no", "hold_open", "reason", "admin_text")  # fmt: skip
    hook = endpoint(task.hook_url) if task.hook_url else ""
    return {name: getattr(task, name) for name in kept} | {"hook": hook}


def _shown(event: Event) -> EventView:
    return EventView(
        at=event.at,
        kind=event.kind,
        what=event.what,
        actor=event.actor,
        text=event.text,
        data=event.data,
    )


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/mj/{mj_id}/timeline", Who.USER, _timeline,
          "All that happened to a task, in order; admins see channels and raw answers.",
          gives=Timeline),
    looks("/api/mj/{mj_id}/bundle", Who.USER, _bundle,
          "The same with the task itself in one document, to be handed to whoever helps.",
          gives=Bundle),
)  # fmt: skip
