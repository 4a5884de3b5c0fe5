"""What we ask of an upstream; there are no prefixes, so a mode stands in the body or the prompt."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from mjgate.dialects import Call, Options, Work
from mjgate.dialects.bodies import confirming, submitting

ROOT: Final = "/api/mj/task"

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""A UUID that no job has: who asks for it learns whether the channel and its key are well."""


def submit(work: Work, options: Options) -> Call:
    """Hand over `work`."""
    path, body = submitting(work, options)
    return Call("POST", f"{ROOT}/{path}", body)


def confirm(work: Work, upstream_id: str, options: Options) -> Call:
    """Confirm the window that `upstream_id` may wait for."""
    return Call("POST", f"{ROOT}/submit/modal", confirming(work, upstream_id, options))


def look(upstream_ids: Sequence[str], options: Options) -> Call:
    """Ask for the first: this format has no way to ask for several."""
    return fetch(upstream_ids[0] if upstream_ids else NOBODY, options)


def fetch(upstream_id: str, options: Options) -> Call:
    """Ask for one task."""
    del options
    return Call("GET", f"{ROOT}/{quote(upstream_id, safe='')}/fetch")


def cancel(upstream_id: str, options: Options) -> None:
    """Nothing can be stopped."""
    del upstream_id, options


def recent(options: Options) -> None:
    """There is no list."""
    del options


def seed(upstream_id: str, options: Options) -> None:
    """No seed is told."""
    del upstream_id, options
