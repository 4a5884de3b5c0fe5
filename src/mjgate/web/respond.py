"""Answers: the one shape of errors, and JSON as the dialect writes it."""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mjgate.dialects.mjproxy import encode
from mjgate.domain.errors import Internal, Overloaded, Refused
from mjgate.store.database import CommitUnknown, DatabaseAway

JSON: Final = "application/json; charset=utf-8"
NO_STORE: Final = {"Cache-Control": "no-store"}


class ErrorBody(msgspec.Struct, frozen=True):
    """What every refusal looks like, whatever a client shows of it."""

    code: int
    description: str
    result: None
    properties: dict[str, object]
    message: str
    error: str
    requestId: str  # noqa: N815  the wire's own name


def answer(view: object, status: int = 200) -> Response:
    """JSON that no cache may keep."""
    return Response(encode(view), status, NO_STORE, JSON)


def raw(body: bytes, status: int = 200) -> Response:
    """JSON that is encoded already."""
    return Response(body, status, NO_STORE, JSON)


def refusal(error: Refused, request_id: str) -> Response:
    """The refusal in the protocol's words: code, sentence, stable reason."""
    properties: dict[str, object] = {**error.properties, "reason": error.reason}
    if error.field:
        properties["field"] = error.field
    body = ErrorBody(
        code=error.code,
        description=error.description,
        result=None,
        properties=properties,
        message=error.description,
        error=error.reason,
        requestId=request_id,
    )
    response = answer(body, error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def request_id(request: Request) -> str:
    """The id that the answer's header carries too."""
    found: str = request.state.request_id
    return found


async def on_refused(request: Request, error: Exception) -> Response:
    """Starlette's way to a refusal."""
    if not isinstance(error, Refused):
        raise error
    return refusal(error, request_id(request))


async def on_unexpected(request: Request, error: Exception) -> Response:
    """Starlette's way to an answer when nobody caught the error; it is logged at the front."""
    return refusal(unexpected(error), request_id(request))


def unexpected(error: Exception) -> Refused:
    """What a client hears of an error that is ours."""
    if isinstance(error, DatabaseAway):
        msg = "The database cannot be reached; nothing was changed, try again in a moment."
        return Overloaded(msg, retry_after=5)
    if isinstance(error, CommitUnknown):
        msg = "The database was lost in the middle; look whether it happened, or ask again."
        return Overloaded(msg, retry_after=5)
    return Internal()
