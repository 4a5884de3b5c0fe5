"""What is kept, as it is served: the same bytes for ever, whole, in part, or on condition."""

import logging
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mjgate.domain.errors import BadField, GatewayError, Overloaded
from mjgate.store.media import Item
from mjgate.web.context import Context
from mjgate.web.ranges import Unsatisfiable, unchanged, wanted
from mjgate.web.respond import BrokenOff, refusal, request_id

log = logging.getLogger(__name__)

SOON: Final = 5
"""Seconds after which to ask again."""

LATER: Final = "The picture cannot be had just now, try again in a moment."
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
FOR_NOW: Final = {"Cache-Control": "no-store"}
_FOR_EVER: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Accept-Ranges": "bytes",
}


class BadRange(BadField):
    """No byte of the content is in the range that was asked for."""

    status = 416


async def kept(context: Context, item: Item, request: Request, *, final: bool = True) -> Response:
    """Our own copy, whole, in part, or the word that the client has it. FileNotFoundError."""
    etag = f'"{item.hash[:32]}"'
    headers = HEADERS | (_FOR_EVER | {"ETag": etag} if final else FOR_NOW)
    if unchanged(request.headers, etag):
        return Response(None, 304, headers)
    headers |= named(item.task_id, item.type)
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
        return StreamingResponse(nothing(), status, headers, item.type)
    head, rest = await _read(context, item, first, length)
    if rest is None:
        return Response(head, status, headers, item.type)
    content = whole(item.task_id, _joined(head, rest))
    return StreamingResponse(content, status, headers, item.type)


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
        raise Overloaded(LATER, retry_after=SOON) from error
    if length == item.bytes:
        context.recent.keep(item.hash, head)
    return head, None


def _beyond(request: Request, size: int) -> Response:
    answer = refusal(BadRange(), request_id(request))
    answer.headers["Content-Range"] = f"bytes */{size}"
    return answer


def named(task_id: int, media_type: str) -> dict[str, str]:
    name = f"{task_id}.{media_type.partition('/')[2]}"
    return {"Content-Disposition": f'inline; filename="{name}"'}


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for piece in rest:
        yield piece


async def whole(task_id: int, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """All of it, or BrokenOff: the client sees that the end is missing."""
    try:
        async for piece in content:
            yield piece
    except (GatewayError, OSError) as error:
        raise BrokenOff({"task": task_id, "why": str(error)}) from error


async def nothing() -> AsyncIterator[bytes]:
    """For HEAD: the length stands in the headers."""
    for chunk in ():
        yield chunk


_QUERY: Final = ("sig", "size", "v", "until")
