"""
GET /mj/image/… and /mj/video/…: a signed address is all one needs.

The signature is checked before anything is looked up. What is kept is served from our files, the
same bytes for ever; what is not kept yet is passed on from the channel while it is copied.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, cast

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mjgate.domain.errors import BadAddress, BadKey, NotFound, Overloaded, Refused
from mjgate.domain.media import Kind, Size, pieces
from mjgate.domain.task import State, Task
from mjgate.imaging import BadPicture, TookTooLong
from mjgate.lifecycle.archive import fetch, make, pass_on
from mjgate.lifecycle.copies import Copy, NotMedia
from mjgate.public_http.errors import FetchError
from mjgate.store import media, tasks
from mjgate.store.media import Item
from mjgate.web.context import Context
from mjgate.web.kept import FOR_NOW, HEADERS, LATER, SOON, kept, named, nothing, whole
from mjgate.web.respond import on_refused
from mjgate.web.spots import Door, Spot, made_of

PATIENCE: Final = 20.0
"""Seconds that a request waits for what is being copied or made."""

PART_PATIENCE: Final = 5.0
"""Seconds of it for a part; after them the whole is passed on."""

_INDEX_DIGITS: Final = 4
_NONE: Final = "There is no such picture."
_GONE: Final = "The provider has no such picture any more."


class BadSignature(BadKey):
    """The signature does not belong to this address; take the address from the task again."""

    status = 403


class Purged(NotFound):
    """This was kept for as long as the operator keeps such results, and is gone."""

    status = 410


@dataclass(frozen=True, slots=True)
class Asked:
    """What a signed address names."""

    task_id: int
    kind: Kind
    n: int
    size: Size
    progress: str


_PATH: Final = re.compile(
    r"/mj/(?:image/(?P<id>[^/]+)(?:/(?P<n>[^/]+))?|video/(?P<clip>[^/]+)/(?P<m>[^/]+)\.mp4)"
)


class Shelf:
    """The short way to pictures and clips, past the router; the rest goes to `inner`."""

    def __init__(self, context: Context, inner: ASGIApp) -> None:
        self._context = context
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = _PATH.fullmatch(cast("str", scope.get("path", "")))
        if found is None or scope["method"] not in {"GET", "HEAD"}:
            await self._inner(scope, receive, send)
            return
        kind = Kind.IMAGE if found["id"] else Kind.VIDEO
        scope["path_params"] = {
            "id": found["id"] or found["clip"],
            "n": found["n"] or found["m"] or "",
        }
        request = Request(scope, receive)
        try:
            response = await _serve(self._context, kind, request)
        except Refused as refused:
            response = await on_refused(request, refused)
        await response(scope, receive, send)


def routes(context: Context) -> list[Route]:
    """Pictures by number, clips by number."""
    return made_of(context, SPOTS)


async def _image(context: Context, request: Request) -> Response:
    return await _serve(context, Kind.IMAGE, request)


async def _video(context: Context, request: Request) -> Response:
    return await _serve(context, Kind.VIDEO, request)


async def _serve(context: Context, kind: Kind, request: Request) -> Response:
    asked = _signed(context, kind, request)
    item = await _item(context, asked)
    if item is not None and item.kept:
        with suppress(FileNotFoundError):
            return await kept(context, item, request, final=not asked.progress)
        await context.gateway.store.write(media.reopen, item, context.gateway.clock.now())
        item = await _item(context, asked)
    if (item is not None and item.purged) or await _lost_its_whole(context, asked):
        raise Purged
    async with _told_within(PATIENCE):
        return await _not_kept(context, asked, item, request)


def _signed(context: Context, kind: Kind, request: Request) -> Asked:
    """What the address names, if its signature is good. BadSignature, NotFound."""
    task_id, query = request.path_params["id"], request.query_params
    n, size, progress = _index(kind, request), query.get("size", ""), query.get("v", "")
    signature, until = query.get("sig", ""), query.get("until", "")
    links = context.gateway.links
    now, variant = context.gateway.clock.now(), progress or size
    mixed = (progress and size) or (progress and not progress.isdecimal()) or size.isdecimal()
    if mixed or not links.opens(kind, task_id, n, variant, signature, until=until, now=now):
        raise BadSignature
    number = tasks.parse_id(task_id)
    if number is None or size not in set(Size):
        raise NotFound(_NONE)
    return Asked(number, kind, n, Size(size), progress)


def _index(kind: Kind, request: Request) -> int:
    """The number in the path, 0 without one. BadSignature for what no address of ours has."""
    text = request.path_params.get("n", "")
    if not text:
        return 0
    if len(text) > _INDEX_DIGITS or not (text.isascii() and text.isdigit()):
        raise BadSignature
    if text != str(int(text)) or (kind is Kind.IMAGE and text == "0"):
        raise BadSignature
    return int(text)


async def _item(context: Context, asked: Asked) -> Item | None:
    reader = context.gateway.store.reader
    return await media.find(reader, asked.task_id, asked.kind, asked.n, asked.size)


async def _lost_its_whole(context: Context, asked: Asked) -> bool:
    """Whether a small version is asked for of what is kept no longer."""
    if not asked.size:
        return False
    reader = context.gateway.store.reader
    whole = await media.find(reader, asked.task_id, asked.kind, asked.n, Size.WHOLE)
    return whole is not None and whole.purged


async def _not_kept(
    context: Context, asked: Asked, item: Item | None, request: Request
) -> Response:
    """What the channel still has, passed on; or what can be made of what is kept."""
    gateway = context.gateway
    task = await tasks.by_id(gateway.store.reader, asked.task_id)
    source = None if task is None else _source(task, asked)
    if task is None or source is None:
        raise NotFound(_NONE)
    if asked.progress or task.state is not State.SUCCESS:
        if asked.size or not source:
            raise NotFound(_NONE)
        return await _passed_on(task, pass_on(gateway, task, asked.kind, source), request)
    if item is None and not asked.size:
        await gateway.store.write(media.announce, task, gateway.clock.now())
        item = await _item(context, asked)
    if item is not None and item.source:
        copy = fetch(gateway, item)
        whole_soon = await _soon_whole(copy, request)
        item = await _item(context, asked) if whole_soon else None
        if item is not None and item.kept:
            return await kept(context, item, request)
        return await _passed_on(task, copy, request)
    await make(gateway, item or _small(task, asked)).finished()
    item = await _item(context, asked)
    if item is None or not item.kept:
        raise NotFound(_NONE)
    return await kept(context, item, request, final=not asked.progress)


def _source(task: Task, asked: Asked) -> str | None:
    """Where the channel has it, empty for what is made here; None if the task has no such thing."""
    found = (each.source for each in pieces(task) if (each.kind, each.n) == (asked.kind, asked.n))
    return next(found, None)


def _small(task: Task, asked: Asked) -> Item:
    """The row that a small version will have."""
    return Item(task.id, asked.kind, asked.n, asked.size, "due", "", task.channel_id, 0, "", 0, "")


async def _soon_whole(copy: Copy, request: Request) -> bool:
    """Whether who asks for a part can have it: some players show no clip without."""
    if "range" not in request.headers:
        return False
    with suppress(TimeoutError):
        await asyncio.wait_for(copy.done.wait(), PART_PATIENCE)
    return copy.done.is_set()


async def _passed_on(task: Task, copy: Copy, request: Request) -> Response:
    """The copy as it comes."""
    await copy.known()
    headers = HEADERS | FOR_NOW | named(task.id, copy.type)
    if copy.length is not None:
        headers["Content-Length"] = str(copy.length)
    content = nothing() if request.method == "HEAD" else whole(task.id, copy.content())
    return StreamingResponse(content, 200, headers, copy.type)


@asynccontextmanager
async def _told_within(seconds: float) -> AsyncGenerator[None]:
    """Say what goes wrong, or takes longer, in words for a client."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (NotMedia, BadAddress) as error:
        raise NotFound(_GONE) from error
    except (FetchError, OSError, TookTooLong) as error:  # a TimeoutError is an OSError
        raise Overloaded(LATER, retry_after=SOON) from error
    except BadPicture as error:
        raise NotFound(error.description) from error


_QUERY: Final = ("sig", "size", "v", "until")

SPOTS: Final = (
    Spot(
        path="/mj/image/{id}", does=_image, door=Door.SIGNED, query=_QUERY, gives="image/*",
        summary="The picture of a task, or what it looks like so far.",
    ),
    Spot(
        path="/mj/image/{id}/{n}", does=_image, door=Door.SIGNED, query=_QUERY, gives="image/*",
        summary="One of several pictures, or of the four of a grid; from 1.",
    ),
    Spot(
        path="/mj/video/{id}/{n}.mp4", does=_video, door=Door.SIGNED, query=_QUERY,
        gives="video/mp4", summary="A clip, from 0.",
    ),
)  # fmt: skip
"""Pictures and clips."""
