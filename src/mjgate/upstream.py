"""
The one client to channels.

A submit goes out over a connection of its own, follows no redirect and is never repeated: a stale
kept-alive connection would leave nobody knowing whether it arrived. Looks reuse connections.
What goes to a channel with a proxy goes through that and no other way.
"""

import io
import os
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
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
from mjgate.domain.errors import NotSent, Unanswered, UpstreamError
from mjgate.domain.timing import SEND_LIMIT
from mjgate.proxies import Proxied, Proxy

ANSWER_MOST: Final = 16 * 1024 * 1024
"""Bytes of an answer that are read; what is longer counts as no answer."""

CONNECT_LIMIT: Final = 10.0
LOOK_LIMIT: Final = 15.0

Timed = Callable[[int, str, float, bool], object]
"""Hears of every call: channel, `submit` or `look`, seconds, and whether it was answered."""

_CHUNK: Final = 64 * 1024


def nobody(channel_id: int, call: str, seconds: float, answered: bool) -> None:  # noqa: FBT001  one of four facts
    """Hear of calls, and count nothing."""
    del channel_id, call, seconds, answered


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a channel is and what opens it."""

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    proxy: Proxy | None = None  # the only way there
    channel_id: int = 0

    def with_headers(self, headers: Mapping[str, str]) -> "Endpoint":
        """The same place, told more."""
        return Endpoint(self.base_url, {**self.headers, **headers}, self.proxy, self.channel_id)

    @property
    def host(self) -> str:
        """The channel's host, for what must not be shown to users."""
        return urlsplit(self.base_url).hostname or ""


@dataclass(slots=True)
class _Reached:
    """Whether a connection was made for a request."""

    connected: bool = False


_reached: Final[ContextVar[_Reached]] = ContextVar("reached")


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Submits open a connection each, looks reuse theirs."""

    submits: aiohttp.ClientSession
    looks: aiohttp.ClientSession


class Upstream:
    """Sends calls to channels and says what certainly happened."""

    def __init__(self) -> None:
        self._open: dict[Proxy | None, _Sessions] = {}
        self.timed: Timed = nobody

    @classmethod
    async def open(cls) -> Self:
        """Make the sessions of channels without a proxy; they belong to the running event loop."""
        made = cls()
        made.sessions(None)
        return made

    async def close(self) -> None:
        """Close every connection."""
        for sessions in self._open.values():
            await sessions.submits.close()
            await sessions.looks.close()

    def sessions(self, proxy: Proxy | None) -> "_Sessions":
        """What goes through `proxy`, or through none; made when first needed, and kept."""
        found = self._open.get(proxy)
        if found is None:
            found = _Sessions(_session(proxy, reuse=False), _session(proxy, reuse=True))
            self._open[proxy] = found
        return found

    @contextmanager
    def _timing(self, endpoint: Endpoint, call: str) -> Generator[None]:
        """Tell how long the block took, and whether it came to its end."""
        began, answered = time.monotonic(), False
        try:
            yield
            answered = True
        finally:
            self.timed(endpoint.channel_id, call, time.monotonic() - began, answered)

    async def submit(self, endpoint: Endpoint, call: Call) -> Heard:
        """Hand a task over, once. NotSent only if no connection was made, else Unanswered."""
        limits = aiohttp.ClientTimeout(total=SEND_LIMIT / SECOND, sock_connect=CONNECT_LIMIT)
        reached = _Reached()
        _reached.set(reached)
        try:
            with self._timing(endpoint, "submit"):
                return await _ask(self.sessions(endpoint.proxy).submits, endpoint, call, limits)
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
            with self._timing(endpoint, "look"):
                return await _ask(self.sessions(endpoint.proxy).looks, endpoint, call, limits)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            msg = f"{type(error).__name__}: {error}"
            raise Unanswered(msg) from error


def what_failed(error: UpstreamError) -> str:
    """What kept a call from being answered, in words for the operator."""
    match error.__cause__:
        case aiohttp.ClientConnectorDNSError():
            return "nobody knows its name"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its certificate cannot be trusted, or it does not speak TLS"
        case aiohttp.ClientConnectorError() as refused:
            number = refused.os_error.errno
            return os.strerror(number).lower() if number else "the connection failed"
        case TimeoutError():
            return "it takes too long"
        case None:
            return "it said nothing"
        case other:
            return str(other) or type(other).__name__


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


class _Telling(aiohttp.TCPConnector):
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


class _ThroughProxy(_Telling, Proxied):
    """The same through a proxy: only what it has put through counts as connected."""


def _session(proxy: Proxy | None, *, reuse: bool) -> aiohttp.ClientSession:
    if proxy is None:
        connector = _Telling(limit=0, force_close=not reuse, ttl_dns_cache=60)
    else:
        connector = _ThroughProxy(proxy, reuse=reuse, limit=0)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
