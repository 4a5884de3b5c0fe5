"""`/api`: the management API, one module a noun."""

from typing import Final

from starlette.routing import Route

from mjgate.web.api import (
    banned,
    channels,
    export,
    groups,
    hooks,
    mj,
    own,
    records,
    stats,
    status,
    tasks,
    timeline,
    tokens,
    tuning,
    users,
)
from mjgate.web.api.rows import Row
from mjgate.web.api.serve import made_of
from mjgate.web.context import Context

ROWS: Final[tuple[Row, ...]] = (
    *status.ROWS,
    *own.ROWS,
    *tokens.ROWS,
    *users.ROWS,
    *channels.ROWS,
    *groups.ROWS,
    *banned.ROWS,
    *tuning.ROWS,
    *records.ROWS,
    *mj.ROWS,
    *export.ROWS,
    *stats.ROWS,
    *tasks.ROWS,
    *timeline.ROWS,
    *hooks.ROWS,
)
"""Every address of the management API."""


def routes(context: Context) -> list[Route]:
    """What is spelt out stands before what has a number in it."""
    return made_of(context, ROWS)
