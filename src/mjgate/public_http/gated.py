"""Connections that lead only to where a gate lets them."""

import asyncio
import errno
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from aiohttp import ClientRequest, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from mjgate.domain.address import PUBLIC, Gate, address_of, private
from mjgate.domain.errors import BadAddress

CONNECTIONS: Final = 512
CONNECTIONS_PER_HOST: Final = 64
RESOLVING_AT_ONCE: Final = 16


def gated(gate: Gate, resolver: AbstractResolver) -> TCPConnector:
    """Make a connector whose connections serve one request each, all of them judged by `gate`."""
    connector = _GatedConnector(
        resolver=_GatedResolver(gate, resolver),
        use_dns_cache=False,
        force_close=True,
        limit=CONNECTIONS,
        limit_per_host=CONNECTIONS_PER_HOST,
    )
    connector.gate = gate
    return connector


class _GatedConnector(TCPConnector):
    """Judges the peer that it got connected to, before the request is sent."""

    gate: Gate = PUBLIC

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - the name is aiohttp's
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        host = req.url.raw_host or ""
        peer = connection.transport and connection.transport.get_extra_info("peername")
        if not peer or not self.gate.passes(host, address_of(peer[0])):
            connection.close()
            raise BadAddress(private(host))
        return connection


class _GatedResolver(AbstractResolver):
    """Gives out only addresses that may be opened; one that may not refuses the whole name."""

    def __init__(self, gate: Gate, resolver: AbstractResolver) -> None:
        self._gate = gate
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not found:
            raise OSError(errno.EHOSTUNREACH, "the name has no address")
        passing = [one for one in found if self._gate.passes(host, address_of(one["host"]))]
        # A name of the operator's own network may well have more addresses than were let pass.
        meant = any(self._gate.lets(host, address_of(one["host"])) for one in passing)
        if not passing or (len(passing) < len(found) and not meant):
            raise BadAddress(private(host))
        return passing

    async def close(self) -> None:
        """Leave the resolver open: it is shared."""


class SystemResolver(AbstractResolver):
    """Asks the system, on threads of its own: names that never answer must not hold up others."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVING_AT_ONCE, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [
            ResolveResult(
                hostname=host,
                host=str(place[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, place in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
