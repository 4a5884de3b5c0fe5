"""
A channel's proxy: what it may be, and connections that go through it and nowhere beside it.

Names are resolved over there, so that not even a question about a name leaves another way. A proxy
that fails is a failed connection; nothing is tried without it.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from aiohttp import ClientOSError, ClientRequest, ClientTimeout
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from aiohttp_socks import (
    ProxyConnectionError,
    ProxyConnector,
    ProxyError,
    ProxyTimeoutError,
    ProxyType,
)

LONGEST: Final = 1_000
"""Characters of a proxy's address."""

_KINDS: Final = {
    "http": ProxyType.HTTP,
    "socks5": ProxyType.SOCKS5,
    "socks5h": ProxyType.SOCKS5,  # the same here: names are always resolved over there
}
_VISIBLE: Final = re.compile(rf"[\x21-\x7e]{{1,{LONGEST}}}")
_RULE: Final = "A proxy is written as http://host:port or socks5://user:password@host:port."


class BadProxy(ValueError):
    """This is no address of a proxy that we can use."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy is, and what opens it."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """Take an address apart. BadProxy."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise BadProxy(_RULE) from None
        plain = _VISIBLE.fullmatch(text) and not (parts.path.strip("/") or parts.query)
        if not plain or parts.scheme not in _KINDS or not parts.hostname or not port:
            raise BadProxy(_RULE)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.scheme, parts.hostname, port, user, password)

    @property
    def masked(self) -> str:
        """The address as people may see it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{'****@' if self.user else ''}{host}:{self.port}"


class Proxied(ProxyConnector):
    """Makes connections through a proxy: up to `limit` (0: any), each for one request or not."""

    def __init__(self, proxy: Proxy, *, reuse: bool = False, limit: int = 100) -> None:
        super().__init__(
            proxy.host,
            proxy.port,
            _KINDS[proxy.scheme],
            proxy.user or None,
            proxy.password or None,
            rdns=True,
            force_close=not reuse,
            limit=limit,
        )

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  as the class above has it
    ) -> Connection:
        """Connect; what the proxy says no to is a connection that failed."""
        try:
            return await super().connect(req, traces, timeout)
        except ProxyTimeoutError as error:
            raise TimeoutError(f"the proxy: {error}") from error
        except (ProxyConnectionError, ProxyError) as error:
            raise ClientOSError(f"the proxy: {error}") from error
