"""Answers: the one shape of errors, and JSON as the dialect writes it."""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mjgate.dialects.job import JobAnswer
from mjgate.dialects.mjproxy import encode
from mjgate.domain.errors import Internal, Overloaded, Refused
from mjgate.domain.reasons import Reason
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


class Envelope(msgspec.Struct, frozen=True):
    """What every answer below `/api` looks like."""

    success: bool
    message: str
    data: object


class Trouble(msgspec.Struct, frozen=True):
    """The same for a refusal; `field` names what is wrong with the request, where one thing is."""

    success: bool
    message: str
    data: None
    field: str | None
    requestId: str  # noqa: N815  the wire's own name


class BrokenOff(Exception):
    """An answer has begun and cannot be completed; `told` is for the log."""

    def __init__(self, told: dict[str, object]) -> None:
        super().__init__("an answer broke off")
        self.told = told


MANAGED: Final = "/api/"
JOBS: Final = "/api/mj/task/"
_OK: Final = 200
_NOT_FOUND: Final = 404
_MANAGED_STATUS: Final = {Reason.ALREADY_FINISHED: 409, Reason.NO_CHANNEL: 409}
"""Refusals that are codes under HTTP 200 in the protocol; the others are 400 below `/api`."""


def answer(view: object, status: int = 200) -> Response:
    """JSON that no cache may keep."""
    return Response(encode(view), status, NO_STORE, JSON)


def raw(body: bytes, status: int = 200) -> Response:
    """JSON that is encoded already."""
    return Response(body, status, NO_STORE, JSON)


def done(data: object) -> Response:
    """What was asked for below `/api`."""
    return answer(Envelope(success=True, message="", data=data))


def refusal(error: Refused, request_id: str, *, path: str = "") -> Response:
    """The refusal in the words of what is served at `path`; without one, in the protocol's."""
    if path.startswith(JOBS):
        response = _job(error)
    elif f"{path}/".startswith(MANAGED):
        response = _managed(error, request_id)
    else:
        response = _protocol(error, request_id)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def trouble(status: int, message: str, request_id: str, *, field: str | None = None) -> Response:
    """What was not done below `/api`."""
    told = Trouble(success=False, message=message, data=None, field=field, requestId=request_id)
    return answer(told, status)


def _job(error: Refused) -> Response:
    """The protocol's code and status, in the job dialect's shape; 404 is a code of its own."""
    code = _NOT_FOUND if error.status == _NOT_FOUND else error.code
    return answer(JobAnswer(code, error.description), error.status)


def _managed(error: Refused, request_id: str) -> Response:
    status = _MANAGED_STATUS.get(error.reason, 400) if error.status == _OK else error.status
    return trouble(status, error.description, request_id, field=error.field)


def _protocol(error: Refused, request_id: str) -> Response:
    """Code, sentence, stable reason."""
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
    return answer(body, error.status)


def request_id(request: Request) -> str:
    """The id that the answer's header carries too."""
    found: str = request.state.request_id
    return found


async def on_refused(request: Request, error: Exception) -> Response:
    """Starlette's way to a refusal."""
    if not isinstance(error, Refused):
        raise error
    return refusal(error, request_id(request), path=request.scope["path"])


async def on_unexpected(request: Request, error: Exception) -> Response:
    """Starlette's way to an answer when nobody caught the error; it is logged at the front."""
    return refusal(unexpected(error), request_id(request), path=request.scope["path"])


def unexpected(error: Exception) -> Refused:
    """What a client hears of an error that is ours."""
    if isinstance(error, DatabaseAway):
        msg = "The database cannot be reached; nothing was changed, try again in a moment."
        return Overloaded(msg, retry_after=5)
    if isinstance(error, CommitUnknown):
        msg = "The database was lost in the middle; look whether it happened, or ask again."
        return Overloaded(msg, retry_after=5)
    return Internal()
