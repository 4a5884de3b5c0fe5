"""The sandbox as an application: which address leads where."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Final

import aiohttp
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from mjgate.domain.action import RULES, Mode
from mjgate.domain.clock import SystemClock
from mjgate.sandbox import answers
from mjgate.sandbox.jobs import Studio
from mjgate.sandbox.notices import Notices
from mjgate.sandbox.pictures import Pictures
from mjgate.sandbox.prepare import Preparation
from mjgate.sandbox.queries import Queries
from mjgate.sandbox.settings import SandboxSettings
from mjgate.sandbox.submit import Desk
from mjgate.sandbox.wire import Wire

PREFIXES: Final[dict[str, Mode | None]] = {
    "/mj/mj": None,
    "/mj": None,
    **{f"/mj-{mode.lower()}/mj": mode for mode in Mode},
    **{f"/{mode.lower()}/mj": mode for mode in Mode},
}
"""Where the task protocol is served, and the mode that a prefix asks for."""


def create_app(settings: SandboxSettings) -> Starlette:
    """The whole sandbox; its life begins and ends with the application's lifespan."""
    clock = SystemClock()
    notices = Notices(clock)
    studio = Studio(settings, notices.tell, clock)
    pictures = Pictures(plain=settings.pictures == "plain")
    preparation = Preparation(pictures)
    wire = Wire(settings, Desk(studio, preparation))
    queries = Queries(studio, pictures)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None, None]:
        async with aiohttp.ClientSession() as client:
            preparation.client = client
            notices.open(client)
            try:
                yield
            finally:
                studio.close()
                await notices.close()

    routes = [Mount(prefix, routes=_protocol(wire, queries, prefix)) for prefix in PREFIXES]
    routes.append(Mount("/sandbox", routes=_own(queries)))
    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _nothing_here}
    )


def _protocol(wire: Wire, queries: Queries, prefix: str) -> list[BaseRoute]:
    """The routes below one prefix, the busy ones first."""
    mode = PREFIXES[prefix]
    guard = wire.guarded
    submits = [
        Route(f"/{path}", wire.submit(rule, mode), methods=["POST"])
        for rule in RULES.values()
        for path in (rule.path, *rule.aliases)
    ]
    looks = [
        Route("/task/list-by-condition", guard(queries.listed), methods=["POST"]),
        Route("/task/list-by-ids", guard(queries.listed), methods=["POST"]),
        Route("/task/{id}/fetch", guard(queries.fetch)),
        Route("/task/{id}/image-seed", guard(queries.seed)),
        Route("/task/{id}/cancel", guard(queries.cancel), methods=["POST"]),
    ]
    return [*submits[:1], *looks[:3], *submits[1:], *looks[3:]]


def _own(queries: Queries) -> list[BaseRoute]:
    """What only the sandbox has; open without a key."""
    return [
        Route("/stats", queries.stats),
        Route("/images/{id}/{name}", queries.image),
    ]


async def _nothing_here(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    reason = {404: "not_found", 405: "method_not_allowed"}.get(status, "internal")
    words = f"nothing is served at {request.method} {request.url.path}"
    return answers.error(status, words, reason)
