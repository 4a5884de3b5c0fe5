"""A task as its row."""

from typing import Any, cast

from mjgate.domain.task import Task
from tests.rig import Rig


async def test_the_schema_has_the_columns_in_the_order_of_the_task(rig: Rig) -> None:
    row = await rig.gateway.store.reader.row(
        "SELECT * FROM tasks WHERE id = :id", id=int(await rig.imagine())
    )

    assert row is not None
    assert list(dict(cast("Any", row))) == list(Task._fields)
