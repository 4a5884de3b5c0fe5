"""GET /api/status: whether the gateway is set up."""

from importlib.metadata import version
from typing import Final

from msgspec import Struct

from mjgate.store import accounts, channels
from mjgate.web.api.rows import Call, Row, Who, looks


class Status(Struct, frozen=True, omit_defaults=True):
    """What is there; version and uptime only for who has logged in."""

    has_admin: bool
    has_channel: bool
    version: str | None = None
    uptime_seconds: int | None = None


async def _status(call: Call) -> Status:
    reader = call.gateway.store.reader
    admin, known = await accounts.any_admin(reader), await channels.all_in_use(reader)
    if call.somebody is None:
        return Status(has_admin=admin, has_channel=bool(known))
    return Status(
        has_admin=admin,
        has_channel=bool(known),
        version=version("mjgate"),
        uptime_seconds=(call.gateway.clock.now() - call.context.started) // 1000,
    )


ROWS: Final[tuple[Row, ...]] = (
    looks(
        "/api/status",
        Who.ANYONE,
        _status,
        "Whether there is an admin and a channel; with a login also version and uptime.",
        gives=Status,
    ),
)
