"""POST /mj/notify/…: an upstream's hint that something changed. Only the hint is taken."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.dialects.mjproxy import SubmitAnswer
from mjgate.store import follow
from mjgate.web.context import Context
from mjgate.web.front import not_found
from mjgate.web.respond import answer


def routes(context: Context) -> list[Route]:
    """One address for each attempt, known to the upstream that it was given to."""
    notice = partial(_notice, context)
    return [Route("/mj/notify/{channel}/{task}/{secret}", notice, methods=["POST"])]


async def _notice(context: Context, request: Request) -> Response:
    """Look at the task now. The body is never read: the upstream is asked instead."""
    gateway = context.gateway
    task, _, attempt = request.path_params["task"].partition("-")
    channel, secret = request.path_params["channel"], request.path_params["secret"]
    if not gateway.links.is_notice(channel, task, attempt, secret):
        raise not_found(request.scope["path"])
    await gateway.store.write(follow.hasten, int(task), gateway.clock.now())
    return answer(SubmitAnswer(1, "ok"))
