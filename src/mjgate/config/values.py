"""The kinds of value that an option may have: what is accepted, and how its text is read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mjgate.domain.address import Gate, read
from mjgate.domain.errors import BadAddress

T = TypeVar("T")

_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"0", "false", "no", "off"})
_SIZE: Final = re.compile(r"([0-9]{1,12}) *(|B|KiB|MiB|GiB)", re.IGNORECASE)
_STEPS: Final = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_HOST: Final = re.compile(r"\*|[A-Za-z0-9_.:\[\]-]{1,253}")
_BUCKET: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,62}(/[A-Za-z0-9!_.*'()/-]*)?")
_SMTP: Final = re.compile(r"smtps?://([^@/\s]+@)?[A-Za-z0-9.-]+(:[0-9]{1,5})?/?")
_ORIGIN: Final = re.compile(r"https?://[^/?#@\s]+")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind of value; `read` raises ValueError for a text that is none of them."""

    accepts: str
    read: Callable[[str], T]


def whole(least: int, most: int) -> Kind[int]:
    """Whole numbers within bounds."""

    def convert(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError(text)
        return number

    return Kind(f"a whole number from {least} to {most}", convert)


def decimal(least: float, most: float, unit: str = "") -> Kind[float]:
    """Numbers within bounds."""

    def convert(text: str) -> float:
        number = float(text)
        if not least <= number <= most:
            raise ValueError(text)
        return number

    return Kind(f"a number from {least:g} to {most:g}{unit}", convert)


def choice(*values: str) -> Kind[str]:
    """One of a few words, in any case."""

    def convert(text: str) -> str:
        if text.lower() not in values:
            raise ValueError(text)
        return text.lower()

    return Kind(" or ".join(values), convert)


def secret(least: int, most: int) -> Kind[str]:
    """A text of a certain length, never shown."""

    def convert(text: str) -> str:
        if not least <= len(text) <= most:
            raise ValueError
        return text

    return Kind(f"a text of {least} to {most} characters", convert)


def secrets(least: int, most: int) -> Kind[tuple[str, ...]]:
    """Several of them."""
    return _listing(f"texts of {least} to {most} characters", secret(least, most).read)


def _listing(accepts: str, convert: Callable[[str], str]) -> Kind[tuple[str, ...]]:
    def convert_all(text: str) -> tuple[str, ...]:
        return tuple(convert(part.strip()) for part in text.split(",") if part.strip())

    return Kind(f"{accepts}, with commas between them", convert_all)


def _flag(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise ValueError(text)
    return text.lower() in _YES


def _path(text: str) -> Path:
    if "\0" in text:
        raise ValueError(text)
    return Path(text).expanduser()


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise ValueError(text)
    return int(found[1]) * _STEPS[found[2].lower()]


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(text)
    return text


def _public_url(text: str) -> str:
    try:
        target = read(text)
    except BadAddress as wrong:
        raise ValueError(text) from wrong
    if any(sign in text for sign in "?#"):
        raise ValueError(text)
    return target.url.rstrip("/")


def _database_url(text: str) -> str:
    if text.startswith("sqlite:///") and len(text) > len("sqlite:///"):
        return f"sqlite:///{Path(text.removeprefix('sqlite:///')).expanduser().absolute()}"
    parts = urlsplit(text)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError(text)
    return text


def _media_url(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise ValueError(text)
    return text.rstrip("/")


def _smtp_url(text: str) -> str:
    if not _SMTP.fullmatch(text) or urlsplit(text).password is not None:
        raise ValueError(text)
    return text.rstrip("/")


def _endpoint(text: str) -> str:
    if not _ORIGIN.fullmatch(text.rstrip("/")):
        raise ValueError(text)
    return text.rstrip("/")


def _letting(text: str) -> str:
    Gate.letting([text])
    return text


def _network(text: str) -> str:
    return str(ip_network(text, strict=False))


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as wrong:
        raise ValueError(text) from wrong
    return text


def _origin(text: str) -> str:
    if text not in {"*", "off"} and not _ORIGIN.fullmatch(text):
        raise ValueError(text)
    return text


FLAG: Final = Kind("true or false", _flag)
PATH: Final = Kind("a path", _path)
TEXT: Final = Kind("a text", str)
SIZE: Final = Kind("a number of bytes, or one like '48 MiB'", _size)
HOST: Final = Kind("a host name or an IP address", _host)
PUBLIC_URL: Final = Kind("an http:// or https:// address without a query", _public_url)
DATABASE_URL: Final = Kind(
    "sqlite:////absolute/path or postgresql://user:password@host/name", _database_url
)
MEDIA_URL: Final = Kind("s3://bucket or s3://bucket/prefix", _media_url)
SMTP_URL: Final = Kind("smtp://host or smtps://user@host:port, no password", _smtp_url)
ENDPOINT: Final = Kind("an http:// or https:// address without a path", _endpoint)
HOSTS: Final = _listing("host names", _host)
PRIVATE_HOSTS: Final = _listing("host names, IP addresses or CIDRs", _letting)
NETWORKS: Final = _listing("IP addresses or CIDRs", _network)
ZONE: Final = Kind("a time zone like Asia/Shanghai", _zone)
ORIGINS: Final = _listing("*, off, or origins like https://app.example.com", _origin)
