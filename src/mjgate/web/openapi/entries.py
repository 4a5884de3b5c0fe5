"""Every address that is served, in one form: submits by their rules, spots, and rows of `/api`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mjgate.dialects.mjproxy import SubmitAnswer
from mjgate.domain.action import RULES, Rule
from mjgate.web import (
    callbacks,
    health,
    jobs,
    lists,
    media,
    metrics,
    references,
    streams,
    tasks,
)
from mjgate.web.api import ROWS
from mjgate.web.api.rows import Nothing, Row, Who
from mjgate.web.jobs import BELOW, JobMade
from mjgate.web.spots import Door, Spot

JSON: Final = "application/json"

SUBMIT: Final = "Submit"
ASK: Final = "Ask"
MEDIA: Final = "Pictures and clips"
JOBS: Final = "Job dialect"
HEALTH: Final = "Health and documents"
CHANNELS: Final = "For channels"

_GROUPS: Final = (
    (ASK, (*tasks.SPOTS, *lists.SPOTS, *streams.SPOTS)),
    (MEDIA, media.SPOTS),
    (JOBS, jobs.SPOTS),
    (CHANNELS, (*references.SPOTS, *callbacks.SPOTS)),
)

_NOUNS: Final[Mapping[str, str]] = {
    "status": "Accounts",
    "user": "Accounts",
    "token": "API keys",
    "channel": "Channels",
    "group": "Groups and prices",
    "price": "Groups and prices",
    "setting": "Settings",
    "banned-word": "Settings",
    "ledger": "Books",
    "audit": "Books",
    "mj": "Tasks",
    "stats": "Tasks",
    "webhook": "Webhooks",
}
"""The chapter of a row, by the first word of its path."""

_REFUSED: Final = (401, 403, 421, 500, 503)
_BODY: Final = (400, 413, 415)
_MANAGED: Final = (400, 401, 403, 404, 421, 429, 500, 503)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An operation as documents tell of it; `statuses` are those of refusals."""

    tag: str
    method: str
    path: str
    summary: str
    door: Door
    gives: object
    statuses: tuple[int, ...]
    rule: Rule | None = None
    takes: object = None
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    admin: bool = False
    enveloped: bool = False
    may_refuse: bool = False
    also: tuple[int, ...] = field(default=())  # statuses of good answers without a body


def entries(own: Sequence[Spot]) -> Iterator[Entry]:
    """Everything, in the order of the documents; `own` are their own addresses."""
    yield from _submits("/mj", SUBMIT, SubmitAnswer)
    for tag, group in (*_GROUPS, (HEALTH, (*health.SPOTS, *metrics.SPOTS, *own))):
        if tag == JOBS:
            yield from _submits(BELOW, JOBS, JobMade)
        yield from (_spot(tag, each) for each in group)
    ranks = list(dict.fromkeys(_NOUNS.values()))
    yield from sorted(map(_row, ROWS), key=lambda each: ranks.index(each.tag))


def _submits(below: str, tag: str, gives: object) -> Iterator[Entry]:
    for rule in RULES.values():
        for path in (rule.path, *rule.aliases):
            yield Entry(
                tag=tag,
                method="POST",
                path=f"{below}/{path}",
                summary=rule.summary,
                door=Door.KEY,
                gives=gives,
                statuses=tuple(sorted((*_REFUSED, *_BODY, 402, 409, 422, 429))),
                rule=rule,
                query=("dryRun",),
                headers=("Idempotency-Key",),
                may_refuse=True,
            )


def _spot(tag: str, spot: Spot) -> Entry:
    streams_on = spot.gives == streams.EVENTS
    return Entry(
        tag=tag,
        method=spot.method,
        path=spot.path,
        summary=spot.summary,
        door=spot.door,
        gives=spot.gives,
        statuses=tuple(sorted(_statuses(tag, spot))),
        takes=spot.takes,
        query=spot.query,
        headers=("Last-Event-ID",) if streams_on else (),
        may_refuse=spot.may_refuse,
        also=(204,) if streams_on and spot.door is Door.KEY else (),
    )


def _statuses(tag: str, spot: Spot) -> set[int]:
    """The refusals that a spot may answer with."""
    if tag == MEDIA:
        return {403, 404, 410, 416, 421, 500, 503}
    known = {421, 500, 503} | ({401, 403} if spot.door in {Door.KEY, Door.MANAGER} else set[int]())
    if spot.door is Door.METRICS:
        known |= {401}
    if "{" in spot.path or tag == HEALTH:
        known |= {404}
    if spot.door is Door.SIGNED and spot.method == "GET":
        known |= {403}
    if spot.gives == streams.EVENTS:
        known |= {429}
    return known | set(_BODY if spot.takes is not None else ())


def _row(row: Row) -> Entry:
    writes = row.method in {"POST", "PUT"}
    return Entry(
        tag=_NOUNS[row.path.split("/")[2]],
        method=row.method,
        path=row.path,
        summary=row.summary,
        door=Door.OPEN if row.who is Who.ANYONE else Door.MANAGER,
        gives=row.gives,
        statuses=tuple(sorted((*_MANAGED, *((409, 413, 415) if writes else (409,))))),
        takes=None if row.takes is Nothing else row.takes,
        query=row.query,
        admin=row.who is Who.ADMIN,
        enveloped=not isinstance(row.gives, str),  # which names a type of content
    )
