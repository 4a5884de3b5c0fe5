"""
Who really calls, and under which of our names.

A proxy's word counts only where the operator trusts the proxy, and is read from the right: what
stands further left was written by whoever came before it.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, cast

from starlette.types import Scope

_FORWARDED: Final = b"x-forwarded-for"

Address = IPv4Address | IPv6Address


class Proxies:
    """The trusted ones, as addresses and CIDRs."""

    def __init__(self, ranges: Sequence[str]) -> None:
        self._ranges = tuple(ip_network(each, strict=False) for each in ranges)

    def caller(self, scope: Scope) -> str:
        """The address of the first machine that is no trusted proxy; `""` if it is not known."""
        client = cast("tuple[str, int] | None", scope.get("client"))
        address = _read(client[0]) if client else None
        if not self._ranges:
            return "" if address is None else str(address)
        hops = ",".join(_headers(scope, _FORWARDED)).split(",")
        while address is not None and self._trusts(address) and hops and hops[-1].strip():
            address = _read(_bare(hops.pop()))
        return "" if address is None else str(address)

    def _trusts(self, address: Address) -> bool:
        return any(address in each for each in self._ranges)


class Hosts:
    """The names that we answer under; none given, or `*`: any."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(_bare(name) for name in names)

    def know(self, scope: Scope) -> bool:
        """Whether the request names us."""
        if not self._names or "*" in self._names:
            return True
        asked = _headers(scope, b"host")
        return len(asked) == 1 and _bare(asked[0]) in self._names


def _headers(scope: Scope, name: bytes) -> list[str]:
    headers = cast("list[tuple[bytes, bytes]]", scope["headers"])
    return [value.decode("latin-1") for key, value in headers if key == name]


def _bare(text: str) -> str:
    """A host without port, brackets and the dot of the root, in small letters."""
    text = text.strip().strip('"').lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    if text.count(":") == 1:
        text = text.partition(":")[0]
    return text.removesuffix(".")


@lru_cache(maxsize=4_096)
def _read(text: str) -> Address | None:
    """The address in `text`, in its IPv4 form where it has one."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
