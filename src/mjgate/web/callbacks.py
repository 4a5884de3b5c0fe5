"""POST /mj/notify/…: an upstream's hint that something changed. Only the hint is taken."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.dialects.mjproxy import SubmitAnswer
from mjgate.domain.errors import Refused
from mjgate.lifecycle.notice import noticed
from mjgate.web.bodies import SMALL, decode, read
from mjgate.web.context import Context
from mjgate.web.front import not_found
from mjgate.web.respond import answer
from mjgate.web.spots import Door, Spot, made_of

ID_MOST: Final = 255


def routes(context: Context) -> list[Route]:
    """One address for each attempt, known to the upstream that it was given to."""
    return made_of(context, SPOTS)


async def _notice(context: Context, request: Request) -> Response:
    """Look at the task now. Of the body only the job's id is taken, and that as a hint."""
    gateway = context.gateway
    task, _, attempt = request.path_params["task"].partition("-")
    channel, secret = request.path_params["channel"], request.path_params["secret"]
    if not gateway.links.is_notice(channel, task, attempt, secret):
        raise not_found(request.scope["path"])
    named = await _named(context, request)
    await noticed(gateway, int(task), int(attempt), named)
    return answer(SubmitAnswer(1, "ok"))


async def _named(context: Context, request: Request) -> str:
    """The id that the notice names; nothing if it cannot be read."""
    try:
        with context.room.share() as share:
            value = decode(await read(request, SMALL, share)).get("id")
    except Refused:
        return ""
    text = str(value) if isinstance(value, str | int) else ""
    return text if len(text) <= ID_MOST else ""


SPOTS: Final = (
    Spot(
        path="/mj/notify/{channel}/{task}/{secret}",
        does=_notice,
        method="POST",
        door=Door.SIGNED,
        summary="For channels: something has changed. The body is only a hint.",
        gives=SubmitAnswer,
    ),
)
"""What upstreams may tell."""
