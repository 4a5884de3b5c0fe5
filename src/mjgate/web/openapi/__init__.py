"""GET /openapi.json and /docs: everything that is served, for programs and for people."""

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.dialects.mjproxy import encode
from mjgate.web.context import Context
from mjgate.web.front import not_found
from mjgate.web.openapi import document as form
from mjgate.web.openapi import page
from mjgate.web.openapi.entries import JSON
from mjgate.web.openapi.schemas import Schema
from mjgate.web.openapi.words import Language
from mjgate.web.ranges import unchanged
from mjgate.web.spots import Door, Spot, made_of

HTML: Final = "text/html"
CSS: Final = "text/css"

_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
}
_LANGUAGE: Final = "lang"


def routes(context: Context) -> list[Route]:
    """The document, its viewer, and what that looks like."""
    return made_of(context, SPOTS)


def document(language: Language, address: str) -> Schema:
    """Everything that is served, as OpenAPI 3.1 has it."""
    return form.document(SPOTS, language, address)


def written(language: Language, address: str) -> bytes:
    """The same as JSON."""
    return encode(document(language, address))


async def _json(context: Context, request: Request) -> Response:
    language = Language.ZH if request.query_params.get(_LANGUAGE) == Language.ZH else Language.EN
    make = partial(written, language, context.gateway.links.public_url)
    return await _kept(context, request, f"openapi.{language}", make, JSON)


async def _page(context: Context, request: Request) -> Response:
    language = page.wanted(
        request.query_params.get(_LANGUAGE, ""), request.headers.get("accept-language", "")
    )
    address = context.gateway.links.public_url
    beside = "../" if request.scope.get("raw_path", b"").endswith(b"/") else ""

    def make() -> bytes:
        return page.written(document(language, address), language, beside).encode()

    return await _kept(context, request, f"{beside}docs.{language}", make, HTML)


async def _style(context: Context, request: Request) -> Response:
    make = files("mjgate").joinpath("assets", "docs", "style.css").read_bytes
    return await _kept(context, request, "style", make, CSS)


async def _kept(
    context: Context, request: Request, name: str, make: Callable[[], bytes], kind: str
) -> Response:
    """What is made once and then kept. NotFound where documents are switched off."""
    if not context.settings.documents:
        raise not_found(request.scope["path"])
    body = context.papers.get(name)
    if body is None:
        body = context.papers[name] = await asyncio.to_thread(make)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = _HEADERS | {"ETag": etag}
    if unchanged(request.headers, etag):
        return Response(None, 304, headers)
    return Response(body, 200, headers | {"Content-Type": f"{kind}; charset=utf-8"})


SPOTS: Final = (
    Spot(
        path="/openapi.json",
        does=_json,
        door=Door.OPEN,
        summary="This document.",
        query=(_LANGUAGE,),
        gives=dict[str, object],
    ),
    Spot(
        path="/docs",
        does=_page,
        door=Door.OPEN,
        summary="The same, to be read.",
        query=(_LANGUAGE,),
        gives=HTML,
    ),
    Spot(
        path="/docs/style.css",
        does=_style,
        door=Door.OPEN,
        summary="What that page looks like.",
        gives=CSS,
    ),
)
"""The documents' own addresses."""
