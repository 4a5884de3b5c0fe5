"""
GET /mj/reference/…: a reference image, for the channel that was given its address.

The signature is checked before anything is looked up. It is good for a day at most, and no longer
than the task needs the image.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.domain.errors import BadKey, NotFound
from mjgate.domain.image import sniff
from mjgate.store import blobs, tasks
from mjgate.web.context import Context
from mjgate.web.spots import Door, Spot, made_of

_HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}


class _Over(BadKey):
    """The address is not one of ours, or its time is over."""

    status = 403


def routes(context: Context) -> list[Route]:
    """One route; the address itself is the key."""
    return made_of(context, SPOTS)


async def _reference(context: Context, request: Request) -> Response:
    gateway = context.gateway
    task_id, content_hash = request.path_params["id"], request.path_params["hash"]
    until = request.query_params.get("until", "")
    signature = request.query_params.get("sig", "")
    good = gateway.links.opens_reference(task_id, content_hash, until, signature)
    if not good or int(until) <= gateway.clock.now():
        raise _Over
    number = tasks.parse_id(task_id)
    if number is None or not await blobs.is_input(gateway.store.reader, number, content_hash):
        raise NotFound("There is no such picture.")
    try:
        data = await gateway.files.read(content_hash)
    except FileNotFoundError:
        raise NotFound("The picture is not kept any more.") from None
    return Response(data, 200, _HEADERS, sniff(data) or "application/octet-stream")


SPOTS: Final = (
    Spot(
        path="/mj/reference/{id}/{hash}",
        does=_reference,
        door=Door.SIGNED,
        summary="For channels: a reference image, for a day at most.",
        query=("until", "sig"),
        gives="image/*",
    ),
)
"""What channels may read."""
