"""Prices and settings: a new version each time, in force everywhere within a second or two."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mjgate.domain.action import Action, Mode
from mjgate.domain.pricing import PriceTable
from mjgate.domain.settings import ROWS, Settings, Value
from mjgate.manage import BadValue, Desk, checks
from mjgate.manage.people import differences
from mjgate.store import settings
from mjgate.store.database import Transaction

PRICE_MOST: Final = 10**12
FACTOR_MOST: Final = 1_000_000


async def set_prices(
    desk: Desk, actions: Mapping[str, int], modes: Mapping[str, int]
) -> PriceTable:
    """Put prices in force, of the actions and modes that are named. BadValue."""
    named = {
        checks.word(Action, name, field="actions"): _within(price, PRICE_MOST, f"actions.{name}")
        for name, price in actions.items()
    }
    factors = {
        checks.word(Mode, name, field="modes"): _within(factor, FACTOR_MOST, f"modes.{name}")
        for name, factor in modes.items()
    }
    return await desk.store.write(_set_prices, desk, named, factors)


async def set_setting(desk: Desk, name: str, value: Value) -> int:
    """Put a setting in force; its version. BadValue."""
    row = ROWS.get(name)
    if row is None:
        raise BadValue(checks.unknown(name, ROWS, "setting"), field="name")
    if not row.permits(value) or (isinstance(value, str) and not value.isprintable()):
        raise BadValue(f"{name} must be {row.permitted}.", field="value")
    return await desk.store.write(_set_setting, desk, name, value)


def _within(number: int, most: int, field: str) -> int:
    if not 0 <= number <= most:
        raise BadValue(f"{field} cannot be {number}: take 0 to {most:,}.", field=field)
    return number


async def _set_prices(
    tx: Transaction, desk: Desk, actions: Mapping[Action, int], modes: Mapping[Mode, int]
) -> PriceTable:
    await tx.lock_all()  # what is not named is taken from the table before
    before, now = await settings.prices(tx), desk.clock.now()
    after = replace(before, actions={**before.actions, **actions}, modes={**before.modes, **modes})
    version = await settings.set_prices(tx, after, desk.actor, now)
    await desk.audit(
        tx,
        "prices changed",
        f"prices {version}",
        **differences({**before.actions, **before.modes}, {**after.actions, **after.modes}),
    )
    return replace(after, version=version)


async def _set_setting(tx: Transaction, desk: Desk, name: str, value: Value) -> int:
    before = getattr(Settings.of(await settings.values(tx)), name)
    version = await settings.set_value(tx, name, value, desk.actor, desk.clock.now())
    await desk.audit(
        tx, "setting changed", f"setting {name}", before={"value": before}, after={"value": value}
    )
    return version
