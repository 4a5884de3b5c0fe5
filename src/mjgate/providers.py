"""
The vendors, a row each: which dialect, how the key is sent, how many tasks one look may name.

The channel form, the documents and the tests read the same rows. A vendor of a known format is one
row more and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mjgate.dialects import Dialect, job, mjproxy


@dataclass(frozen=True, slots=True)
class Option:
    """A choice that a channel of this provider has; the first value is the default."""

    values: tuple[str, ...]  # empty: any number
    help: str


class Lack(StrEnum):
    """What the servers of a format may not be able to do."""

    CANCEL = "cancel"
    SEED = "seed"
    RECENT = "recent"  # tell their latest tasks
    NOTICES = "notices"  # tell us of changes
    WINDOWS = "windows"  # tell that a window waits
    SEVERAL = "several"  # name several jobs in one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A vendor, or a kind of server that many run; one look may name `batch` tasks."""

    label: str
    dialect: Dialect
    options: Mapping[str, Option]
    batch: int = 50
    lacks: frozenset[Lack] = frozenset()


_AUTH: Final = Option(("secret", "bearer", "both"), "Header that carries the key.")
_FILTER: Final = Option(("nested", "flat"), "Form of the account filter.")
_ACTIONS: Final = Option(("action", "change"), "Whether buttons or numbers follow a task.")
_EDITS: Final = Option(("edits", "edit"), "Path of edits.")
_IMAGES: Final = Option(
    ("base64", "url", "base64-only"),
    "How it gets our pictures; base64-only: users' addresses too are fetched and sent as bytes.",
)
_REMIX: Final = Option(("off", "on"), "Whether it is preferred where remix is asked for.")
_NIJI_REMIX: Final = Option(("off", "on"), "Whether it is preferred where niji remix is asked for.")
_IDEMPOTENT: Final = Option(("off", "on"), "Whether a repeated Idempotency-Key makes one job.")

_MJPROXY_OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "auth": _AUTH,
        "path": Option(("plain", "mj-fast", "fast", "flag"), "How a mode is asked for."),
        "filter": _FILTER,
        "actions": _ACTIONS,
        "edits": _EDITS,
        "images": _IMAGES,
        "batch": Option((), "Tasks named by one look."),
        "remix": _REMIX,
        "niji_remix": _NIJI_REMIX,
        "idempotent": _IDEMPOTENT,
        "notify": Option(("on", "off"), "Whether it is told where to notify us."),
    }
)
_JOB_OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "auth": _AUTH,
        "path": Option(("plain", "flag"), "How a mode is asked for."),
        "filter": _FILTER,
        "actions": _ACTIONS,
        "edits": _EDITS,
        "images": _IMAGES,
        "remix": _REMIX,
        "niji_remix": _NIJI_REMIX,
        "idempotent": _IDEMPOTENT,
    }
)

PROVIDERS: Final[Mapping[str, Provider]] = MappingProxyType(
    {
        "mjproxy": Provider(
            label="midjourney-proxy and its kin", dialect=mjproxy, options=_MJPROXY_OPTIONS
        ),
        "job": Provider(
            label="servers of the job dialect",
            dialect=job,
            options=_JOB_OPTIONS,
            batch=1,
            lacks=frozenset(Lack),
        ),
    }
)


def batch_of(provider: Provider, options: Mapping[str, str]) -> int:
    """How many tasks one look at a channel may name."""
    return min(int(options.get("batch", provider.batch)), provider.batch)


def takes_notices(provider: Provider, options: Mapping[str, str]) -> bool:
    """Whether a channel is told where to notify us."""
    return Lack.NOTICES not in provider.lacks and options.get("notify", "on") == "on"


def auth_headers(options: Mapping[str, str], secret: str) -> dict[str, str]:
    """The headers that carry a channel's key."""
    form = options.get("auth", "secret")
    headers: dict[str, str] = {}
    if form in {"secret", "both"}:
        headers["mj-api-secret"] = secret
    if form in {"bearer", "both"}:
        headers["Authorization"] = f"Bearer {secret}"
    return headers
