"""What we ask of an upstream: one function for each kind of call."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from mjgate.dialects import Call, Options, Work
from mjgate.dialects.bodies import confirming, submitting
from mjgate.domain.action import Mode

PREFIXES: Final[dict[str, dict[Mode, str]]] = {
    "plain": dict.fromkeys(Mode, "/mj"),
    "mj-fast": {mode: f"/mj-{mode.lower()}/mj" for mode in Mode},
    "fast": {mode: f"/{mode.lower()}/mj" for mode in Mode},
    "flag": dict.fromkeys(Mode, "/mj"),
}
"""Where a mode's submits go, by the channel's option `path`; `flag` says it in the prompt."""


def submit(work: Work, options: Options) -> Call:
    """Hand over `work`."""
    path, body = submitting(work, options)
    return Call("POST", f"{_prefix(work, options)}/{path}", body)


def confirm(work: Work, upstream_id: str, options: Options) -> Call:
    """Confirm the window that `upstream_id` waits for."""
    path = f"{_prefix(work, options)}/submit/modal"
    return Call("POST", path, confirming(work, upstream_id, options))


def cancel(upstream_id: str, options: Options) -> Call:
    """Ask for a task to be stopped."""
    del options
    return Call("POST", f"/mj/task/{quote(upstream_id, safe='')}/cancel", {})


def look(upstream_ids: Sequence[str], options: Options) -> Call:
    """Ask for a batch; the mode's prefix plays no part in queries."""
    del options
    return Call("POST", "/mj/task/list-by-condition", {"ids": list(upstream_ids)})


def recent(options: Options) -> Call:
    """Ask for the latest tasks; not every upstream has such a list."""
    del options
    return Call("GET", "/mj/task/list")


def fetch(upstream_id: str, options: Options) -> Call:
    """Ask for one task alone."""
    del options
    return Call("GET", f"/mj/task/{quote(upstream_id, safe='')}/fetch")


def seed(upstream_id: str, options: Options) -> Call:
    """Ask for the number that a finished picture was made from."""
    del options
    return Call("GET", f"/mj/task/{quote(upstream_id, safe='')}/image-seed")


def _prefix(work: Work, options: Options) -> str:
    return PREFIXES[options.get("path", "plain")][work.mode]
