"""GET /mj/task/{id}/fetch and its kin: what a client may know of its own tasks."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.dialects.mjproxy import SubmitAnswer, encode
from mjgate.domain.errors import TooLarge
from mjgate.domain.task import State
from mjgate.lifecycle.cancel import cancel
from mjgate.lifecycle.seed import seed
from mjgate.links import view
from mjgate.store import tasks
from mjgate.web.bodies import SMALL, decode, read
from mjgate.web.context import Context
from mjgate.web.respond import answer, raw

IDS_MOST: Final = 5_000
TURN: Final = 200
"""Tasks of a long list that are written in one turn; others have theirs in between."""


def routes(context: Context) -> list[Route]:
    """What is asked most comes first."""
    listed = partial(_by_condition, context)
    return [
        Route("/mj/task/{id}/fetch", partial(_fetch, context)),
        Route("/mj/task/{id}/image-seed", partial(_seed, context)),
        Route("/mj/task/{id}/cancel", partial(_cancel, context), methods=["POST"]),
        Route("/mj/task/list-by-condition", listed, methods=["POST"]),
        Route("/mj/task/list-by-ids", listed, methods=["POST"]),
    ]


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
