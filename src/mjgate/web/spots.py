"""
The form of a spot: an address outside the management API, who may ask there, what comes back.

Routes and documents are made from the spots; submits have their rules, and `/api` its rows.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from msgspec import Struct
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from mjgate.web.context import Context


class Door(StrEnum):
    """What lets one in."""

    KEY = "key"
    MANAGER = "manager"  # an access token, or a session's cookie
    SIGNED = "signed"  # the address itself
    METRICS = "metrics"  # a token of its own, or this machine
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """
    A method at an address.

    `gives` is the type of a good answer; a text is the media type of one that is no JSON. `takes`
    is what the body may have, for documents: handlers read it with more patience. `may_refuse`
    says that a refusal may come under HTTP 200, by its code.
    """

    path: str
    does: Callable[[Context, Request], Awaitable[ASGIApp]]
    summary: str
    gives: object
    method: str = "GET"
    door: Door = Door.KEY
    takes: type[Struct] | None = None
    query: tuple[str, ...] = ()
    may_refuse: bool = False


def made_of(context: Context, spots: Iterable[Spot]) -> list[Route]:
    """A route for each, in their order."""
    return [Route(each.path, partial(each.does, context), methods=[each.method]) for each in spots]
