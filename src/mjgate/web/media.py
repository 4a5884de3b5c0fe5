"""
GET /mj/image/… and /mj/video/…: a signed address is all one needs.

The signature is checked before anything is looked up. Bytes come from the channel's own address,
through the guard, and only as pictures or clips.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mjgate.domain.address import Origin
from mjgate.domain.errors import BadKey, NotFound, Overloaded
from mjgate.domain.image import sniff
from mjgate.domain.task import Task
from mjgate.public_http import Limits, PublicHTTP
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


class BadSignature(BadKey):
    """The signature does not belong to this address; take the address from the task again."""

    status = 403


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture is, and the one private origin that may be asked for it."""

    url: str
    exempt: Origin | None


def routes(context: Context) -> list[Route]:
    """Pictures by number, clips by number."""
    image = partial(_image, context)
    return [
        Route("/mj/image/{id}", image),
        Route("/mj/image/{id}/{n:int}", image),
        Route("/mj/video/{id}/{n:int}.mp4", partial(_video, context)),
    ]


async def _image(context: Context, request: Request) -> Response:
    n = int(request.path_params.get("n", 0))
    task = await _signed(context, request, "image", n)
    result = task.result
    if n:
        url = result.image_urls[n - 1] if n <= len(result.image_urls) else ""
    else:
        url = result.image_url
    return await _passed_on(context, request, task, url)


async def _video(context: Context, request: Request) -> Response:
    n = int(request.path_params["n"])
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
        msg = "There is no such picture."
        raise NotFound(msg)
    return task


async def _passed_on(context: Context, request: Request, task: Task, url: str) -> Response:
    """Stream from the channel what shows itself as a picture or a clip."""
    if not url:
        msg = "There is no such picture."
        raise NotFound(msg)
    source = await _source(context, task, url)
    stack = AsyncExitStack()
    try:
        opened = await _open(stack, context.gateway.public, source)
    except FetchError as error:
        await stack.aclose()
        msg = "The picture cannot be had from the provider just now, try again in a moment."
        raise Overloaded(msg, retry_after=5) from error
    media_type, first, rest = opened
    name = f"{task.id}.{media_type.partition('/')[2]}"
    headers = _HEADERS | {"Content-Disposition": f'inline; filename="{name}"'}
    if request.method == "HEAD":
        await stack.aclose()
        return Response(b"", 200, headers, media_type)
    return StreamingResponse(_all(stack, first, rest), 200, headers, media_type)


async def _open(
    stack: AsyncExitStack, public: PublicHTTP, source: Source
) -> tuple[str, bytes, AsyncIterator[bytes]]:
    answer = await stack.enter_async_context(
        public.open("GET", source.url, exempt=source.exempt, limits=LIMITS)
    )
    chunks = answer.chunks()
    first = await anext(chunks, b"")
    media_type = sniff(first) or ("video/mp4" if first[4:8] == _MP4_MARK else None)
    if answer.status != 200 or media_type is None:  # noqa: PLR2004  anything else has no picture
        await stack.aclose()
        msg = "The provider has no such picture any more."
        raise NotFound(msg)
    return media_type, first, chunks


async def _all(
    stack: AsyncExitStack, first: bytes, rest: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    async with stack:
        yield first
        async for chunk in rest:
            yield chunk


async def _source(context: Context, task: Task, url: str) -> Source:
    channel = await channels.get(context.gateway.store.reader, task.channel_id or 0)
    return Source(url, None if channel is None else Origin.of(channel.base_url))
