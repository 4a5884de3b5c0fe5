"""How the lists read: by an index from the newest, whatever they are asked for."""

from dataclasses import replace
from typing import LiteralString

import pytest

from mjgate.domain.action import Action, Mode
from mjgate.domain.task import Status
from mjgate.store import listing
from mjgate.store.database import Reader, Row, Value
from mjgate.store.listing import Filter
from tests.rig import Rig
from tests.web.shape import one_engine

FILTERS = [
    Filter(user_id=1),
    Filter(user_id=1, status=Status.FAILURE),
    Filter(user_id=1, status=Status.IN_PROGRESS),
    Filter(user_id=1, action=Action.VIDEO, since=1, days=False),
    Filter(user_id=1, words=("fox",)),
    Filter(),
    Filter(channel_id=1),
    *(Filter(status=each) for each in Status),
    Filter(words=("fox", "red")),
    Filter(id=1),
    Filter(job_uuid="x"),
]


class Explained(Reader):
    """Looks only how a statement would be done."""

    __slots__ = ("plan", "reader")

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.plan: list[str] = []

    async def row(self, sql: LiteralString, /, **values: Value) -> Row | None:
        raise AssertionError(sql, values)

    async def rows(self, sql: LiteralString, /, **values: Value) -> list[Row]:
        raise AssertionError(sql, values)

    async def scan(self, sql: LiteralString, /, **values: Value) -> list[Row]:
        found = await self.reader.scan(f"EXPLAIN QUERY PLAN {sql}", **values)
        self.plan += [row["detail"] for row in found]
        return []


@one_engine
@pytest.mark.parametrize("wanted", FILTERS)
async def test_no_page_reads_the_table_from_its_beginning(rig: Rig, wanted: Filter) -> None:
    explained = Explained(rig.gateway.store.reader)

    await listing.page(explained, replace(wanted, since=5, until=9), size=20, limit=9)

    assert [each for each in explained.plan if each == "SCAN tasks"] == []


@one_engine
async def test_the_few_tasks_of_an_action_and_mode_have_an_index(rig: Rig) -> None:
    explained = Explained(rig.gateway.store.reader)

    for user_id, index in ((1, "tasks_of_a_user_by_action"), (None, "tasks_by_action")):
        wanted = Filter(user_id=user_id, action=Action.VIDEO, mode=Mode.RELAX)
        await listing.page(explained, wanted, size=20, limit=9)
        assert any(index in each for each in explained.plan), explained.plan


@one_engine
async def test_the_few_failures_of_a_user_with_many_tasks_have_an_index(rig: Rig) -> None:
    explained = Explained(rig.gateway.store.reader)

    await listing.page(explained, Filter(user_id=1, status=Status.FAILURE), size=20, limit=9)

    assert any("tasks_failed_of_a_user" in each for each in explained.plan), explained.plan
