"""The sandbox as an application: which address leads where."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Final

import aiohttp
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router

from mjgate.domain.action import RULES
from mjgate.domain.clock import SystemClock
from mjgate.domain.task import Status
from mjgate.sandbox import answers
from mjgate.sandbox.jobs import Job
from mjgate.sandbox.notices import Notices
from mjgate.sandbox.pictures import Pictures
from mjgate.sandbox.prepare import Preparation
from mjgate.sandbox.queries import Queries
from mjgate.sandbox.settings import SandboxSettings
from mjgate.sandbox.studio import Studio
from mjgate.sandbox.submit import Desk
from mjgate.sandbox.wire import PREFIXES, Wire

_ANY_ORIGIN: Final = Middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_methods=["GET", "POST"],
    allow_headers=["*"],
    max_age=86_400,
)
"""Clients in browsers are tested against the sandbox too."""


def create_app(settings: SandboxSettings) -> Starlette:
    """The whole sandbox; its life begins and ends with the application's lifespan."""
    clock = SystemClock()
    notices = Notices(clock)
    pictures = Pictures(plain=settings.pictures == "plain")

    def changed(job: Job) -> None:
        notices.tell(job)
        if job.status is Status.IN_PROGRESS:
            pictures.warm(job)

    studio = Studio(settings, changed, clock)
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
                await pictures.close()

    protocol = _protocol(wire, queries)
    routes: list[BaseRoute] = [
        *(_below(prefix, protocol) for prefix in PREFIXES),
        _below("/api/mj", _job_dialect(wire, queries)),
        *_own(queries),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[_ANY_ORIGIN],
        exception_handlers={HTTPException: _nothing_here, Exception: _broken},
    )


def _below(prefix: str, routes: list[BaseRoute]) -> Mount:
    return Mount(prefix, app=Router(routes, redirect_slashes=False))


def _protocol(wire: Wire, queries: Queries) -> list[BaseRoute]:
    """The routes below each prefix, the busy ones first."""
    guard = wire.guarded
    submits = [
        Route(f"/{path}", wire.submit(rule), methods=["POST"])
        for rule in RULES.values()
        for path in (rule.path, *rule.aliases)
    ]
    looks = [
        Route("/task/list-by-condition", guard(queries.listed), methods=["POST"]),
        Route("/task/list-by-ids", guard(queries.listed), methods=["POST"]),
        Route("/task/{id}/fetch", guard(queries.fetch)),
        Route("/task/{id}/image-seed", guard(queries.seed)),
        Route("/task/{id}/cancel", guard(queries.cancel), methods=["POST"]),
        Route("/task/list", guard(queries.latest)),
        Route("/task/queue", guard(queries.queue)),
        Route("/queue", guard(queries.queue)),
        Route("/task/query", guard(queries.search), methods=["POST"]),
        Route("/account/list", guard(queries.accounts)),
    ]
    return [*submits[:1], *looks[:3], *submits[1:], *looks[3:]]


def _job_dialect(wire: Wire, queries: Queries) -> list[BaseRoute]:
    """The same jobs for clients of the second family of documents."""
    write = answers.job_submitted
    submits = [
        Route(f"/task/{path}", wire.submit(rule, write), methods=["POST"])
        for rule in RULES.values()
        for path in (rule.path, *rule.aliases)
    ]
    return [*submits, Route("/task/{id}/fetch", wire.guarded(queries.job, answers.job_error))]


def _own(queries: Queries) -> list[BaseRoute]:
    """What only the sandbox has; open without a key."""
    return [
        Route("/sandbox/stats", queries.stats),
        Route("/health/live", queries.health),
        Route("/health/ready", queries.health),
        Route("/sandbox/images/{id}/{name}", queries.image),
    ]


async def _broken(_: Request, problem: Exception) -> Response:
    return answers.error(500, f"the sandbox itself failed: {problem!r}", "internal")


async def _nothing_here(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    reason = {404: "not_found", 405: "method_not_allowed"}.get(status, "internal")
    path = request.url.path
    words = f"nothing is served at {request.method} {path}"
    if path.startswith(("/submit/", "/task/", "/insight-face/")):
        words += f"; did you mean /mj{path}?"
    return answers.error(status, words, reason)
