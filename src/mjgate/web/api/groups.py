"""/api/group/: what the users of a group pay, and what holds for them."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from mjgate.manage import groups as manage
from mjgate.store import groups
from mjgate.store.groups import Group
from mjgate.web.api.rows import Call, Page, Row, Who, acts, given, looks, takes


class GroupNew(Struct, frozen=True, forbid_unknown_fields=True):
    """A group; `ratio` multiplies its prices, in thousandths."""

    name: str
    ratio: int = 1000
    default_mode: str = "FAST"
    max_running: int | None = None


class GroupChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays. The name is for ever: channels name it."""

    ratio: int | UnsetType = UNSET
    default_mode: str | UnsetType = UNSET
    max_running: int | UnsetType | None = UNSET


async def _list(call: Call) -> Page[Group]:
    reader, page = call.gateway.store.reader, call.page()
    found = await groups.page(reader, size=page.size, skipped=page.skipped)
    return Page([*found], await groups.count(reader), page.number, page.size)


async def _get(call: Call) -> Group:
    return await groups.get(call.gateway.store.reader, call.id)


async def _create(call: Call, body: GroupNew) -> Group:
    return await manage.create_group(
        call.desk,
        body.name,
        ratio=body.ratio,
        default_mode=body.default_mode,
        max_running=body.max_running,
    )


async def _change(call: Call, body: GroupChange) -> Group:
    return await manage.change_group(call.desk, call.id, given(body))


async def _delete(call: Call) -> None:
    await manage.delete_group(call.desk, call.id)


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/group/", Who.ADMIN, _list, "All groups.", gives=Page[Group],
          query=("p", "page_size")),
    looks("/api/group/{id}", Who.ADMIN, _get, "One group.", gives=Group),
    takes("POST", "/api/group/", Who.ADMIN, GroupNew, _create, "Make a group.", gives=Group),
    takes("PUT", "/api/group/{id}", Who.ADMIN, GroupChange, _change,
          "Change a group; what was accepted keeps its price.", gives=Group),
    acts("DELETE", "/api/group/{id}", Who.ADMIN, _delete,
         "Take away a group that nobody is in (else 409)."),
)  # fmt: skip
