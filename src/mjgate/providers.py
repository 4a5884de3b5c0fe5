"""
The vendors, a row each: which dialect, how the key is sent, how many tasks one look may name.

The channel form, the documents and the tests read the same rows. A vendor of a known format is one
row more and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mjgate.dialects import Dialect, mjproxy


@dataclass(frozen=True, slots=True)
class Option:
    """A choice that a channel of this provider has; the first value is the default."""

    values: tuple[str, ...]  # empty: any number
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A vendor, or a kind of server that many run."""

    label: str
    dialect: Dialect
    options: Mapping[str, Option]
    batch: int = 50


_MJPROXY_OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "auth": Option(("secret", "bearer", "both"), "Header that carries the key."),
        "path": Option(("plain", "mj-fast", "fast", "flag"), "How a mode is asked for."),
        "filter": Option(("nested", "flat"), "Form of the account filter."),
        "actions": Option(("action", "change"), "Whether buttons or numbers follow a task."),
        "edits": Option(("edits", "edit"), "Path of edits."),
        "batch": Option((), "Tasks named by one look."),
        "idempotent": Option(("off", "on"), "Whether a repeated Idempotency-Key makes one job."),
        "notify": Option(("on", "off"), "Whether it is told where to notify us."),
    }
)

PROVIDERS: Final[Mapping[str, Provider]] = MappingProxyType(
    {
        "mjproxy": Provider(
            label="midjourney-proxy and its kin", dialect=mjproxy, options=_MJPROXY_OPTIONS
        )
    }
)


def auth_headers(options: Mapping[str, str], secret: str) -> dict[str, str]:
    """The headers that carry a channel's key."""
    form = options.get("auth", "secret")
    headers: dict[str, str] = {}
    if form in {"secret", "both"}:
        headers["mj-api-secret"] = secret
    if form in {"bearer", "both"}:
        headers["Authorization"] = f"Bearer {secret}"
    return headers
