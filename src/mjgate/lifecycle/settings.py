"""The settings in force: looked up again each second, so that a change is everywhere soon."""

from functools import partial

from mjgate.domain.errors import Overloaded
from mjgate.domain.settings import Settings
from mjgate.lifecycle import Gateway
from mjgate.store import settings
from mjgate.store.database import Reader


async def in_force(gateway: Gateway) -> Settings:
    """What the admins have set, and the defaults for the rest."""
    return await gateway.settings.value(
        gateway.clock.now(), partial(settings_in, gateway.store.reader)
    )


async def refuse_in_maintenance(gateway: Gateway) -> None:
    """Take no new task while an admin has said so. Overloaded."""
    if (await in_force(gateway)).maintenance:
        msg = "The gateway is being maintained and takes no new tasks; what runs goes on."
        raise Overloaded(msg, retry_after=60)


async def settings_in(reader: Reader) -> Settings:
    """What the database says of them just now."""
    return Settings.of(await settings.values(reader))
