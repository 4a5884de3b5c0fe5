"""
HTTP to addresses that users and upstreams chose: hooks, links, reference images, results.

What holds for every request, and anew for every redirect:

    the address is read strictly and judged as it is written                    domain.address
    each address that its name turns out to have is judged                      gated
    the peer is judged once more, after connecting and before a byte is sent    gated
    no proxy of the environment, no cookies, no connection kept for later, nothing decompressed
    the bytes that arrive are counted, whatever the headers say, and every wait has a limit

Through a proxy (`via`) names are resolved over there: what is written is judged, what it resolves
to is not. So only calls and results of the channel that owns the proxy may go that way, never an
address that a user chose.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import urljoin

from aiohttp import (
    BaseConnector,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
)
from aiohttp.abc import AbstractResolver
from yarl import URL

from mjgate.domain.address import Gate, Origin, Target
from mjgate.domain.errors import BadAddress
from mjgate.public_http.errors import AnswerTooLarge, BrokenAnswer, TooManyRedirects, told
from mjgate.public_http.gated import SystemResolver, gated

MEBIBYTE: Final = 1 << 20

PASSES: Final = frozenset({408, 425, 429, *range(500, 600)})
"""Statuses of a server that may well have it a moment later."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TRAVELS: Final = frozenset({"accept", "range", "user-agent"})  # headers that follow to elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one request. Seconds; `total` runs to the last byte read, redirects included."""

    connect: float = 10
    first_byte: float = 20
    idle: float = 20
    total: float = 60
    max_bytes: int = MEBIBYTE
    redirects: int = 0


USUAL: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hop:
    """One request on the way to the answer."""

    method: str
    target: Target
    gate: Gate
    headers: Mapping[str, str]
    body: bytes | None
    exempt: Origin | None  # None as soon as a hop leads elsewhere

    def onward(self, location: str, gate: Gate) -> "_Hop":
        """Follow a redirect; `gate` is the one without exemption."""
        try:
            url = urljoin(self.target.url, location)
        except ValueError:
            raise BadAddress("The address leads on to one that cannot be read.") from None
        target, gate, exempt = _judge(url, gate, self.exempt)
        before, after = self.target.origin, target.origin
        if before.scheme == "https" and after.scheme == "http":
            raise BadAddress("The address leads on from https to http.")
        headers = self.headers if before == after else _travelling(self.headers)
        return replace(self, target=target, gate=gate, headers=headers, exempt=exempt)


def _judge(url: str, gate: Gate, exempt: Origin | None) -> tuple[Target, Gate, Origin | None]:
    if exempt is None or Origin.of(url) != exempt:
        return gate.check(url), gate, None
    wider = gate.beside(exempt)
    return wider.check(url), wider, exempt


def _travelling(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if name.lower() in _TRAVELS}


class Answer:
    """What came back. Headers are as the server wrote them: foreign text."""

    def __init__(self, response: ClientResponse, url: str, limits: Limits, deadline: float) -> None:
        self._response = response
        self._limits = limits
        self._deadline = deadline
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers
        self.url = url  # where the last redirect led

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. AnswerTooLarge as soon as it is known to be."""
        self._refuse_unreadable()
        left = self._limits.max_bytes
        while chunk := await self._next():
            left -= len(chunk)
            if left < 0:
                raise self._too_large()
            yield chunk

    async def read(self) -> bytes:
        """The whole body, held in memory: up to `max_bytes`."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def _next(self) -> bytes:
        soon = asyncio.get_running_loop().time() + self._limits.idle
        with told():
            async with asyncio.timeout_at(min(self._deadline, soon)):
                return await self._response.content.readany()

    def _refuse_unreadable(self) -> None:
        encodings = ",".join(self._response.headers.getall("Content-Encoding", []))
        if encodings.strip().lower() not in {"", "identity"}:
            raise BrokenAnswer("The answer is compressed, although that was not asked for.")
        if (
            self._response.content_length or 0
        ) > self._limits.max_bytes and self._response.method != "HEAD":
            raise self._too_large()

    def _too_large(self) -> AnswerTooLarge:
        return AnswerTooLarge(f"The answer is larger than {self._limits.max_bytes:,} bytes.")


class PublicHTTP:
    """The one client for addresses that somebody else chose."""

    def __init__(self, gate: Gate, resolver: AbstractResolver) -> None:
        self.gate = gate
        self._resolver = resolver
        self._session = _session(gated(gate, resolver))

    @classmethod
    async def start(
        cls, *, allow_private: Sequence[str] = (), resolver: AbstractResolver | None = None
    ) -> Self:
        """
        Open the client; `allow_private` names hosts and CIDRs that pass although they are private.

        ValueError for an entry that is neither.
        """
        return cls(Gate.letting(allow_private), resolver or SystemResolver())

    async def close(self) -> None:
        """End every connection."""
        await self._session.close()
        await self._resolver.close()

    def refuse(self, url: str, *, field: str | None = None) -> None:
        """Raise BadAddress when `open` would, as far as that is known without resolving."""
        self.gate.check(url, field=field)

    @asynccontextmanager
    async def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        exempt: Origin | None = None,
        limits: Limits = USUAL,
        via: Callable[[], BaseConnector] | None = None,
    ) -> AsyncGenerator[Answer]:
        """
        Send a request and wait for the head of the answer; the caller reads its body.

        GET and HEAD follow redirects where `limits` grants any; everything else is answered with
        the redirect itself. `exempt` is the one private origin that an admin allowed for a channel;
        it counts until a redirect leads elsewhere. `via` makes a connector through a channel's
        proxy, one for each hop.
        BadAddress for what must not be opened, FetchError for what cannot be.
        """
        target, gate, exempt = _judge(url, self.gate, exempt)
        hop = _Hop(
            method=method, target=target, gate=gate, headers=headers or {}, body=body, exempt=exempt
        )
        deadline = asyncio.get_running_loop().time() + limits.total
        left = limits.redirects
        follows = left > 0 and method in {"GET", "HEAD"}
        while True:
            async with self._exchange(hop, limits, deadline, via) as response:
                location = response.headers.get("Location")
                if not follows or location is None or response.status not in _REDIRECTS:
                    yield Answer(response, hop.target.url, limits, deadline)
                    return
            if not left:
                raise TooManyRedirects
            left -= 1
            hop = hop.onward(location, self.gate)

    @asynccontextmanager
    async def _exchange(
        self,
        hop: _Hop,
        limits: Limits,
        deadline: float,
        via: Callable[[], BaseConnector] | None,
    ) -> AsyncGenerator[ClientResponse]:
        """One request to one address, redirects left alone."""
        soon = asyncio.get_running_loop().time() + limits.connect + limits.first_byte
        async with AsyncExitStack() as stack:
            session = self._session
            if via is not None or hop.exempt is not None:
                connector = via() if via else gated(hop.gate, self._resolver)
                session = await stack.enter_async_context(_session(connector))
            with told():
                async with asyncio.timeout_at(min(deadline, soon)):
                    response = await session.request(
                        hop.method,
                        URL(hop.target.url, encoded=True),
                        headers=hop.headers,
                        data=hop.body,
                        allow_redirects=False,
                        timeout=ClientTimeout(connect=limits.connect),
                    )
            stack.callback(response.close)
            yield response


def _session(connector: BaseConnector) -> ClientSession:
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        headers={"Accept-Encoding": "identity", "User-Agent": "mjgate"},
        timeout=ClientTimeout(total=None),
        auto_decompress=False,
        trust_env=False,
    )
