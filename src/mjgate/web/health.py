"""GET /health/live and /health/ready, for whoever decides whether this process gets requests."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.web.context import Context
from mjgate.web.respond import answer


def routes(context: Context) -> list[Route]:
    """Two questions, no key."""
    return [
        Route("/health/live", _live),
        Route("/health/ready", partial(_ready, context)),
    ]


async def _live(request: Request) -> Response:
    """The process runs."""
    del request
    return answer({"status": "ok"})


async def _ready(context: Context, request: Request) -> Response:
    """The database answers too; on a low disk submits are refused, and all else goes on."""
    del request
    await context.gateway.store.reader.row("SELECT 1 AS one")
    return answer({"status": "ok", "disk": "low" if context.gateway.disk.low else "ok"})
