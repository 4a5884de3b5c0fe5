"""
Addresses that users and upstreams choose: which of them may be opened.

Everything here is decided without asking a name server. `Gate.check` judges an address as it is
written; `Gate.passes` judges each address that a name turns out to have, and the peer in the end.
Sources: the IANA special-purpose registries; RFC 3056, 4291, 4380, 5214 and 6052 for addresses
inside addresses; the WHATWG URL standard for hosts that end in a number; RFC 6761, 8375 for names.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self
from urllib.parse import quote

from mjgate.domain.errors import BadAddress

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LENGTH_MOST: Final = 2_000
HOST_MOST: Final = 253
PORT_MOST: Final = 65_535
PORTS: Final = (("http", 80), ("https", 443))


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


NEVER: Final = _networks(
    "0.0.0.0/8",  # this host
    "169.254.0.0/16",  # link-local: the metadata services of most clouds, and of their containers
    "100.100.100.200/32",  # Alibaba metadata
    "100.80.80.80/32",  # UCloud metadata
    "100.96.0.96/32",  # Volcengine metadata
    "192.0.0.192/32",  # Oracle metadata
    "168.63.129.16/32",  # Azure platform
    "224.0.0.0/3",  # multicast, reserved, broadcast
    "::/128",
    "fe80::/10",  # link-local
    "fd00:ec2::/32",  # Amazon metadata
    "fd20:ce::254/128",  # Google metadata
    "fd00:42::42/128",  # Scaleway metadata
    "ff00::/8",  # multicast
)
"""What no exception opens."""

_NOT_PUBLIC: Final = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
)
# Written out, for what Python calls global differs between its patch releases.

_LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")
_TRANSLATED: Final = IPv6Network("::ffff:0:0:0/96")
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)

_PRIVATE_NAMES: Final = ("localhost", "localdomain", "local", "internal", "home.arpa")

_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\[\]:/?#@%]+)"
    r"(:(?P<port>[0-9]{1,5}))?(?P<rest>[/?][^#]*)?(#.*)?",
    re.IGNORECASE | re.ASCII,
)
_NAME: Final = re.compile(
    r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_ENDS_IN_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an address leads: all three must be equal for two origins to be the same."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of a well-formed address, public or not. BadAddress for the rest."""
        origin = read(url).origin
        return cls(origin.scheme, origin.host, origin.port)


@dataclass(frozen=True, slots=True)
class Target:
    """A well-formed address: in ASCII, without fragment, otherwise byte for byte as given."""

    url: str
    origin: Origin
    literal: IP | None


def read(url: str) -> Target:
    """Take an address apart. BadAddress unless every program would read the same host in it."""
    _check_text(url)
    found = _URL.fullmatch(url)
    if found is None:
        raise BadAddress(_what_is_wrong(url))
    scheme = found["scheme"].lower()
    host, literal = _read_host(found["host"])
    port = int(found["port"]) if found["port"] else dict(PORTS)[scheme]
    if not 0 < port <= PORT_MOST:
        raise BadAddress("The port of the address must be between 1 and 65535.")
    place = f"[{host}]" if isinstance(literal, IPv6Address) else host
    written = f":{port}" if found["port"] else ""
    rest = found["rest"] or ""
    path = rest if rest.startswith("/") else f"/{rest}"
    plain = f"{scheme}://{place}{written}{quote(path, safe=_PRINTABLE)}"
    return Target(plain, Origin(scheme, host, port), literal)


def _check_text(url: str) -> None:
    if len(url) > LENGTH_MOST:
        raise BadAddress(f"The address is longer than {LENGTH_MOST:,} characters.")
    if "\\" in url or any(unicodedata.category(sign)[0] in "CZ" for sign in url):
        raise BadAddress(
            "The address must not have backslashes, spaces or invisible characters in it."
        )


def _what_is_wrong(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in dict(PORTS):
        return "The address must start with http:// or https://."
    if "@" in re.split("[/?#]", rest, maxsplit=1)[0]:
        return "The address must not have a user name or password in it."
    return "The address is not well formed: write it as https://host/path."


def _read_host(text: str) -> tuple[str, IP | None]:
    """Host in its one plain form, and the IP address that it is, if it is one."""
    try:
        if text.startswith("["):
            address = IPv6Address(text[1:-1])
            return _plain(address), address
        name = text.lower() if text.isascii() else _read_foreign(text)
        if _ENDS_IN_NUMBER.fullmatch(name):
            # 2130706433, 0x7f.1, 0177.0.0.1 and 127.1 are addresses to some programs only.
            return name, IPv4Address(name)
    except ValueError:
        raise BadAddress("The host of the address is not a plain IP address or name.") from None
    if len(name) > HOST_MOST or not _NAME.fullmatch(name):
        raise BadAddress("The host of the address is not a well-formed name.")
    return name, None


def _plain(address: IPv6Address) -> str:
    """The one way to write it; which one Python takes for a mapped address depends on its age."""
    mapped = address.ipv4_mapped
    if mapped is None:
        return str(address)
    number = int(mapped)
    return f"::ffff:{number >> 16:x}:{number & 0xFFFF:x}"


def _read_foreign(text: str) -> str:
    """Encode a name in another script. ValueError for signs that only look like others."""
    letters = all(sign in "-." or unicodedata.category(sign)[0] in "LMN" for sign in text)
    if len(text) > HOST_MOST or not letters or unicodedata.normalize("NFKC", text) != text:
        raise ValueError("signs that stand for others")
    return text.encode("idna").decode("ascii").lower()


def judged(address: IP) -> tuple[IP, ...]:
    """The addresses that decide about this one: those it carries inside, else itself."""
    if isinstance(address, IPv4Address):
        return (address,)
    number = int(address)
    last = IPv4Address(number & 0xFFFF_FFFF)
    if address in _NAT64 or address.ipv4_mapped is not None:
        return (last,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    carries = (
        (address in _COMPATIBLE and number > 1)
        or address in _TRANSLATED
        or (number >> 32) & 0xFFFF_FFFF in _ISATAP
    )
    return (address, last) if carries else (address,)


def allowed(address: IP) -> bool:
    """Whether an address is public, and each that it carries: global, unicast, no metadata."""
    return all(_public(inner) for inner in judged(address))


def _public(address: IP) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not any(address in network for network in (*NEVER, *_NOT_PUBLIC))


@dataclass(frozen=True, slots=True)
class Gate:
    """What may be opened: everything public, and what is let pass although it is private."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()

    @classmethod
    def letting(cls, hosts: Iterable[str]) -> Self:
        """Let hosts and CIDRs pass. ValueError names the entry that is neither."""
        networks: list[Network] = []
        names: set[str] = set()
        for entry in filter(None, (host.strip() for host in hosts)):
            try:
                networks.append(ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                if not _NAME.fullmatch(entry.lower()) or _ENDS_IN_NUMBER.fullmatch(entry.lower()):
                    raise ValueError(
                        f"{entry!r} is neither a host name, an IP address nor a CIDR."
                    ) from None
                names.add(entry.lower())
        if "localhost" in names:
            networks.extend(_LOOPBACK)
        return cls(tuple(networks), frozenset(names))

    def beside(self, origin: Origin) -> Self:
        """The same gate, with the host of one origin let pass."""
        return replace(self, names=self.names | {origin.host})

    def check(self, url: str, *, field: str | None = None) -> Target:
        """Read an address; BadAddress when it can be refused as it is written."""
        try:
            target = read(url)
        except BadAddress as wrong:
            raise BadAddress(wrong.description, field=field) from None
        if not self._may_lead_on(target):
            raise BadAddress(private(target.origin.host), field=field)
        return target

    def _may_lead_on(self, target: Target) -> bool:
        host = target.origin.host
        if target.literal is not None:
            return self.passes(host, target.literal)
        by_name = any(host == name or host.endswith(f".{name}") for name in _PRIVATE_NAMES)
        return not by_name or host in self.names or bool(self.networks)

    def passes(self, host: str, address: IP) -> bool:
        """Whether `address` may be opened for `host`."""
        inner = judged(address)
        if any(one in network for one in inner for network in NEVER):
            return False
        return host in self.names or all(_public(one) or self._lets(one) for one in inner)

    def lets(self, host: str, address: IP) -> bool:
        """Whether `address` may be opened for `host` only because somebody lets it pass."""
        return self.passes(host, address) and not allowed(address)

    def _lets(self, address: IP) -> bool:
        return any(address in network for network in self.networks)


def private(host: str) -> str:
    """Say that `host` is refused, and what can be done."""
    return (
        f"{host} is not a public address. If it is meant, the operator can let it pass with "
        "MJGATE_ALLOW_PRIVATE_HOSTS."
    )


PUBLIC: Final = Gate()
"""Lets nothing private pass."""


def refuse(url: str, *, field: str | None = None) -> None:
    """Raise BadAddress for an address that is not public, as far as it shows without resolving."""
    PUBLIC.check(url, field=field)


def address_of(text: str) -> IP:
    """Read an address that the system wrote. ValueError when it is none."""
    return ip_address(text)
