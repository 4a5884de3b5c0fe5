"""GET /mj/task/list and its kin: one's own tasks, the latest, those that wait, and a search."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, TypeVar, cast

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.dialects.mjproxy import PageView, TaskView
from mjgate.domain.action import Action
from mjgate.domain.errors import BadField
from mjgate.domain.extras import absent
from mjgate.domain.prompt import clean
from mjgate.domain.task import Status
from mjgate.links import view
from mjgate.store import lists
from mjgate.store.lists import WORDS_MOST, Wanted
from mjgate.web.bodies import SMALL, Body, decode, read
from mjgate.web.context import Context
from mjgate.web.respond import answer
from mjgate.web.spots import Spot, made_of
from mjgate.web.tasks import read_ids

PAGE: Final = 20
PAGE_MOST: Final = 100
NUMBER_MOST: Final = 1_000_000
WORD_MOST: Final = 200

_SORTS: Final = {
    "id,desc": False, "id,asc": True, "submittime,desc": False, "submittime,asc": True,
}  # fmt: skip
"""Whether the oldest come first; ids sort by time."""

_DIGITS_MOST: Final = 9

Word = TypeVar("Word", bound=StrEnum)


class Search(Struct, frozen=True, rename="camel"):
    """What the tasks must fit; what is left out fits all. Sorts are by id or submitTime."""

    page_number: int = 0
    page_size: int = PAGE
    sort: str = "id,desc"
    status: str = ""
    status_set: list[str] = []
    action: str = ""
    prompt: str = ""
    state: str = ""
    ids: list[str | int] = []


def routes(context: Context) -> list[Route]:
    """The lists, and one that is always empty because a client asks for it."""
    return made_of(context, SPOTS)


async def _latest(context: Context, request: Request) -> Response:
    """One's newest tasks."""
    caller = await context.doors.caller(request)
    gateway = context.gateway
    found = await lists.latest(gateway.store.reader, seen_by=caller)
    return answer([view(task, gateway.links) for task in found])


async def _waiting(context: Context, request: Request) -> Response:
    """One's own tasks that wait here for a free slot."""
    caller = await context.doors.caller(request)
    gateway = context.gateway
    found = await lists.waiting(gateway.store.reader, seen_by=caller)
    return answer([view(task, gateway.links) for task in found])


async def _search(context: Context, request: Request) -> Response:
    """A page of one's own tasks that fit."""
    caller = await context.doors.caller(request)
    with context.room.share() as share:
        wanted = read_wanted(decode(await read(request, SMALL, share)))
    gateway = context.gateway
    page = await lists.page(gateway.store.reader, wanted, seen_by=caller)
    shown = [view(task, gateway.links) for task in page.tasks]
    return answer(PageView(shown, page.total, wanted.number, wanted.size))


async def _accounts(context: Context, request: Request) -> Response:
    """Channels are nobody's business but the operator's."""
    await context.doors.caller(request)
    return answer([])


def read_wanted(body: Body) -> Wanted:
    """What a search asks for. BadField names what cannot be asked; TooLarge for too many ids."""
    action = _text(body, "action")
    return Wanted(
        statuses=_statuses(body),
        action=_word(Action, action, "action") if action else None,
        words=tuple(word[:WORD_MOST] for word in _text(body, "prompt").split()[:WORDS_MOST]),
        caller_state=_text(body, "state") or None,
        ids=None if absent(body.get("ids")) else tuple(read_ids(body["ids"])),
        oldest_first=_oldest_first(body),
        number=min(_number(body, "pageNumber", 0), NUMBER_MOST),
        size=min(max(_number(body, "pageSize", PAGE), 1), PAGE_MOST),
    )


def _statuses(body: Body) -> frozenset[Status] | None:
    """Those of `status` and of `statusSet`; where both stand, those of both."""
    wanted: frozenset[Status] | None = None
    for name in ("status", "statusSet"):
        value = body.get(name)
        if absent(value):
            continue
        many = cast("Sequence[object]", value) if isinstance(value, list) else [value]
        named = frozenset(_word(Status, each, name) for each in many)
        wanted = named if wanted is None else wanted & named
    return wanted


def _oldest_first(body: Body) -> bool:
    sort = _text(body, "sort").replace(" ", "").lower()
    found = _SORTS.get(sort or "id,desc")
    if found is None:
        raise _not_one_of("sort", _SORTS)
    return found


def _word(words: type[Word], value: object, field: str) -> Word:
    """The word of a closed list, in any letter case."""
    try:
        return words(value.strip().upper() if isinstance(value, str) else "")
    except ValueError as error:
        raise _not_one_of(field, words) from error


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if absent(value):
        return ""
    if isinstance(value, str):
        return clean(value).strip()
    msg = f"{name} must be a text."
    raise BadField(msg, field=name)


def _number(body: Body, name: str, default: int) -> int:
    """A whole number from 0 on, also as text."""
    value = body.get(name)
    if absent(value):
        return default
    text = str(value)
    if isinstance(value, int | str) and text.isascii() and text.isdigit():
        return int(text) if len(text) <= _DIGITS_MOST else NUMBER_MOST
    msg = f"{name} must be a whole number from 0 on."
    raise BadField(msg, field=name)


def _not_one_of(field: str, words: Iterable[str]) -> BadField:
    msg = f"{field} must be one of {', '.join(words)}."
    return BadField(msg, field=field)


_OWN_WAITING: Final = "One's own tasks that wait here for a slot."

SPOTS: Final = (
    Spot(
        path="/mj/task/list",
        does=_latest,
        summary="One's own latest 100 tasks.",
        gives=list[TaskView],
    ),
    Spot(path="/mj/task/queue", does=_waiting, summary=_OWN_WAITING, gives=list[TaskView]),
    Spot(path="/mj/queue", does=_waiting, summary=_OWN_WAITING, gives=list[TaskView]),
    Spot(
        path="/mj/task/query",
        does=_search,
        method="POST",
        summary="A page of one's own tasks that fit; the first page is number 0.",
        takes=Search,
        gives=PageView,
        may_refuse=True,
    ),
    Spot(
        path="/mj/account/list",
        does=_accounts,
        summary="Always empty: channels are the operator's business.",
        gives=list[str],
    ),
)
"""The lists."""
