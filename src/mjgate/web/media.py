"""
GET /mj/image/… and /mj/video/…: a signed address is all one needs.

The signature is checked before anything is looked up. What is kept is served from our files, the
same bytes for ever; what is not kept yet is passed on from the channel while it is copied.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mjgate.domain.errors import BadAddress, BadField, BadKey, NotFound, Overloaded
from mjgate.domain.media import Kind, Size, pieces
from mjgate.domain.task import State, Task
from mjgate.imaging import BadPicture, TookTooLong
from mjgate.lifecycle.archive import fetch, make, pass_on
from mjgate.lifecycle.copies import Copy, NotMedia
from mjgate.public_http.errors import FetchError
from mjgate.store import media, tasks
from mjgate.store.media import Item
from mjgate.web.context import Context
from mjgate.web.ranges import Unsatisfiable, unchanged, wanted
from mjgate.web.respond import refusal, request_id
from mjgate.web.spots import Door, Spot, made_of

log = logging.getLogger(__name__)

PATIENCE: Final = 20.0
"""Seconds that a request waits for what is being copied or made."""

SOON: Final = 5
"""Seconds after which to ask again."""

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_FOR_NOW: Final = {"Cache-Control": "no-store"}
_FOR_EVER: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Accept-Ranges": "bytes",
}
_INDEX_DIGITS: Final = 4
_NONE: Final = "There is no such picture."
_GONE: Final = "The provider has no such picture any more."
_LATER: Final = "The picture cannot be had just now, try again in a moment."


class BadSignature(BadKey):
    """The signature does not belong to this address; take the address from the task again."""

    status = 403


class Purged(NotFound):
    """This was kept for as long as the operator keeps such results, and is gone."""

    status = 410


class BadRange(BadField):
    """No byte of the content is in the range that was asked for."""

    status = 416


@dataclass(frozen=True, slots=True)
class Asked:
    """What a signed address names."""

    task_id: int
    kind: Kind
    n: int
    size: Size
    progress: str


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
            return await _kept(context, asked, item, request)
        await context.gateway.store.write(media.reopen, item, context.gateway.clock.now())
        item = await _item(context, asked)
    if item is not None and item.purged:
        raise Purged
    async with _told_within(PATIENCE):
        return await _not_kept(context, asked, item, request)


def _signed(context: Context, kind: Kind, request: Request) -> Asked:
    """What the address names, if its signature is good. BadSignature, NotFound."""
    task_id, query = request.path_params["id"], request.query_params
    n, size, progress = _index(request), query.get("size", ""), query.get("v", "")
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


def _index(request: Request) -> int:
    """The number in the path, 0 without one. BadSignature for what no address of ours has."""
    text = request.path_params.get("n", "0")
    if len(text) > _INDEX_DIGITS or not (text.isascii() and text.isdigit()):
        raise BadSignature
    return int(text)


async def _item(context: Context, asked: Asked) -> Item | None:
    reader = context.gateway.store.reader
    return await media.find(reader, asked.task_id, asked.kind, asked.n, asked.size)


async def _kept(context: Context, asked: Asked, item: Item, request: Request) -> Response:
    """Our own copy, whole, in part, or the word that the client has it. FileNotFoundError."""
    etag = f'"{item.hash[:32]}"'
    headers = _HEADERS | (_FOR_NOW if asked.progress else _FOR_EVER | {"ETag": etag})
    if unchanged(request.headers, etag):
        return Response(None, 304, headers)
    headers |= _named(item.task_id, item.type)
    try:
        part = wanted(request.headers, etag, item.bytes)
    except Unsatisfiable:
        return _beyond(request, item.bytes)
    first, length = part or (0, item.bytes)
    if part:
        headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{item.bytes}"
    headers["Content-Length"] = str(length)
    status = 206 if part else 200
    if request.method == "HEAD":
        return StreamingResponse(_nothing(), status, headers, item.type)
    head, rest = await _read(context, item, first, length)
    if rest is None:
        return Response(head, status, headers, item.type)
    return StreamingResponse(_joined(head, rest), status, headers, item.type)


async def _read(
    context: Context, item: Item, first: int, length: int
) -> tuple[bytes, AsyncIterator[bytes] | None]:
    """So many bytes, or the first of them with those to come. FileNotFoundError."""
    known = context.recent.get(item.hash)
    if known is not None:
        return known[first : first + length], None
    rest = context.gateway.files.stream(item.hash, first, length)
    try:
        head = await anext(rest, b"")
        if len(head) < length:
            return head, rest
        await anext(rest, None)  # lets it close its file
    except FileNotFoundError:
        told = {"task": item.task_id, "hash": item.hash}
        log.error("a content has vanished", extra=told)  # noqa: TRY400  where it was read is known
        raise
    except OSError as error:
        raise Overloaded(_LATER, retry_after=SOON) from error
    if length == item.bytes:
        context.recent.keep(item.hash, head)
    return head, None


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
        return await _passed_on(task, fetch(gateway, item), request)
    await make(gateway, item or _small(task, asked)).finished()
    item = await _item(context, asked)
    if item is None or not item.kept:
        raise NotFound(_NONE)
    return await _kept(context, asked, item, request)


def _source(task: Task, asked: Asked) -> str | None:
    """Where the channel has it, empty for what is made here; None if the task has no such thing."""
    found = (each.source for each in pieces(task) if (each.kind, each.n) == (asked.kind, asked.n))
    return next(found, None)


def _small(task: Task, asked: Asked) -> Item:
    """The row that a small version will have."""
    return Item(task.id, asked.kind, asked.n, asked.size, "due", "", task.channel_id, 0, "", 0, "")


async def _passed_on(task: Task, copy: Copy, request: Request) -> Response:
    """The copy as it comes."""
    await copy.known()
    headers = _HEADERS | _FOR_NOW | _named(task.id, copy.type)
    if copy.length is not None:
        headers["Content-Length"] = str(copy.length)
    content = _nothing() if request.method == "HEAD" else copy.content()
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
        raise Overloaded(_LATER, retry_after=SOON) from error
    except BadPicture as error:
        raise NotFound(error.description) from error


def _beyond(request: Request, size: int) -> Response:
    answer = refusal(BadRange(), request_id(request))
    answer.headers["Content-Range"] = f"bytes */{size}"
    return answer


def _named(task_id: int, media_type: str) -> dict[str, str]:
    name = f"{task_id}.{media_type.partition('/')[2]}"
    return {"Content-Disposition": f'inline; filename="{name}"'}


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for piece in rest:
        yield piece


async def _nothing() -> AsyncIterator[bytes]:
    """For HEAD: the length stands in the headers."""
    for chunk in ():
        yield chunk


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
