"""What is old goes as the settings say: tasks, events, and single rows of the ledger."""

from typing import LiteralString, cast

import pytest

from mjgate.domain.clock import DAY
from mjgate.lifecycle.pruning import prune
from mjgate.lifecycle.tallies import fold
from mjgate.store import ledger, listing, retention
from mjgate.store.database import ConstraintBroken, Transaction
from mjgate.store.listing import Filter
from tests.rig import RICH, MakeRig, Rig
from tests.web.api.desk import an_admin


async def pruned(rig: Rig) -> None:
    while await prune(rig.gateway):
        pass
    while await fold(rig.gateway):
        pass


async def count(rig: Rig, table: str) -> int:
    row = await rig.gateway.store.reader.row(
        cast("LiteralString", f"SELECT COUNT(*) AS n FROM {table}")  # noqa: S608  of our names
    )
    assert row is not None
    return int(row["n"])


async def total(rig: Rig) -> tuple[int, int]:
    """How many there are by the counts, and how many by themselves."""
    alices = Filter(user_id=rig.alice.user_id)
    counted = await listing.total(rig.gateway.store.reader, alices, limit=5)
    return counted.number, await count(rig, "tasks")


async def test_everything_is_kept_for_ever_unless_it_is_said(rig: Rig) -> None:
    await rig.finished(await rig.imagine())
    rig.clock.pass_by(3_650 * DAY)

    await pruned(rig)

    assert await total(rig) == (1, 1)
    assert await count(rig, "events") > 0
    assert await count(rig, "ledger") == 4


async def test_old_tasks_go_with_all_about_them_and_others_stay(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    old = [await rig.imagine("old"), await rig.imagine("old and pinned")]
    await rig.finished(old[0])
    await rig.hand_on()
    await rig.finished(old[1])
    await rig.archive()
    upscale = (await rig.press(old[0], "U1"))["result"]
    await rig.finished(upscale)
    await rig.gateway.store.write(retention.pin, int(old[1]), rig.clock.now())
    running = await rig.imagine("old and running")
    rig.clock.pass_by(20 * DAY)
    young = await rig.post("/mj/submit/imagine", {"prompt": "young"})
    await rig.set("task_days", value=10)

    await pruned(rig)

    kept = {task["id"] for task in (await rig.get("/mj/task/list")).json()}
    assert kept == {old[1], running, young.json()["result"]}
    assert await total(rig) == (3, 3)
    assert (await rig.get(f"/mj/task/{old[0]}/fetch")).status_code == 404
    address = rig.gateway.links.image(int(old[0]))
    assert (await rig.client.get(address)).status_code in {404, 410}
    for table in ("events", "attempts", "jobs", "pressed_once", "search", "outbox"):
        column = "rowid" if table == "search" else "task_id"
        row = await rig.gateway.store.reader.row(
            f"SELECT COUNT(*) AS n FROM {table} WHERE {column} = :id",  # noqa: S608  of our names
            id=int(old[0]),
        )
        assert row is not None
        assert row["n"] == 0, table
    assert await rig.books() == ()


async def test_old_events_go_and_those_of_running_tasks_stay(rig: Rig) -> None:
    done = await rig.imagine()
    await rig.finished(done)
    running = await rig.imagine()
    rig.clock.pass_by(20 * DAY)
    await rig.set("event_days", value=10)

    await pruned(rig)

    rows = await rig.gateway.store.reader.rows("SELECT DISTINCT task_id FROM events")
    assert [row["task_id"] for row in rows] == [int(running)]
    assert (await rig.fetch(done))["status"] == "SUCCESS"


async def test_the_ledger_is_folded_and_the_books_balance_still(rig: Rig) -> None:
    admin = await an_admin(rig)
    place = f"/api/user/{rig.alice.user_id}/topup"
    await admin.data("POST", place, {"units": 500, "reference": "invoice 7"})
    await admin.data("POST", place, {"units": 70})
    task = await rig.imagine()
    for each in (task, await rig.imagine("a hare"), await rig.imagine("an owl")):
        await rig.finished(each)
    await admin.data("POST", f"/api/mj/{task}/refund", {"reason": "ugly", "amount": 20_000})
    await rig.finished(await rig.imagine("a cat [[fault:fail]]"))
    running = await rig.imagine()
    await rig.set("ledger_days", value=10)
    before = await rig.balance()

    for days in (20, 20):
        rig.clock.pass_by(days * DAY)
        await pruned(rig)
        found = await admin.data("GET", f"/api/ledger/?user_id={rig.alice.user_id}")
        rows = [(each["kind"], each["amount"], each["reference"]) for each in found["items"]]
        assert sorted(rows, key=str) == sorted(
            [
                ("carry", 10_000_070, None), ("carry", -130_000, None),
                ("grant", 500, "invoice 7"), ("hold", 50_000, None),
            ],
            key=str,
        )  # fmt: skip
        assert await rig.balance() == before
        assert await rig.books() == ()
    again = await admin.refused(409, "POST", place, {"units": 500, "reference": "invoice 7"})
    assert "invoice 7" in again["message"]
    assert (await rig.finished(running))["status"] in {"SUCCESS", "FAILURE"}
    late = await rig.imagine("a late fox")
    await rig.finished(late)
    rig.clock.pass_by(20 * DAY)
    await pruned(rig)
    assert await rig.books() == ()
    assert (await ledger.check(rig.gateway.store.reader)).tasks == 6


async def test_what_was_folded_can_still_be_refunded_once(rig: Rig) -> None:
    admin = await an_admin(rig)
    first, second = await rig.imagine(), await rig.imagine()
    for task in (first, second):
        await rig.finished(task)
    await rig.set("ledger_days", value=10)
    rig.clock.pass_by(20 * DAY)
    await pruned(rig)
    place = "/api/mj/{}/refund"

    await admin.data("POST", place.format(first), {"reason": "late"})
    await admin.data("POST", place.format(second), {"reason": "late", "reference": "case 7"})
    balanced = [await rig.books()]
    rig.clock.pass_by(20 * DAY)
    await pruned(rig)
    balanced.append(await rig.books())
    again = [
        await admin.refused(409, "POST", place.format(task), {"reason": "again"})
        for task in (first, second)
    ]
    topup = f"/api/user/{rig.alice.user_id}/topup"
    await admin.refused(409, "POST", topup, {"units": 1, "reference": "case 7"})

    rows = (await admin.data("GET", f"/api/ledger/?user_id={rig.alice.user_id}"))["items"]
    assert balanced == [(), ()]
    assert {each["field"] for each in again} == {"mj_id"}
    assert await rig.balance() == (RICH, 0, 0)
    assert sorted((each["kind"], each["reference"]) for each in rows if each["amount"] < RICH) == [
        ("carry", None), ("refund", "case 7"),
    ]  # fmt: skip


async def test_a_task_that_lost_its_rows_without_a_carry_row_is_named(rig: Rig) -> None:
    task = await rig.imagine()
    await rig.finished(task)

    async def lose(tx: Transaction) -> None:
        await tx.run("INSERT INTO pruning (allowed) VALUES (1)")
        await tx.run("DELETE FROM ledger WHERE task_id = :id", id=int(task))
        await tx.run("DELETE FROM pruning")

    await rig.gateway.store.write(lose)

    assert any(task in each for each in await rig.books())


async def test_nobody_else_changes_or_takes_rows_of_ledger_and_audit(rig: Rig) -> None:
    await rig.finished(await rig.imagine())
    await rig.set("ledger_days", value=1)
    rig.clock.pass_by(2 * DAY)
    await pruned(rig)

    await (await an_admin(rig)).data("POST", "/api/group/", {"name": "gold"})
    forbidden = {
        "DELETE FROM ledger WHERE kind = 'carry'": "ledger_is_append_only",
        "UPDATE ledger SET amount = 0": "ledger_is_append_only",
        "DELETE FROM audit": "audit_is_append_only",
        "UPDATE audit SET actor = 'nobody'": "audit_is_append_only",
    }

    async def change(tx: Transaction, sql: LiteralString) -> None:
        await tx.run(sql)

    for sql, name in forbidden.items():
        with pytest.raises(ConstraintBroken, match=name):
            await rig.gateway.store.write(change, cast("LiteralString", sql))
