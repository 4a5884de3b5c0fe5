"""GET /mj/task/{id}/fetch and its kin: what a client may know of its own tasks."""

import asyncio
from collections.abc import Sequence
from typing import Final, cast

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.dialects.mjproxy import SubmitAnswer, TaskView, encode
from mjgate.domain.errors import TooLarge
from mjgate.domain.task import State
from mjgate.lifecycle.cancel import cancel
from mjgate.lifecycle.seed import seed
from mjgate.links import view
from mjgate.store import tasks
from mjgate.web.bodies import SMALL, decode, read
from mjgate.web.context import Context
from mjgate.web.respond import answer, raw
from mjgate.web.spots import Spot, made_of

IDS_MOST: Final = 5_000
TURN: Final = 200
"""Tasks of a long list that are written in one turn; others have theirs in between."""


class Ids(Struct, frozen=True):
    """The tasks that are asked for, at most 5,000; numbers are taken for texts."""

    ids: list[str | int] = []


def routes(context: Context) -> list[Route]:
    """What is asked most comes first."""
    return made_of(context, SPOTS)


async def _fetch(context: Context, request: Request) -> Response:
    """One task of one's own; another's does not exist."""
    caller = await context.doors.caller(request)
    gateway = context.gateway
    task = await tasks.get(gateway.store.reader, request.path_params["id"], seen_by=caller)
    if not task.state.final:
        gateway.waiting.add(task.id)
    return answer(view(task, gateway.links))


async def _cancel(context: Context, request: Request) -> Response:
    """End one's own task; the money follows the rules."""
    caller = await context.doors.caller(request)
    task = await cancel(context.gateway, request.path_params["id"], by=caller)
    told = "Finished before it could be cancelled" if task.state is State.SUCCESS else "Cancelled"
    return answer(SubmitAnswer(1, told, str(task.id), {"status": task.status}))


async def _seed(context: Context, request: Request) -> Response:
    """The number that one's own finished picture was made from."""
    caller = await context.doors.caller(request)
    found = await seed(context.gateway, request.path_params["id"], by=caller)
    return answer(SubmitAnswer(1, "Success", found))


async def _by_condition(context: Context, request: Request) -> Response:
    """Those of `ids` that exist and are one's own, in the order asked; a bare array."""
    caller = await context.doors.caller(request)
    with context.room.share() as share:
        ids = read_ids(decode(await read(request, SMALL, share)).get("ids"))
    gateway = context.gateway
    found = await tasks.several(gateway.store.reader, ids, seen_by=caller) if ids else {}
    known = [found[each] for each in ids if each in found]
    shown: list[bytes] = []
    for start in range(0, len(known), TURN):
        shown += [encode(view(task, gateway.links)) for task in known[start : start + TURN]]
        await asyncio.sleep(0)
    return raw(b"[" + b",".join(shown) + b"]")


def read_ids(value: object) -> list[int]:
    """Ids from texts or numbers, each once; what cannot be an id is left out. TooLarge."""
    items = cast("Sequence[object]", value) if isinstance(value, list) else ()
    if len(items) > IDS_MOST:
        msg = f"At most {IDS_MOST} ids may be asked for at once, not {len(items)}."
        raise TooLarge(msg, properties={"limit": IDS_MOST})
    texts = (str(item) for item in items if isinstance(item, str | int))
    numbers = (tasks.parse_id(text.strip()) for text in texts)
    return list(dict.fromkeys(number for number in numbers if number is not None))


_LISTED: Final = "Those of these tasks that exist and are one's own, in the order asked."

SPOTS: Final = (
    Spot(
        path="/mj/task/{id}/fetch",
        does=_fetch,
        summary="One task of one's own.",
        gives=TaskView,
    ),
    Spot(
        path="/mj/task/{id}/image-seed",
        does=_seed,
        summary="The seed of a finished picture. Asked upstream once, then kept.",
        gives=SubmitAnswer,
        may_refuse=True,
    ),
    Spot(
        path="/mj/task/{id}/cancel",
        does=_cancel,
        method="POST",
        summary="End a task of one's own.",
        gives=SubmitAnswer,
        may_refuse=True,
    ),
    Spot(
        path="/mj/task/list-by-condition",
        does=_by_condition,
        method="POST",
        summary=_LISTED,
        takes=Ids,
        gives=list[TaskView],
    ),
    Spot(
        path="/mj/task/list-by-ids",
        does=_by_condition,
        method="POST",
        summary=_LISTED,
        takes=Ids,
        gives=list[TaskView],
    ),
)
"""What is asked of tasks."""
