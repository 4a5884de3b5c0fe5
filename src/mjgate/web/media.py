"""
GET /mj/image/… and /mj/video/…: a signed address is all one needs.

The signature is checked before anything is looked up. Bytes come from the channel's own address,
through the guard, and only as pictures or clips.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import BaseConnector
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mjgate.domain.address import Origin
from mjgate.domain.errors import BadAddress, BadKey, NotFound, Overloaded
from mjgate.domain.image import sniff
from mjgate.domain.task import Task
from mjgate.lifecycle.proxied import via
from mjgate.public_http import Answer, Limits, PublicHTTP
from mjgate.public_http.errors import FetchError
from mjgate.store import channels, tasks
from mjgate.web.context import Context

LIMITS: Final = Limits(total=120, max_bytes=512 * 1024 * 1024, redirects=3)

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}
_MP4_MARK: Final = b"ftyp"
_HEAD: Final = 12
"""Bytes that show what a file is."""
_INDEX_DIGITS: Final = 4
_OK: Final = 200
_NONE: Final = "There is no such picture."
_GONE: Final = "The provider has no such picture any more."


class BadSignature(BadKey):
    """The signature does not belong to this address; take the address from the task again."""

    status = 403


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture is, the one private origin that may be asked for it, and the way there."""

    url: str
    exempt: Origin | None
    via: Callable[[], BaseConnector] | None = None


@dataclass(frozen=True, slots=True)
class Passing:
    """A picture under way: its type by its first bytes, its length if announced, and the rest."""

    type: str
    length: str | None
    head: bytes
    rest: AsyncIterator[bytes]
    stack: AsyncExitStack

    async def content(self) -> AsyncIterator[bytes]:
        """Every byte of it; the source is closed at the end."""
        async with self.stack:
            yield self.head
            async for chunk in self.rest:
                yield chunk


def routes(context: Context) -> list[Route]:
    """Pictures by number, clips by number."""
    image = partial(_image, context)
    return [
        Route("/mj/image/{id}", image),
        Route("/mj/image/{id}/{n}", image),
        Route("/mj/video/{id}/{n}.mp4", partial(_video, context)),
    ]


async def _image(context: Context, request: Request) -> Response:
    n = _index(request)
    task = await _signed(context, request, "image", n)
    result = task.result
    if n:
        url = result.image_urls[n - 1] if n <= len(result.image_urls) else ""
    else:
        url = result.image_url
    return await _passed_on(context, request, task, url)


async def _video(context: Context, request: Request) -> Response:
    n = _index(request)
    task = await _signed(context, request, "video", n)
    urls = task.result.video_urls
    return await _passed_on(context, request, task, urls[n] if n < len(urls) else "")


async def _signed(context: Context, request: Request, kind: str, n: int) -> Task:
    """The task behind a good signature: 403 for a bad one, 404 only behind a good one."""
    gateway = context.gateway
    task_id = request.path_params["id"]
    version = request.query_params.get("v", "")
    if not gateway.links.opens(kind, task_id, n, version, request.query_params.get("sig", "")):
        raise BadSignature
    number = tasks.parse_id(task_id)
    task = None if number is None else await tasks.by_id(gateway.store.reader, number)
    if task is None:
        raise NotFound(_NONE)
    return task


def _index(request: Request) -> int:
    """The number in the path, 0 without one. BadSignature for what no address of ours has."""
    text = request.path_params.get("n", "0")
    if len(text) > _INDEX_DIGITS or not (text.isascii() and text.isdigit()):
        raise BadSignature
    return int(text)


async def _passed_on(context: Context, request: Request, task: Task, url: str) -> Response:
    """Stream from the channel what shows itself as a picture or a clip."""
    if not url:
        raise NotFound(_NONE)
    try:
        passing = await _open(context.gateway.public, await _source(context, task, url))
    except FetchError as error:
        msg = "The picture cannot be had from the provider just now, try again in a moment."
        raise Overloaded(msg, retry_after=5) from error
    except BadAddress as error:
        raise NotFound(_GONE) from error
    name = f"{task.id}.{passing.type.partition('/')[2]}"
    headers = _HEADERS | {"Content-Disposition": f'inline; filename="{name}"'}
    if passing.length is not None:
        headers["Content-Length"] = passing.length
    if request.method != "HEAD":
        return StreamingResponse(passing.content(), 200, headers, passing.type)
    await passing.stack.aclose()
    return StreamingResponse(_nothing(), 200, headers, passing.type)


async def _open(public: PublicHTTP, source: Source) -> Passing:
    """Ask for it; it is open afterwards. NotFound, FetchError, BadAddress."""
    stack = AsyncExitStack()
    try:
        answer = await stack.enter_async_context(
            public.open("GET", source.url, exempt=source.exempt, limits=LIMITS, via=source.via)
        )
        return await _inspected(answer, stack)
    except BaseException:
        await stack.aclose()
        raise


async def _inspected(answer: Answer, stack: AsyncExitStack) -> Passing:
    """Read as much as shows what it is. NotFound for anything but a picture or a clip."""
    rest = answer.chunks()
    head = b""
    while len(head) < _HEAD and (chunk := await anext(rest, b"")):
        head += chunk
    media_type = sniff(head) or ("video/mp4" if head[4:8] == _MP4_MARK else None)
    if answer.status != _OK or media_type is None:
        raise NotFound(_GONE)
    counted = "Transfer-Encoding" not in answer.headers
    length = answer.headers.get("Content-Length") if counted else None
    return Passing(media_type, length, head, rest, stack)


async def _nothing() -> AsyncIterator[bytes]:
    """For HEAD: the length stands in the headers."""
    for chunk in ():
        yield chunk


async def _source(context: Context, task: Task, url: str) -> Source:
    channel = await channels.get(context.gateway.store.reader, task.channel_id or 0)
    exempt = None if channel is None else Origin.of(channel.base_url)
    return Source(url, exempt, via(context.gateway, channel))
