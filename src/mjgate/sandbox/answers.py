"""
What goes back over the wire: well-formed answers, and all the ways to spoil them.

Real servers of this format are spoilt in just these ways; a client is tested against each.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mjgate.sandbox import faults
from mjgate.sandbox.faults import Faults

CUT: Final = "mjgate.cut"
"""The name of the server's extension that aborts the connection of a request."""

SPOILS: Final = frozenset({"gzip", "slow-drip"})
"""Faults that spoil any answer about a job."""

JSON: Final = "application/json"
_PIECES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a submit, before it takes the form of a dialect."""

    code: int = 1
    description: str = "Submit success"
    result: str | list[str] | None = None
    properties: Mapping[str, object] = field(default_factory=dict[str, object])
    status: int = 200
    uuid: str = ""


class Dropped(Response):
    """No answer: the connection is aborted. ConnectionResetError where that cannot be done."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort, and stay until the server has noticed."""
        del send
        cut = scope.get("extensions", {}).get(CUT)
        if cut is None:
            raise ConnectionResetError("the sandbox dropped the connection")
        cut["abort"]()
        while (await receive())["type"] != "http.disconnect":
            pass


def plain(view: object, status: int = 200) -> Response:
    """Compact JSON."""
    return Response(msgspec.json.encode(view), status, media_type=JSON)


def spoilt(view: object, spoil: Faults, status: int = 200) -> Response:
    """JSON, zipped or dripping where a fault says so."""
    if not spoil:
        return plain(view, status)
    body = msgspec.json.encode(view)
    headers: dict[str, str] = {}
    if "gzip" in spoil:
        body = gzip.compress(body, 1)
        headers["content-encoding"] = "gzip"
    if "slow-drip" in spoil:
        pieces = _drip(body, faults.seconds(spoil, "slow-drip"))
        return StreamingResponse(pieces, status, headers, JSON)
    return Response(body, status, headers, JSON)


def submitted(answer: Answer, spoil: Faults) -> Response:
    """The answer to a submit, as the midjourney-proxy format has it."""
    body: dict[str, object] = {
        "code": str(answer.code) if "code-as-string" in spoil else answer.code,
        "description": answer.description,
        "result": _result(answer.result, spoil),
        "properties": answer.properties,
    }
    status = 201 if "status-201" in spoil and answer.status == HTTPStatus.OK else answer.status
    return spoilt(body, spoil, status)


def job_submitted(answer: Answer, spoil: Faults) -> Response:
    """The answer to a submit, as the job dialect has it: one code for accepted, waiting, window."""
    taken = answer.result is not None
    code = 0 if taken else answer.code
    body: dict[str, object] = {
        "code": str(code) if "code-as-string" in spoil else code,
        "message": "成功" if taken else answer.description,
        "data": {"taskId": answer.uuid} if taken else None,
    }
    status = 201 if "status-201" in spoil and answer.status == HTTPStatus.OK else answer.status
    return spoilt(body, spoil, status)


def job_error(status: int, description: str, reason: str) -> Response:
    """A refusal of the job dialect."""
    del reason
    return plain({"code": status, "message": description, "data": None}, status)


def error(status: int, description: str, reason: str) -> Response:
    """A refusal that is no answer to a submit, in the shape that clients know."""
    body = {
        "code": 4,
        "description": description,
        "result": None,
        "properties": {"reason": reason},
        "message": description,
        "error": reason,
    }
    return plain(body, status)


def _result(result: str | list[str] | None, spoil: Faults) -> object:
    if not isinstance(result, str):
        return result
    if "number-result" in spoil and result.isdigit():
        return int(result)
    return [result] if "list-result" in spoil else result


async def _drip(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    step = max(1, len(body) // _PIECES)
    for start in range(0, len(body), step):
        yield body[start : start + step]
        await asyncio.sleep(seconds / _PIECES)
