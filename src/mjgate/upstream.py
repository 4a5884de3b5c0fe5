"""
The one client to channels.

A submit goes out over a connection of its own, follows no redirect and is never repeated: a stale
kept-alive connection would leave nobody knowing whether it arrived. Looks reuse connections.
"""

import io
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from mjgate.dialects import Call, Heard
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import NotSent, Unanswered
from mjgate.domain.timing import SEND_LIMIT

ANSWER_MOST: Final = 16 * 1024 * 1024
"""Bytes of an answer that are read; what is longer counts as no answer."""

CONNECT_LIMIT: Final = 10.0
LOOK_LIMIT: Final = 15.0

_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a channel is and what opens it."""

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def host(self) -> str:
        """The channel's host, for what must not be shown to users."""
        return urlsplit(self.base_url).hostname or ""


@dataclass(slots=True)
class _Reached:
    """Whether a connection was made for a request."""

    connected: bool = False


_reached: Final[ContextVar[_Reached]] = ContextVar("reached")


class Upstream:
    """Sends calls to channels and says what certainly happened."""

    def __init__(self, submits: aiohttp.ClientSession, looks: aiohttp.ClientSession) -> None:
        self._submits = submits
        self._looks = looks

    @classmethod
    async def open(cls) -> Self:
        """Make the two sessions; they belong to the running event loop."""
        return cls(_session(reuse=False), _session(reuse=True))

    async def close(self) -> None:
        """Close every connection."""
        await self._submits.close()
        await self._looks.close()

    async def submit(self, endpoint: Endpoint, call: Call) -> Heard:
        """Hand a task over, once. NotSent only if no connection was made, else Unanswered."""
        limits = aiohttp.ClientTimeout(total=SEND_LIMIT / SECOND, sock_connect=CONNECT_LIMIT)
        reached = _Reached()
        _reached.set(reached)
        try:
            return await _ask(self._submits, endpoint, call, limits)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            said = f"{type(error).__name__}: {error}"
            if reached.connected:
                raise Unanswered(said) from error
            raise NotSent(said) from error

    async def look(self, endpoint: Endpoint, call: Call, *, limit: float = LOOK_LIMIT) -> Heard:
        """Ask how tasks are doing; may be repeated at will. `limit` in seconds. Unanswered."""
        limits = aiohttp.ClientTimeout(total=limit, sock_connect=min(limit, CONNECT_LIMIT))
        _reached.set(_Reached())
        try:
            return await _ask(self._looks, endpoint, call, limits)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            msg = f"{type(error).__name__}: {error}"
            raise Unanswered(msg) from error


async def _ask(
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    call: Call,
    limits: aiohttp.ClientTimeout,
) -> Heard:
    body = None if call.body is None else msgspec.json.encode(call.body)
    headers = dict(endpoint.headers) | {"Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    async with session.request(
        call.method,
        endpoint.base_url + call.path,
        data=io.BytesIO(body) if body is not None and len(body) > _CHUNK else body,
        headers=headers,
        timeout=limits,
        allow_redirects=False,
    ) as answer:
        content = await _whole(answer)
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Heard(answer.status, named, content)


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """The body, if it is not longer than we are willing to read."""
    content = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > ANSWER_MOST:
            answer.close()
            msg = f"the answer is longer than {ANSWER_MOST} bytes"
            raise ValueError(msg)
    return bytes(content)


class _Connector(aiohttp.TCPConnector):
    """Says when a connection is made: from then on a request may have left, whatever happens."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  as the class above has it
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        _reached.get().connected = True
        return connection


def _session(*, reuse: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=_Connector(limit=0, force_close=not reuse, ttl_dns_cache=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
