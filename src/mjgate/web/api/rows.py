"""
The form of a row: an address below `/api`, who may ask there, what it takes and what it gives.

Routes, checks, the documents and the access matrix are made from the rows.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request

from mjgate.domain.account import Visitor
from mjgate.domain.errors import BadField, BadKey, NotFound
from mjgate.lifecycle import Gateway
from mjgate.manage import Desk
from mjgate.web.context import Context

PAGE: Final = 20
PAGE_MOST: Final = 100
COUNTED: Final = 10_001
"""A count of what may be very much stops here."""

NUMBER_MOST: Final = 10**18
NEWEST: Final = 2**62

_SIZES: Final = ("page_size", "ps", "size")

T = TypeVar("T")
B = TypeVar("B", bound=Struct)


class Who(StrEnum):
    """Who may ask."""

    ANYONE = "anyone"
    USER = "user"
    ADMIN = "admin"


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """A body without members, or none."""


class Page(Struct, Generic[T], frozen=True):
    """One page of a list; `total` counts all pages."""

    items: list[T]
    total: int
    page: int
    page_size: int
    total_capped: bool | UnsetType = UNSET  # there are more than were counted


class Piece(Struct, Generic[T], frozen=True):
    """
    One page of a list that may be very long: by its number, or on with `cursor` while there is one.

    `total` is counted to 10,001 and no further; `total_capped` says that there are more.
    """

    items: list[T]
    total: int
    page: int
    page_size: int
    total_capped: bool | UnsetType = UNSET
    next_cursor: int | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page: its number from 1, and how many items stand on it."""

    number: int
    size: int

    @property
    def skipped(self) -> int:
        """The items on the pages before it."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in."""

    context: Context
    request: Request
    somebody: Visitor | None  # nobody only where anyone may ask

    @property
    def gateway(self) -> Gateway:
        """What every step of a task needs, the store among it."""
        return self.context.gateway

    @property
    def visitor(self) -> Visitor:
        """Who asks; BadKey where anyone may and nobody has logged in."""
        if self.somebody is None:
            raise BadKey
        return self.somebody

    @property
    def desk(self) -> Desk:
        """Where he changes things, under his name."""
        gateway = self.gateway
        actor = f"user {self.somebody.user_id}" if self.somebody else "nobody"
        return Desk(store=gateway.store, keys=gateway.keys, clock=gateway.clock, actor=actor)

    @property
    def id(self) -> int:
        """The first number in the path. NotFound if it cannot be one of ours."""
        return self.part("id")

    def part(self, name: str) -> int:
        """A number in the path. NotFound if it cannot be one of ours."""
        number = _whole(self.text(name))
        if number is None:
            raise NotFound
        return number

    def text(self, name: str) -> str:
        """A part of the path."""
        found: str = self.request.path_params[name]
        return found

    def asked(self, *names: str) -> str:
        """The first of these in the query that says something. BadField for control characters."""
        query = self.request.query_params
        text = next(filter(None, (query.get(each, "") for each in names)), "")
        if not text.isprintable():
            msg = f"{names[0]} must not hold control characters."
            raise BadField(msg, field=names[0])
        return text

    def number(self, *names: str, default: int | None = None) -> int | None:
        """The same as a whole number from 0 on. BadField."""
        text = self.asked(*names)
        if not text:
            return default
        number = _whole(text.strip())
        if number is None:
            msg = f"{names[0]} must be a whole number from 0 on."
            raise BadField(msg, field=names[0])
        return number

    def below(self) -> int:
        """Where a part of a long list begins: below the last id that was seen. BadField."""
        cursor = self.number("cursor", default=NEWEST)
        return NEWEST if cursor is None else cursor

    def page(self) -> Wanted:
        """Which page is asked for; a size beyond the bounds is brought into them. BadField."""
        size = self.number(*_SIZES, default=PAGE)
        number = self.number("p", default=1) or 1
        return Wanted(min(number, 10**9), min(max(PAGE if size is None else size, 1), PAGE_MOST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A method at an address."""

    method: str
    path: str
    who: Who
    summary: str
    does: Callable[[Call, Any], Awaitable[object]]
    takes: type[Struct] = Nothing
    gives: object = None
    query: tuple[str, ...] = ()
    early: bool = False  # open before a one-time password was changed


def looks(
    path: str,
    who: Who,
    does: Callable[[Call], Awaitable[object]],
    summary: str,
    *,
    gives: object,
    query: tuple[str, ...] = (),
    early: bool = False,
) -> Row:
    """A row that changes nothing."""

    async def look(call: Call, body: object) -> object:
        del body
        return await does(call)

    return Row(
        method="GET", path=path, who=who, summary=summary, does=look, gives=gives, query=query,
        early=early,
    )  # fmt: skip


def acts(  # noqa: PLR0913  what a row has
    method: str,
    path: str,
    who: Who,
    does: Callable[[Call], Awaitable[object]],
    summary: str,
    *,
    gives: object = None,
    query: tuple[str, ...] = (),
    early: bool = False,
) -> Row:
    """A row that changes something and needs no more than its address for it."""

    async def act(call: Call, body: object) -> object:
        del body
        return await does(call)

    return Row(
        method=method, path=path, who=who, summary=summary, does=act, gives=gives, query=query,
        early=early,
    )  # fmt: skip


def takes(  # noqa: PLR0913  what a row has
    method: str,
    path: str,
    who: Who,
    body: type[B],
    does: Callable[[Call, B], Awaitable[object]],
    summary: str,
    *,
    gives: object = None,
    early: bool = False,
) -> Row:
    """A row that takes a body, of the members of `body` and no others."""
    return Row(
        method=method, path=path, who=who, summary=summary, does=does, takes=body, gives=gives,
        early=early,
    )  # fmt: skip


def given(body: Struct) -> dict[str, Any]:
    """The members that a body with `UNSET` defaults really named."""
    return {
        name: value
        for name in body.__struct_fields__
        if (value := getattr(body, name)) is not msgspec.UNSET
    }


def piece(found: list[T], total: int, page: Wanted, number: Callable[[T], int]) -> Piece[T]:
    """The page, cut from what was found; that there is more shows in there being one more."""
    shown = found[: page.size]
    more = len(found) > page.size
    return Piece(
        items=shown,
        total=total,
        page=page.number,
        page_size=page.size,
        total_capped=True if total == COUNTED else UNSET,
        next_cursor=number(shown[-1]) if more else UNSET,
    )


def whole(found: list[T]) -> Page[T]:
    """A list that is short enough for one page."""
    return Page(found, len(found), 1, len(found))


def _whole(text: str) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= 18 else NUMBER_MOST  # noqa: PLR2004  as many digits
    return None
