"""GET /health/live and /health/ready, for whoever decides whether this process gets requests."""

from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.web.context import Context
from mjgate.web.respond import answer
from mjgate.web.spots import Door, Spot, made_of


def routes(context: Context) -> list[Route]:
    """Two questions, no key."""
    return made_of(context, SPOTS)


class Health(Struct, frozen=True, omit_defaults=True):
    """`status` is ok; `disk` is low while submits are refused for want of room."""

    status: str
    disk: str = ""


async def _live(context: Context, request: Request) -> Response:
    """The process runs."""
    del context, request
    return answer(Health("ok"))


async def _ready(context: Context, request: Request) -> Response:
    """The database answers too; on a low disk submits are refused, and all else goes on."""
    del request
    await context.gateway.store.reader.row("SELECT 1 AS one")
    return answer(Health("ok", "low" if context.gateway.disk.low else "ok"))


SPOTS: Final = (
    Spot(
        path="/health/live",
        does=_live,
        door=Door.OPEN,
        summary="Whether the process runs.",
        gives=Health,
    ),
    Spot(
        path="/health/ready",
        does=_ready,
        door=Door.OPEN,
        summary="Whether the database answers too.",
        gives=Health,
    ),
)
"""What needs no key."""
