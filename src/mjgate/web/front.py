"""
The front door, before any route: prefixes, request ids, cross-origin headers, the last error net.

A mode's prefix leaves the path here, so that routes are written once; a base URL typed with a
trailing slash or with `/mj` already in it is served in place.
"""

import logging
import re
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mjgate.domain.action import Mode
from mjgate.domain.errors import Internal, NotFound, Overloaded, Refused
from mjgate.store.database import DatabaseAway
from mjgate.web.respond import refusal

log = logging.getLogger(__name__)

_PREFIX = re.compile(
    r"/*(?:mj-(?P<dashed>fast|relax|turbo)/mj|(?P<slashed>fast|relax|turbo)/mj|mj)(?:/+mj)*(?=/)/*"
)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

_ALLOWED: Final = (
    b"authorization, mj-api-secret, content-type, accept, accept-language, idempotency-key,"
    b" new-api-user, x-ptoken, x-requested-with"
)


@dataclass(frozen=True, slots=True)
class Front:
    """Wraps the routes. `origins` is `*`, one origin, or empty where a proxy adds the header."""

    inner: ASGIApp
    origins: str = "*"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        request_id = _request_id(scope)
        state = cast("MutableMapping[str, Any]", scope.setdefault("state", {}))
        state["request_id"] = request_id
        state["mode"] = _strip_prefix(scope)
        headers = [(b"x-request-id", request_id.encode())]
        if self.origins and _crosses(scope["path"]):
            headers.append((b"access-control-allow-origin", self.origins.encode()))
        if scope["method"] == "OPTIONS" and _crosses(scope["path"]):
            await _preflight(send, headers)
            return
        await self._guarded(scope, receive, _with(headers, send))

    async def _guarded(self, scope: Scope, receive: Receive, send: "_Headed") -> None:
        """Answer whatever went wrong as JSON; nobody gets a traceback."""
        try:
            await self.inner(scope, receive, send)
        except Exception as error:
            request_id = cast("str", scope["state"]["request_id"])
            answer: Refused
            if isinstance(error, DatabaseAway):
                log.warning("the database is away", extra={"request": request_id})
                msg = "The database cannot be reached; nothing was changed, try again in a moment."
                answer = Overloaded(msg, retry_after=5)
            else:
                log.exception("a request failed", extra={"request": request_id})
                answer = Internal()
            if not send.started:
                await refusal(answer, request_id)(scope, receive, send)


class _Headed:
    """Adds the headers that every answer has; remembers whether the answer has begun."""

    __slots__ = ("_headers", "_send", "started")

    def __init__(self, headers: list[tuple[bytes, bytes]], send: Send) -> None:
        self._headers = headers
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message["headers"] = [*message["headers"], *self._headers]
        await self._send(message)


def _with(headers: list[tuple[bytes, bytes]], send: Send) -> _Headed:
    return _Headed(headers, send)


def _strip_prefix(scope: Scope) -> Mode | None:
    """Bring the path to its plain form `/mj/…`; the mode that the prefix named."""
    path = cast("str", scope["path"])
    found = _PREFIX.match(path)
    if found is None:
        return None
    scope["path"] = "/mj/" + path[found.end() :].rstrip("/")
    word = found["dashed"] or found["slashed"]
    return Mode(word.upper()) if word else None


def _crosses(path: str) -> bool:
    """Whether browsers may call from other origins; `/api` with cookies is same-origin only."""
    return path.startswith(("/mj/", "/api/mj/task/"))


def _request_id(scope: Scope) -> str:
    for name, value in cast("list[tuple[bytes, bytes]]", scope["headers"]):
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return secrets.token_hex(8)


async def _preflight(send: Send, headers: list[tuple[bytes, bytes]]) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 204,
            "headers": [
                *headers,
                (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
                (b"access-control-allow-headers", _ALLOWED),
                (b"access-control-max-age", b"86400"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": b""})


def not_found(path: str) -> NotFound:
    """Nothing is served here; with a hint when only `/mj` is missing."""
    if path.startswith(("/submit/", "/task/", "/image/", "/insight-face/")):
        return NotFound(f"There is nothing here; did you mean /mj{path}?")
    if "/mj/" in path:
        known = "/mj, /mj-fast/mj, /mj-relax/mj, /mj-turbo/mj, /fast/mj, /relax/mj or /turbo/mj"
        return NotFound(f"There is nothing here; the prefix is {known}.")
    return NotFound("There is nothing here; the task protocol is served under /mj.")
