"""/api/price/ and /api/setting/: what holds for everybody, each change a new version."""

import json
from typing import Final

from msgspec import Struct

from mjgate.domain.errors import NotFound
from mjgate.domain.pricing import PriceTable
from mjgate.domain.settings import ROWS as SETTINGS
from mjgate.domain.settings import Row as SettingRow
from mjgate.lifecycle.hooks import check_hook
from mjgate.manage import tuning
from mjgate.store import records, settings
from mjgate.store.records import Version
from mjgate.web.api.rows import Call, Page, Piece, Row, Who, looks, piece, takes, whole


class Prices(Struct, frozen=True):
    """Units of each action, and the factor of each mode in thousandths."""

    version: int
    actions: dict[str, int]
    modes: dict[str, int]


class PriceChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    actions: dict[str, int] = {}
    modes: dict[str, int] = {}


class VersionView(Struct, frozen=True):
    """What was in force from a time on, and who said so."""

    version: int
    value: object
    actor: str
    at: int


class SettingView(Struct, frozen=True):
    """A setting: what it means, what it may be and is; version 0 as long as nobody set it."""

    name: str
    meaning: str
    permitted: str
    default: object
    value: object
    version: int
    actor: str
    at: int


class SettingChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The value that shall be in force."""

    value: bool | int | str


def _prices(table: PriceTable) -> Prices:
    return Prices(
        version=table.version,
        actions={action.value: price for action, price in table.actions.items()},
        modes={mode.value: factor for mode, factor in table.modes.items()},
    )


async def _price(call: Call) -> Prices:
    return _prices(await settings.prices(call.gateway.store.reader))


async def _set_price(call: Call, body: PriceChange) -> Prices:
    table = await tuning.set_prices(call.desk, body.actions, body.modes)
    call.gateway.prices.forget()
    return _prices(table)


async def _price_history(call: Call) -> Piece[VersionView]:
    page = call.page()
    found, total = await records.price_versions(
        call.gateway.store.reader, below=call.below(), skip=page.skipped, most=page.size + 1
    )
    return piece([_version(each) for each in found], total, page, lambda each: each.version)


def _version(found: Version) -> VersionView:
    return VersionView(found.version, json.loads(found.value), found.actor, found.at)


def _setting(row: SettingRow, latest: Version | None) -> SettingView:
    value = row.default if latest is None else json.loads(latest.value)
    return SettingView(
        name=row.name,
        meaning=row.meaning,
        permitted=row.permitted,
        default=row.default,
        value=value if row.permits(value) else row.default,
        version=0 if latest is None else latest.version,
        actor="" if latest is None else latest.actor,
        at=0 if latest is None else latest.at,
    )


async def _settings(call: Call) -> Page[SettingView]:
    latest = await records.latest_settings(call.gateway.store.reader)
    return whole([_setting(row, latest.get(name)) for name, row in SETTINGS.items()])


async def _setting_history(call: Call) -> Piece[VersionView]:
    name = call.text("name")
    if name not in SETTINGS:
        raise NotFound("There is no such setting.")
    page = call.page()
    found, total = await records.setting_versions(
        call.gateway.store.reader, name, below=call.below(), skip=page.skipped, most=page.size + 1
    )
    return piece([_version(each) for each in found], total, page, lambda each: each.version)


async def _set_setting(call: Call, body: SettingChange) -> SettingView:
    name = call.text("name")
    if name not in SETTINGS:
        raise NotFound("There is no such setting.")
    if SETTINGS[name].address and body.value:
        await check_hook(call.gateway, str(body.value), field="value")
    await tuning.set_setting(call.desk, name, body.value)
    call.gateway.settings.forget()
    latest = await records.latest_settings(call.gateway.store.reader)
    return _setting(SETTINGS[name], latest.get(name))


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/price/", Who.ADMIN, _price,
          "The prices in force: action × mode × the group's ratio.", gives=Prices),
    looks("/api/price/history", Who.ADMIN, _price_history, "Every table that was ever in force.",
          gives=Piece[VersionView], query=("p", "page_size", "cursor")),
    takes("PUT", "/api/price/", Who.ADMIN, PriceChange, _set_price,
          "Put prices in force; what was accepted keeps its price.", gives=Prices),
    looks("/api/setting/", Who.ADMIN, _settings, "Every setting.", gives=Page[SettingView]),
    looks("/api/setting/{name}", Who.ADMIN, _setting_history, "The values that a setting ever had.",
          gives=Piece[VersionView], query=("p", "page_size", "cursor")),
    takes("PUT", "/api/setting/{name}", Who.ADMIN, SettingChange, _set_setting,
          "Put a setting in force.", gives=SettingView),
)  # fmt: skip
