"""Looking at tasks: one's own alone, in the order asked, in few statements."""

from collections.abc import Sequence

import pytest

from mjgate.store.database import Transaction
from tests.rig import Rig
from tests.web.shape import counted, one_engine, refused, served, untouched

LIST = "/mj/task/list-by-condition"
NOBODYS = "1763712000000999"


async def test_a_task_may_be_fetched_by_id_or_uuid(rig: Rig) -> None:
    task_id = await rig.imagine()
    uuid = (await rig.fetch(task_id))["properties"]["jobId"]

    by_id = await rig.get(f"/mj/task/{task_id}/fetch")
    by_uuid = await rig.get(f"/mj/task/{uuid}/fetch")

    assert served(by_id) == served(by_uuid)
    assert by_id.json()["id"] == task_id


ODD_IDS = [
    NOBODYS,
    "0",
    "-1",
    "1",
    "99999999999999999999",
    "9" * 5_000,
    "\u0660" * 16,
    "1763712000000.99",
    "00000000-0000-4000-8000-000000000000",
    "no-such-task",
    "%00",
    "a%00b",
    "00000000-0000-4000-8000-00000000000%00",
    "%F0%9F%A6%8A",
    "%FF%FE",
    "%27%20OR%201=1",
    "x" * 3_000,
]


@pytest.mark.parametrize("task_id", ODD_IDS, ids=lambda text: str(text)[:40])
async def test_what_is_no_task_is_not_found(rig: Rig, task_id: str) -> None:
    answer = await rig.get(f"/mj/task/{task_id}/fetch")

    assert refused(answer, 404, "not_found")["description"] == "task not found"


async def test_anothers_task_is_not_found_in_the_same_words(rig: Rig) -> None:
    task_id = await rig.imagine()
    uuid = (await rig.fetch(task_id))["properties"]["jobId"]

    by_id = refused(await rig.get(f"/mj/task/{task_id}/fetch", by=rig.bob), 404, "not_found")
    by_uuid = refused(await rig.get(f"/mj/task/{uuid}/fetch", by=rig.bob), 404, "not_found")

    assert by_id["description"] == by_uuid["description"] == "task not found"
    await untouched(rig, rig.bob, tasks=1)


async def test_a_fetch_shows_each_change_at_once(rig: Rig) -> None:
    task_id = await rig.imagine()

    seen = [(await rig.fetch(task_id))["status"]]
    await rig.finished(task_id)
    seen.append((await rig.fetch(task_id))["status"])

    assert seen == ["SUBMITTED", "SUCCESS"]
    refused(await rig.get(f"/mj/task/{task_id}/fetch", by=rig.bob), 404, "not_found")


async def test_a_fetch_is_answered_although_the_channel_is_away(rig: Rig) -> None:
    task_id = await rig.imagine()

    async def lead_astray(tx: Transaction) -> None:
        await tx.run("UPDATE channels SET base_url = 'http://127.0.0.1:9'")

    await rig.gateway.store.write(lead_astray)
    await rig.look()

    answer = await rig.get(f"/mj/task/{task_id}/fetch")

    assert (answer.status_code, served(answer)["status"]) == (200, "SUBMITTED")


@pytest.mark.parametrize("path", [LIST, "/mj/task/list-by-ids", "/mj-fast/mj/task/list-by-ids"])
async def test_a_list_has_the_order_that_was_asked(rig: Rig, path: str) -> None:
    one, two, three = [await rig.imagine(each) for each in ("one", "two", "three")]

    listed = await rig.post(path, {"ids": [three, one, NOBODYS, two]})

    assert [task["prompt"] for task in served(listed)] == ["three", "one", "two"]


async def test_ids_may_be_numbers_and_come_twice(rig: Rig) -> None:
    one, two = await rig.imagine("one"), await rig.imagine("two")

    listed = await rig.post(LIST, {"ids": [int(two), one, two, f" {one} "]})

    assert [task["id"] for task in served(listed)] == [two, one]


async def test_a_list_shows_the_same_as_a_fetch(rig: Rig) -> None:
    task_id = await rig.imagine()
    fetched = await rig.finished(task_id)

    listed = await rig.post(LIST, {"ids": [task_id]})

    assert served(listed) == [fetched]


async def test_anothers_tasks_are_left_out(rig: Rig) -> None:
    own, anothers = await rig.imagine(), NOBODYS
    bobs = (await rig.post("/mj/submit/imagine", {"prompt": "bob's"}, by=rig.bob)).json()["result"]

    listed = await rig.post(LIST, {"ids": [bobs, anothers, own]})
    by_bob = await rig.post(LIST, {"ids": [bobs, anothers, own]}, by=rig.bob)

    assert [task["id"] for task in listed.json()] == [own]
    assert [task["id"] for task in by_bob.json()] == [bobs]


NO_IDS: Sequence[dict[str, object]] = [
    {},
    {"ids": []},
    {"ids": None},
    {"ids": ""},
    {"ids": {}},
    {"ids": "1763712000000000"},
    {"ids": 1763712000000000},
    {"ids": [None, True, {}, [], 1.5, "", "x", -1, 10**30, "\u0000"]},
    {"id": ["1763712000000000"]},
]


@pytest.mark.parametrize("body", NO_IDS, ids=str)
async def test_a_list_of_nothing_is_empty(rig: Rig, body: dict[str, object]) -> None:
    await rig.imagine()

    answer = await rig.post(LIST, body)

    assert (answer.status_code, served(answer)) == (200, [])


async def test_five_thousand_ids_cost_one_statement(rig: Rig) -> None:
    own = [await rig.imagine() for _ in range(10)]
    nobodys = [str(int(NOBODYS) + 10**12 + number) for number in range(4_990)]
    ids = [*nobodys[:2_000], *own, *nobodys[2_000:]]
    reads = counted(rig)
    await rig.post(LIST, {"ids": own[:1]})
    of_one, reads.asked = reads.asked, 0

    listed = await rig.post(LIST, {"ids": ids})

    assert [task["id"] for task in listed.json()] == own
    assert (of_one, reads.asked) == (1, 1)


@one_engine
@pytest.mark.parametrize("each", [NOBODYS, "x", 1, None], ids=repr)
async def test_more_ids_are_too_many(rig: Rig, each: object) -> None:
    answer = await rig.post(LIST, {"ids": [each] * 5_001})

    assert refused(answer, 413, "too_large")["properties"]["limit"] == 5_000
