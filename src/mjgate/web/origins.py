"""Calls from web pages of other origins: which headers let a browser make them."""

import re
from collections.abc import Sequence
from typing import Final, Protocol, cast, runtime_checkable

from starlette.types import Scope

Headers = list[tuple[bytes, bytes]]


@runtime_checkable
class Crossed(Protocol):
    """An application that can tell the headers of an answer that it has no part in."""

    def origin_headers(self, scope: Scope) -> Headers:
        """What lets a page of another origin read the answer."""
        ...


PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "authorization, mj-api-secret, content-type, accept, accept-language, idempotency-key,"
        " new-api-user, x-ptoken, x-requested-with"
    ),
    "Access-Control-Max-Age": "86400",
}

_OFF: Final = "off"
_NEARLY: Final = re.compile(
    r"(?:/(?:mj-)?(?:fast|relax|turbo))?/(?:submit|task|image|video|insight-face)/"
)


class Origins:
    """The web pages that may call: `*`, some origins, or none where a proxy adds the headers."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = frozenset(() if _OFF in allowed else allowed)

    def headers(self, scope: Scope) -> Headers:
        """What an answer must carry, its refusals included."""
        if not self._allowed or not crosses(scope["path"]):
            return []
        if "*" in self._allowed:
            return [(b"access-control-allow-origin", b"*")]
        origin = _origin(scope)
        if origin not in self._allowed:
            return [(b"vary", b"Origin")]
        return [(b"vary", b"Origin"), (b"access-control-allow-origin", origin.encode())]


def crosses(path: str) -> bool:
    """
    Whether other origins may call; `/api` with cookies is same-origin only.

    Paths that nearly name the task protocol count, so that a page can read what is wrong with them.
    """
    if path.startswith("/api/"):
        return path.startswith("/api/mj/task/")
    return bool(_NEARLY.match(path)) or "mj" in path.split("/")


def _origin(scope: Scope) -> str:
    for name, value in cast("Headers", scope["headers"]):
        if name == b"origin":
            return value.decode("latin-1")
    return ""
