"""
Lists of somebody's own tasks.

A search reads a bounded number of rows, whatever it asks for, and counts no further than that a
client can tell "many"; the owner stands in every statement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, LiteralString, NamedTuple

from mjgate.domain.account import Caller
from mjgate.domain.action import Action
from mjgate.domain.task import STATUS, State, Status, Task
from mjgate.store.columns import from_row
from mjgate.store.database import Reader, Value

LATEST: Final = 100
WAITING_MOST: Final = 1_000
COUNTED_MOST: Final = 10_001
SEARCHED_MOST: Final = 50_000
"""The rows from one end of the user's tasks that a search looks through."""

WORDS_MOST: Final = 10

_PLACES: Final[tuple[LiteralString, ...]] = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
_SPECIAL: Final = re.compile(r"[\\%_]")
_CAPITALS: Final = re.compile(r"[A-Z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a search asks for; None and nothing mean all. `words` stand anywhere in the prompt."""

    statuses: frozenset[Status] | None = None
    action: Action | None = None
    words: tuple[str, ...] = ()  # at most WORDS_MOST
    caller_state: str | None = None
    ids: tuple[int, ...] | None = None
    oldest_first: bool = False
    number: int = 0  # of the page, from 0
    size: int = 20


class Page(NamedTuple):
    """The tasks of one page, and how many there are on all pages, counted to COUNTED_MOST."""

    tasks: list[Task]
    total: int


async def latest(reader: Reader, *, seen_by: Caller) -> list[Task]:
    """The newest tasks that `seen_by` may see, newest first."""
    return await _tasks(reader, Wanted(size=LATEST), seen_by)


async def waiting(reader: Reader, *, seen_by: Caller) -> list[Task]:
    """The tasks that wait in our queue, in the order they came."""
    rows = await reader.scan(
        """
        SELECT * FROM tasks
        WHERE user_id = :user_id AND state = 'QUEUED'
        AND (CAST(:token_id AS BIGINT) IS NULL OR token_id = :token_id)
        ORDER BY id LIMIT :most
        """,
        user_id=seen_by.user_id,
        token_id=seen_by.narrowed_to,
        most=WAITING_MOST,
    )
    return [from_row(row) for row in rows]


async def page(reader: Reader, wanted: Wanted, *, seen_by: Caller) -> Page:
    """One page of what is wanted of that which `seen_by` may see."""
    asked = " ".join(
        ["SELECT COUNT(*) AS n FROM ( SELECT 1 AS one", *_found(wanted), "LIMIT :most ) AS counted"]
    )
    rows = await reader.scan(asked, **_values(wanted, seen_by), most=COUNTED_MOST)
    return Page(await _tasks(reader, wanted, seen_by), int(rows[0]["n"]))


async def _tasks(reader: Reader, wanted: Wanted, seen_by: Caller) -> list[Task]:
    asked = " ".join(
        ["SELECT found.*", *_found(wanted), _order(wanted), "LIMIT :size OFFSET :skipped"]
    )
    size, skipped = wanted.size, wanted.number * wanted.size
    rows = await reader.scan(asked, **_values(wanted, seen_by), size=size, skipped=skipped)
    return [from_row(row) for row in rows]


def _order(wanted: Wanted) -> LiteralString:
    return "ORDER BY id ASC" if wanted.oldest_first else "ORDER BY id DESC"


def _found(wanted: Wanted) -> Iterator[LiteralString]:
    """What is found: the indexes choose the rows to look through, then the rest chooses of them."""
    yield "FROM ( SELECT * FROM tasks WHERE user_id = :user_id"
    yield "AND (CAST(:token_id AS BIGINT) IS NULL OR token_id = :token_id)"
    if wanted.ids is not None:
        yield "AND id IN each(:ids)"
    if wanted.statuses is not None:
        yield "AND state IN each(:states)"
    yield _order(wanted)
    yield "LIMIT :searched ) AS found WHERE 1 = 1"
    if wanted.statuses is not None:
        yield "AND CASE WHEN confirmed = 1 AND state IN ('QUEUED', 'SENDING')"
        yield "THEN 'SUBMITTED' ELSE state END IN each(:shown)"
    if wanted.action is not None:
        yield "AND action = :action"
    if wanted.caller_state is not None:
        yield "AND caller_state = :caller_state"
    for place, _ in zip(_PLACES, wanted.words, strict=False):
        yield f"AND lower(prompt) LIKE :{place} ESCAPE '\\'"


def _values(wanted: Wanted, seen_by: Caller) -> dict[str, Value]:
    shown = [state for state in State if STATUS[state] in (wanted.statuses or ())]
    confirmed = [State.QUEUED, State.SENDING] if State.SUBMITTED in shown else []
    return {
        "user_id": seen_by.user_id,
        "token_id": seen_by.narrowed_to,
        "searched": SEARCHED_MOST,
        "ids": list(wanted.ids or ()),
        "states": [state.value for state in {*shown, *confirmed}],
        "shown": [state.value for state in shown],
        "action": wanted.action,
        "caller_state": wanted.caller_state,
        **{place: _anywhere(word) for place, word in zip(_PLACES, wanted.words, strict=False)},
    }


def _anywhere(word: str) -> str:
    """A pattern for the word itself; both engines make small letters of A to Z alone."""
    literal = _SPECIAL.sub(lambda found: f"\\{found[0]}", word)
    return f"%{_CAPITALS.sub(lambda found: found[0].lower(), literal)}%"
