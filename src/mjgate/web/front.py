"""
The front door, before any route: prefixes, request ids, cross-origin headers, the last error net.

A mode's prefix leaves the path here, and so do slashes at its end, so that routes are written once;
a base URL typed with a trailing slash or with `/mj` already in it is served in place.
"""

import logging
import re
import secrets
from collections.abc import MutableMapping
from typing import Any, Final, cast

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mjgate import telemetry
from mjgate.domain.action import Mode
from mjgate.domain.errors import BadHost, NotFound
from mjgate.store.database import DatabaseAway
from mjgate.web.context import WebSettings
from mjgate.web.origins import PREFLIGHT, Headers, Origins, crosses
from mjgate.web.peers import Hosts, Proxies
from mjgate.web.respond import BrokenOff, refusal, unexpected

log = logging.getLogger(__name__)

_MODES: Final = {mode.lower(): mode for mode in Mode} | {
    f"mj-{mode.lower()}": mode for mode in Mode
}
_JOBS: Final = ["api", "mj", "task"]
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SHOWN: Final = 200


class Front:
    """Wraps the routes."""

    def __init__(self, inner: ASGIApp, settings: WebSettings) -> None:
        self._inner = inner
        self._origins = Origins(settings.origins)
        self._hosts = Hosts(settings.hosts)
        self._proxies = Proxies(settings.proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request_id = _request_id(scope)
        telemetry.request_id.set(request_id)  # for all that this request's task logs or starts
        state = cast("MutableMapping[str, Any]", scope.setdefault("state", {}))
        state["request_id"] = request_id
        state["mode"] = _strip_prefix(scope)
        state["address"] = self._proxies.caller(scope)
        headers = [(b"x-request-id", request_id.encode()), *self.origin_headers(scope)]
        answering = _Headed(headers, send)
        if not self._hosts.know(scope):
            refused = refusal(BadHost(), request_id, path=scope["path"])
            await refused(scope, receive, answering)
        elif scope["method"] == "OPTIONS" and crosses(scope["path"]):
            await Response(status_code=204, headers=PREFLIGHT)(scope, receive, answering)
        else:
            await self._guarded(scope, receive, answering)

    def origin_headers(self, scope: Scope) -> Headers:
        """What lets a page of another origin read the answer."""
        return self._origins.headers(scope)

    async def _guarded(self, scope: Scope, receive: Receive, send: "_Headed") -> None:
        """Answer what nobody expected as JSON too, and keep the traceback for the log."""
        try:
            await self._inner(scope, receive, send)
        except Exception as error:
            if isinstance(error, DatabaseAway):
                log.warning("the database is away")
            elif isinstance(error, BrokenOff):
                log.warning("an answer broke off", extra=error.told)
            else:
                log.exception("a request failed")
            if not send.started:
                request_id = cast("str", scope["state"]["request_id"])
                refused = refusal(unexpected(error), request_id, path=scope["path"])
                await refused(scope, receive, send)


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


def _strip_prefix(scope: Scope) -> Mode | None:
    """Bring the path to its plain form; the mode that a prefix named."""
    path = cast("str", scope["path"])
    names = [name for name in path.split("/") if name]
    scope["path"] = "/" + "/".join(names) if names[:3] == _JOBS else path.rstrip("/") or "/"
    mode, start = None, 0
    for place, name in enumerate(names):
        if name == "mj":
            start = place + 1
        elif mode is None and name in _MODES and names[place + 1 : place + 2] == ["mj"]:
            mode = _MODES[name]
        else:
            break
    if not start:
        return None
    scope["path"] = "/mj/" + "/".join(names[start:])
    return mode


def _request_id(scope: Scope) -> str:
    for name, value in cast("list[tuple[bytes, bytes]]", scope["headers"]):
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return secrets.token_hex(8)


def not_found(path: str) -> NotFound:
    """Nothing is served here; with a hint when the prefix is missing or wrong."""
    path = path[:_SHOWN]
    if path.startswith(("/mj/", "/api/")):
        return NotFound(f"There is nothing at {path}.")
    if "mj" in path.split("/"):
        known = "/mj, /mj-fast/mj, /mj-relax/mj, /mj-turbo/mj, /fast/mj, /relax/mj or /turbo/mj"
        return NotFound(f"There is nothing here; the prefix is {known}.")
    if crosses(path):
        first, rest = path.split("/", 2)[1:]
        meant = f"/{first}/mj/{rest}" if first in _MODES else f"/mj{path}"
        return NotFound(f"There is nothing here; did you mean {meant}?")
    return NotFound("There is nothing here; the task protocol is served under /mj.")
