"""From rows to routes: who asks, what he sent, and the one envelope around every answer."""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, cast

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.domain.account import Visitor
from mjgate.domain.errors import BadField, BadJson, Refused
from mjgate.manage import Forbidden, NotDone, TooMany
from mjgate.web.api.rows import NUMBER_MOST, Call, Row, Who
from mjgate.web.bodies import SMALL, read
from mjgate.web.context import Context
from mjgate.web.respond import done, request_id, trouble
from mjgate.web.visitors import check_page, visitor_of

_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Line breaks and tabs may stand in a text; whoever wants none of them says so himself."""
_BODIES: Final = frozenset({"POST", "PUT"})


def made_of(context: Context, rows: Iterable[Row]) -> list[Route]:
    """A route for each path, without the last slash, which the front door takes away."""
    ordered = sorted(rows, key=lambda row: row.path.count("{"))  # what is spelt out comes first
    by_path: dict[str, dict[str, Row]] = {}
    for row in ordered:
        by_path.setdefault(row.path.rstrip("/"), {})[row.method] = row
    return [
        Route(path, partial(_serve, context, methods), methods=list(methods))
        for path, methods in by_path.items()
    ]


async def _serve(context: Context, methods: Mapping[str, Row], request: Request) -> Response:
    """One request, from who asks to the answer."""
    row = methods["GET" if request.method == "HEAD" else request.method]
    visitor = await _let_in(context, row, request)
    if visitor is not None:
        await context.rates.take(context.gateway, row.path, f"user {visitor.user_id}")
    body: object = None
    if request.method in _BODIES:
        with context.room.share() as share:
            body = decoded(await read(request, SMALL, share), row.takes)
    found = await row.does(Call(context, request, visitor), body)
    return found if isinstance(found, Response) else done(found)


async def _let_in(context: Context, row: Row, request: Request) -> Visitor | None:
    """Who asks, if he may. Refused, Forbidden."""
    if row.who is Who.ANYONE:
        if request.method in _BODIES and "origin" in request.headers:
            check_page(context, request)
        return await _perhaps(context, request)
    visitor = await visitor_of(context, request)
    if visitor.must_change and visitor.session and not row.early:
        raise Forbidden(
            "This one-time password must be changed first: POST /api/user/self/password."
        )
    if row.who is Who.ADMIN and not visitor.admin:
        raise Forbidden("Only an admin may do this.")
    return visitor


async def _perhaps(context: Context, request: Request) -> Visitor | None:
    """Who asks where anyone may: nobody, unless he shows who he is."""
    if request.method in _BODIES:
        return None
    try:
        return await visitor_of(context, request)
    except Refused:
        return None


def decoded(body: bytes, kind: type[Struct]) -> Struct:
    """The body as its row takes it. BadField names what is wrong; BadJson."""
    text = body.strip()
    try:
        found = msgspec.json.decode(b"{}" if text in {b"", b"null"} else text, type=kind)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"The body is not JSON: {str(error)[:200]}."
        raise BadJson(msg) from error
    for name in found.__struct_fields__:
        wrong = _unkeepable(getattr(found, name))
        if wrong:
            raise BadField(f"{name}: {wrong}.", field=name)
    return found


def _unkeepable(value: object) -> str:
    """Why a database could not keep it; empty if it can."""
    match value:
        case int():
            return "" if abs(value) <= NUMBER_MOST else "no number may be so large"
        case str():
            return "a text must not hold control characters" if _CONTROL.search(value) else ""
        case dict():
            pairs = cast("dict[object, object]", value).items()
            return next(
                (text for pair in pairs for each in pair if (text := _unkeepable(each))), ""
            )
        case list():
            items = cast("list[object]", value)
            return next((text for each in items if (text := _unkeepable(each))), "")
        case _:
            return ""


def _wrong(text: str) -> BadField:
    """The field that msgspec names, and its words without the path."""
    path = _AT.search(text)
    field = path["path"] if path else ""
    named = re.search(r"(?:unknown|required) field `([^`]*)`", text)
    if named:
        field = f"{field}.{named[1]}" if field else named[1]
    said = _AT.sub("", text)
    return BadField(f"{field or 'The body'}: {said}."[:500], field=field or None)


async def on_not_done(request: Request, error: Exception) -> Response:
    """Starlette's way from what was not done to its answer."""
    if not isinstance(error, NotDone):
        raise error
    field = getattr(error, "field", None)
    response = trouble(error.status, str(error), request_id(request), field=field)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
