"""/api/mj/self and /api/mj/: the lists of tasks, in the form that their clients know."""

from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct, UnsetType

from mjgate.dialects.mjproxy import encode
from mjgate.domain import day
from mjgate.domain.action import Action, Mode
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import BadField, Overloaded
from mjgate.domain.search import asked
from mjgate.domain.task import State, Status, Task
from mjgate.links import Links, brief
from mjgate.store import listing, tasks
from mjgate.store.listing import Filter, Total
from mjgate.web.api.rows import NEWEST, Call, Row, Who, looks
from mjgate.web.api.words import since, until

FILTERS: Final = (
    "mj_id", "start_timestamp", "end_timestamp", "action", "status", "mode", "q",
)  # fmt: skip
ADMIN_FILTERS: Final = ("channel_id", "user_id")

_PAGES: Final = ("p", "page_size", "ps", "size", "cursor", "sums")
_CODES: Final = {State.QUEUED: 22, State.WINDOW: 21}
_NOBODYS: Final = -1

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)


class Item(Struct, frozen=True, kw_only=True):
    """A task. Times are epoch seconds; 0 and empty texts stand for what is not there."""

    id: int
    mj_id: str
    action: str
    prompt: str
    prompt_en: str
    description: str
    state: str
    status: str
    progress: str
    image_url: str
    video_url: str
    video_urls: str
    submit_time: int
    start_time: int
    finish_time: int
    fail_reason: str
    quota: int
    refund: int
    code: int
    mode: str
    buttons: str
    properties: str


class AdminItem(Item, frozen=True, kw_only=True):
    """The same with whose it is and where it is worked on."""

    user_id: int
    channel_id: int
    upstream_id: str


class Listed(Struct, Generic[T], frozen=True, kw_only=True):
    """A page; `next_cursor` is there while there is more."""

    items: list[T]
    total: int
    page: int
    page_size: int
    total_capped: bool | UnsetType = UNSET
    next_cursor: int | UnsetType = UNSET
    sum_quota: int | UnsetType | None = UNSET
    sum_refund: int | UnsetType | None = UNSET


async def _own(call: Call) -> Listed[Item]:
    return await _listed(call, filter_of(call, admin=False), admin=False)


async def _all(call: Call) -> Listed[Item]:
    return await _listed(call, filter_of(call, admin=True), admin=True)


async def _listed(call: Call, wanted: Filter, *, admin: bool) -> Listed[Item]:
    where, cursor, gateway = call.page(), call.number("cursor"), call.gateway
    reader, limit = gateway.store.reader, gateway.reading.lists
    below, skipped = (NEWEST, where.skipped) if cursor is None else (cursor, 0)
    total, found = None, list[Task]()
    with _in_time(limit):
        if wanted.tallied:
            total = await listing.total(reader, wanted, limit=limit)
        if total is None or total.number > skipped:
            size = where.size + 1  # one more than is shown: whether there are any
            found = await listing.page(
                reader, wanted, size=size, below=below, skipped=skipped, limit=limit
            )
    shown, seen = found[: where.size], skipped + len(found)
    if total is None and cursor is None and len(found) <= where.size and (found or not skipped):
        total = Total(seen)  # the page has shown the end
    total = total or await listing.total(reader, wanted, seen=seen, limit=limit)
    sums = await listing.sums(reader, wanted, limit=limit) if _summed(call) else UNSET
    return Listed(
        items=[item(task, gateway.links, admin=admin) for task in shown],
        total=total.number,
        page=where.number,
        page_size=where.size,
        total_capped=total.capped or UNSET,
        next_cursor=shown[-1].id if len(found) > len(shown) else UNSET,
        sum_quota=UNSET if sums is UNSET else sums and sums.quota,
        sum_refund=UNSET if sums is UNSET else sums and sums.refund,
    )


@contextmanager
def _in_time(limit: float) -> Generator[None]:
    """Say to the client what the database was told to stop at. Overloaded."""
    try:
        yield
    except TimeoutError:
        msg = f"This takes longer than {limit:.0f} s: narrow it by time, or go on by cursor."
        raise Overloaded(msg, retry_after=5) from None


def _summed(call: Call) -> bool:
    return call.asked("sums") in {"1", "true"}


def filter_of(call: Call, *, admin: bool) -> Filter:
    """Which tasks are asked for. BadField."""
    begin, end, zone = since(call), until(call), call.gateway.zone
    query = call.request.query_params
    id_, job_uuid = _ids(query.get("mj_id", ""))
    text = query.get("q", "").strip()
    return Filter(
        user_id=(call.number("user_id") or None) if admin else call.visitor.user_id,
        channel_id=(call.number("channel_id") or None) if admin else None,
        action=_word(call, "action", Action),
        mode=_word(call, "mode", Mode),
        status=_word(call, "status", Status),
        id=id_,
        job_uuid=job_uuid,
        since=begin,
        until=end,
        days=_midnight(begin, zone) and _midnight(None if end is None else end + 1, zone),
        words=tuple(asked(text)) if text else None,
    )


def _midnight(moment: int | None, zone: ZoneInfo) -> bool:
    return moment is None or (moment < day.FURTHEST and day.begin(moment, zone) == moment)


def _ids(text: str) -> tuple[int | None, str | None]:
    """The id or the UUID that is meant; any other text is an id that nobody has."""
    if not text:
        return None, None
    number = tasks.parse_id(text)
    uuid = tasks.parse_uuid(text)
    return (number or (None if uuid else _NOBODYS)), uuid


def _word(call: Call, name: str, words: type[Word]) -> Word | None:
    """A word of a closed list, in any letter case. BadField."""
    text = call.asked(name).strip().upper()
    if not text:
        return None
    try:
        return words(text)
    except ValueError:
        msg = f"{name} must be one of {', '.join(words)}."
        raise BadField(msg, field=name) from None


def item(task: Task, links: Links, *, admin: bool) -> Item:
    """The task as the lists show it; an admin reads what the channel really said."""
    shown = brief(task, links)
    fail_reason = shown.fail_reason or ""
    members: dict[str, Any] = {
        "id": task.id,
        "mj_id": shown.id,
        "action": shown.action,
        "prompt": shown.prompt,
        "prompt_en": shown.prompt_en,
        "description": shown.description,
        "state": shown.state,
        "status": shown.status,
        "progress": shown.progress,
        "image_url": shown.image_url,
        "video_url": shown.video_url,
        "video_urls": _text([each.url for each in shown.video_urls or ()]),
        "submit_time": task.submit_at // SECOND,
        "start_time": (task.start_at or 0) // SECOND,
        "finish_time": (task.finish_at or 0) // SECOND,
        "fail_reason": (task.admin_text or fail_reason) if admin and fail_reason else fail_reason,
        "quota": task.price if task.hold_open else task.settled,
        "refund": task.refunded,
        "code": _CODES.get(task.state, 1),
        "mode": shown.mode,
        "buttons": _text(shown.buttons),
        "properties": _text(shown.properties),
    }
    if not admin:
        return Item(**members)
    return AdminItem(
        **members,
        user_id=task.user_id,
        channel_id=task.channel_id or 0,
        upstream_id=task.upstream_id,
    )


def _text(value: list[T] | dict[str, T]) -> str:
    """JSON in a text; nothing for nothing."""
    return encode(value).decode() if value else ""


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/mj/self", Who.USER, _own,
          "One's own tasks, the newest first; `q` looks for words of the prompt, `sums=1` adds up.",
          gives=Listed[Item], query=(*_PAGES, *FILTERS)),
    looks("/api/mj/", Who.ADMIN, _all, "Everybody's tasks.",
          gives=Listed[AdminItem], query=(*_PAGES, *FILTERS, *ADMIN_FILTERS)),
)  # fmt: skip
