"""The routes of every module, behind the front door."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.domain.errors import MethodNotAllowed, Refused
from mjgate.lifecycle import Gateway
from mjgate.manage import NotDone
from mjgate.web import (
    api,
    callbacks,
    health,
    jobs,
    lists,
    media,
    metrics,
    openapi,
    references,
    streams,
    submit,
    tasks,
)
from mjgate.web.api.serve import on_not_done
from mjgate.web.auth import Doors
from mjgate.web.bodies import Room
from mjgate.web.context import Context, WebSettings
from mjgate.web.front import Front, not_found
from mjgate.web.quick import Quick
from mjgate.web.respond import on_refused, on_unexpected, refusal, request_id
from mjgate.web.watching import Watching

_METHOD_NOT_ALLOWED = 405


def create_app(gateway: Gateway, settings: WebSettings) -> Front:
    """The application that a server runs."""
    context = Context(
        gateway,
        Doors(gateway),
        Room(settings.bodies_at_once, settings.bodies_patience),
        settings,
        Watching(gateway),
        started=gateway.clock.now(),
    )
    inner = Starlette(
        routes=routes(context),
        exception_handlers={
            Refused: on_refused,
            NotDone: on_not_done,
            HTTPException: _on_http,
            Exception: on_unexpected,
        },
    )
    inner.router.redirect_slashes = False
    return Front(media.Shelf(context, Quick(context, inner)), settings)


def routes(context: Context) -> list[Route]:
    """Every route that is served."""
    modules = (
        *(submit, tasks, lists, jobs, media, references, streams, callbacks, health, openapi),
        *(metrics, api),
    )
    return [route for module in modules for route in module.routes(context)]


async def _on_http(request: Request, error: Exception) -> Response:
    """What the router refuses, in our words."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code != _METHOD_NOT_ALLOWED:
        path = request.scope["path"]
        return refusal(not_found(path), request_id(request), path=path)
    response = refusal(MethodNotAllowed(), request_id(request), path=request.scope["path"])
    response.headers.update(error.headers or {})
    return response
