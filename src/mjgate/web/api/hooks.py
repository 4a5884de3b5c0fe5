"""/api/webhook/: what was told to whom, and telling it again."""

import json
from typing import Final

from msgspec import UNSET, Struct

from mjgate.domain.errors import BadField, NotFound
from mjgate.domain.task import STATUS
from mjgate.domain.webhook import EventId, endpoint
from mjgate.lifecycle.hook_trial import send_test
from mjgate.manage import hooks
from mjgate.store import deliveries, receivers
from mjgate.store.deliveries import Attempt, Logged
from mjgate.web.api.rows import COUNTED, Call, Page, Row, Who, acts, looks, takes, whole

STATUSES: Final = ("due", "paused", "delivered", "dead", "dropped")


class EventView(Struct, frozen=True):
    """
    An event: `id` is its `webhook-id`, `told` the task's status at that moment.

    `status` is `due`, `paused`, `delivered`, `dead` (given up) or `dropped` (something newer
    counted more). Times are epoch milliseconds, null for what has not happened.
    """

    id: str
    mj_id: str
    url: str
    told: str
    progress: str
    status: str
    tries: int
    created_at: int
    next_at: int | None
    done_at: int | None


class AttemptView(Struct, frozen=True):
    """
    One attempt: when, for how many milliseconds, and what came back.

    `http_status` is null where nothing came; `error` then says why. `answer` is the first 2 KiB.
    """

    at: int
    took: int
    http_status: int | None
    error: str
    answer: str


class EventWhole(Struct, frozen=True):
    """An event with every attempt to deliver it."""

    event: EventView
    attempts: list[AttemptView]


class ReceiverView(Struct, frozen=True):
    """
    A receiver that fails, or that gets nothing.

    `reason` is `gone` (it answered 410), `dead` (it took nothing for days), `owner` (paused by
    hand), or empty while it merely fails.
    """

    endpoint: str
    failing_since: int | None
    paused_at: int | None
    reason: str


class Replay(Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead events: all of one receiver, all since a time in epoch milliseconds, or all."""

    endpoint: str | None = None
    since: int = 0


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver's address; its query does not matter."""

    url: str


class Secret(Struct, frozen=True):
    """Told this once and never again."""

    secret: str


class Count(Struct, frozen=True):
    """How many events are on their way again."""

    events: int


class Tried(Struct, frozen=True):
    """What came of a test, and exactly what was sent."""

    delivered: bool
    http_status: int | None
    error: str
    answer: str
    headers: dict[str, str]
    body: object


async def _log(call: Call) -> Page[EventView]:
    page = call.page()
    status = call.asked("status") or None
    if status is not None and status not in STATUSES:
        msg = f"status must be one of {', '.join(STATUSES)}."
        raise BadField(msg, field="status")
    found, total = await deliveries.log(
        call.gateway.store.reader,
        call.visitor.user_id,
        status=status,
        task_id=call.number("mj_id"),
        skip=page.skipped,
        most=page.size,
        counted=COUNTED,
    )
    capped = True if total == COUNTED else UNSET
    return Page([_event(each) for each in found], total, page.number, page.size, capped)


async def _one(call: Call) -> EventWhole:
    event = EventId.read(call.text("event"))
    reader = call.gateway.store.reader
    found = event and await deliveries.one(reader, event, call.visitor.user_id)
    if not found:
        raise NotFound
    logged, attempts = found
    return EventWhole(_event(logged), [_attempt(each) for each in attempts])


async def _replay(call: Call) -> None:
    await hooks.replay(call.desk, call.visitor.user_id, call.text("event"))


async def _replay_dead(call: Call, body: Replay) -> Count:
    place = None if body.endpoint is None else endpoint(body.endpoint)
    user_id = call.visitor.user_id
    return Count(
        await hooks.replay_dead(call.desk, user_id, endpoint=place, since=max(body.since, 0))
    )


async def _receivers(call: Call) -> Page[ReceiverView]:
    found = await receivers.of_user(call.gateway.store.reader, call.visitor.user_id)
    return whole(
        [
            ReceiverView(each.endpoint, each.failing_since, each.paused_at, each.reason)
            for each in found
        ]
    )


async def _pause(call: Call, body: Place) -> None:
    await hooks.pause(call.desk, call.visitor.user_id, _place(call, body))


async def _resume(call: Call, body: Place) -> Count:
    return Count(await hooks.resume(call.desk, call.visitor.user_id, _place(call, body)))


async def _secret(call: Call) -> Secret:
    return Secret(await hooks.rotate_secret(call.desk, call.visitor.user_id))


async def _test(call: Call, body: Place) -> Tried:
    tried = await send_test(call.gateway, call.visitor.user_id, body.url)
    return Tried(
        delivered=tried.delivered,
        http_status=tried.status,
        error=tried.error,
        answer=tried.answer,
        headers=dict(tried.headers),
        body=json.loads(tried.body),
    )


def _place(call: Call, body: Place) -> str:
    call.gateway.public.refuse(body.url, field="url")
    return endpoint(body.url)


def _event(found: Logged) -> EventView:
    return EventView(
        id=str(found.id),
        mj_id=str(found.id.task_id),
        url=found.url,
        told=STATUS[found.state],
        progress=f"{found.progress}%",
        status=found.status,
        tries=found.tries,
        created_at=found.made_at,
        next_at=found.due_at if found.status == "due" else None,
        done_at=found.done_at,
    )


def _attempt(found: Attempt) -> AttemptView:
    return AttemptView(found.at, found.took, found.status, found.error, found.answer)


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/webhook/", Who.USER, _log, "What was told to one's own receivers, newest first.",
          gives=Page[EventView], query=("p", "page_size", "status", "mj_id")),
    takes("POST", "/api/webhook/test", Who.USER, Place, _test,
          "Send an example to an address now, and see what comes back.", gives=Tried),
    takes("POST", "/api/webhook/replay", Who.USER, Replay, _replay_dead,
          "Deliver again what was given up.", gives=Count),
    acts("POST", "/api/webhook/secret", Who.USER, _secret,
         "A new secret to check signatures with; the one before signs beside it until the next.",
         gives=Secret),
    looks("/api/webhook/receiver/", Who.USER, _receivers,
          "Receivers that fail, or that get nothing.", gives=Page[ReceiverView]),
    takes("POST", "/api/webhook/pause", Who.USER, Place, _pause,
          "Send nothing more to a receiver; what comes for it waits."),
    takes("POST", "/api/webhook/resume", Who.USER, Place, _resume,
          "Send to it again, what has waited first.", gives=Count),
    looks("/api/webhook/{event}", Who.USER, _one, "One event, with every attempt to deliver it.",
          gives=EventWhole),
    acts("POST", "/api/webhook/{event}/replay", Who.USER, _replay,
         "Deliver one event again, under the same id."),
)  # fmt: skip
