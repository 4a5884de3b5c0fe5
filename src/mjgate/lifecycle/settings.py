"""The settings in force: looked up again each second, so that a change is everywhere soon."""

from functools import partial

from mjgate.domain.settings import Settings
from mjgate.lifecycle import Gateway
from mjgate.store import settings
from mjgate.store.database import Reader


async def in_force(gateway: Gateway) -> Settings:
    """What the admins have set, and the defaults for the rest."""
    return await gateway.settings.value(
        gateway.clock.now(), partial(settings_in, gateway.store.reader)
    )


async def settings_in(reader: Reader) -> Settings:
    """What the database says of them just now."""
    return Settings.of(await settings.values(reader))
