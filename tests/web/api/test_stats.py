"""What became of tasks, added up: equal to the ledger, in the operator's days."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from mjgate.domain.clock import DAY, HOUR
from mjgate.lifecycle.tallies import fold
from mjgate.web import WebSettings, create_app
from tests.rig import START, Json, Rig
from tests.web.api.desk import Manager
from tests.web.shape import client_of, one_engine

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def folded(rig: Rig) -> None:
    while await fold(rig.gateway):
        pass


async def ledger(rig: Rig, kind: str, first: int, last: int) -> int:
    """What the ledger says of tasks that were submitted then."""
    row = await rig.gateway.store.reader.row(
        """
        SELECT COALESCE(SUM(amount), 0) AS amount FROM ledger
        WHERE kind = :kind AND task_id BETWEEN :first AND :last
        """,
        kind=kind,
        first=first * 1_000,
        last=last * 1_000 + 999,
    )
    assert row is not None
    return int(row["amount"])


async def test_statistics_are_equal_to_the_ledger_in_the_operators_days(
    rig: Rig, admin: Manager
) -> None:
    gateway = rig.gateway = replace(rig.gateway, zone=SHANGHAI)
    monday = START // DAY * DAY - 8 * HOUR  # midnight in Shanghai
    rig.clock.moment = monday + DAY - 60_000
    tasks = [await rig.imagine(), await rig.imagine("a cat [[fault:fail]]")]
    for each in tasks:
        await rig.finished(each)
    rig.clock.moment = monday + DAY + 10_000
    tasks += [await rig.imagine(), await rig.imagine(mode="RELAX"), await rig.imagine()]
    for each in tasks[2:4]:
        await rig.finished(each)
    await rig.post("/mj/submit/imagine", {"prompt": "bob's"}, by=rig.bob)
    await admin.data("POST", f"/api/mj/{tasks[0]}/refund", {"reason": "ugly", "amount": 10_000})
    await folded(rig)

    async with client_of(create_app(gateway, WebSettings())) as client:
        there = replace(admin, client=client)
        found = {by: await lines(there, by) for by in ("day", "action", "mode", "channel", "user")}

    spans = [(monday + DAY, monday + 2 * DAY - 1), (monday, monday + DAY - 1)]
    assert [each["cost"] for each in found["day"]] == [
        await ledger(rig, "settle", *span) for span in spans
    ]
    assert [each["refunds"] for each in found["day"]] == [
        await ledger(rig, "refund", *span) for span in spans
    ]
    assert [each["day"] for each in found["day"]] == ["2025-11-22", "2025-11-21"]
    assert [each["count"] for each in found["day"]] == [4, 2]
    assert [each["success_rate"] for each in found["day"]] == [1.0, 0.5]
    for by, items in found.items():
        assert sum(each["count"] for each in items) == 6, by
        assert sum(each["cost"] for each in items) == await ledger(rig, "settle", 0, 10**14), by
        assert sum(each["refunds"] for each in items) == 10_000, by
    assert {each["mode"]: each["count"] for each in found["mode"]} == {"FAST": 5, "RELAX": 1}
    assert {each["user_id"]: each["count"] for each in found["user"]} == {
        rig.alice.user_id: 5, rig.bob.user_id: 1,
    }  # fmt: skip
    assert found["channel"][0]["channel_id"] == rig.channel_id


async def lines(admin: Manager, by: str) -> list[Json]:
    query = f"by={by}&end_timestamp={START + 2 * DAY}"
    return (await admin.data("GET", f"/api/stats/?{query}"))["items"]


async def test_times_to_the_result_are_told_within_two_per_cent(rig: Rig, admin: Manager) -> None:
    for seconds in (10, 20, 30, 40, 100):
        task = await rig.imagine()
        await rig.look(seconds * 1_000)
        assert (await rig.fetch(task))["status"] == "SUCCESS"
    await folded(rig)

    for by in ("day", "channel", "action", "mode", "user", "day&mode=FAST"):
        (found,) = (await admin.data("GET", f"/api/stats/?by={by}"))["items"]
        assert abs(found["median_time"] - 30_000) <= 600, by
        assert abs(found["p95_time"] - 100_000) <= 2_000, by


@one_engine
async def test_statistics_of_nothing_are_nothing(admin: Manager) -> None:
    found = await admin.data("GET", "/api/stats/")

    assert (found["items"], found["by"], found["timezone"]) == ([], "day", "UTC")
    assert (found["first_day"], found["last_day"]) == ("2025-10-23", "2025-11-21")
    for query in ("by=week", "start_timestamp=-1", "mode=SLOW", "end_timestamp=999999999999999"):
        await admin.refused(400, "GET", f"/api/stats/?{query}")
