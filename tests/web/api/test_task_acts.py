"""What owners and admins do to tasks: cancel, refund, look now."""

from mjgate.lifecycle.barred import cancel_barred
from tests.rig import PRICE, Rig
from tests.web.api.desk import Manager, manages


async def test_a_task_is_cancelled_by_its_owner_or_an_admin(rig: Rig, admin: Manager) -> None:
    alice, bob = manages(rig, rig.alice), manages(rig, rig.bob)
    own, other = await rig.imagine("[[fault:hang]] a"), await rig.imagine("[[fault:hang]] b")

    await bob.refused(404, "POST", f"/api/mj/{own}/cancel")
    first = await alice.data("POST", f"/api/mj/{own}/cancel")
    second = await admin.data("POST", f"/api/mj/{other}/cancel")
    again = await alice.refused(409, "POST", f"/api/mj/{own}/cancel")
    missing = await alice.refused(404, "POST", "/api/mj/1763712000000000/cancel")

    assert (first, second) == (
        {"mj_id": own, "status": "CANCELLED"},
        {"mj_id": other, "status": "CANCELLED"},
    )
    assert ("finished" in again["message"], again["field"]) == (True, "mj_id")
    acts = (await admin.data("GET", "/api/audit/?act=task%20cancelled"))["items"]
    assert [(each["subject"], each["before"], each["after"]) for each in acts] == [
        (f"task {other}", {"state": "SUBMITTED"}, {"state": "CANCELLED"}),
    ]  # fmt: skip
    assert missing["message"] == "task not found"
    assert await rig.books() == ()


async def test_money_is_given_back_once_whole_or_in_part(rig: Rig, admin: Manager) -> None:
    whole, part, other, failed = [
        await rig.imagine(p) for p in ("a", "b", "d", "[[fault:fail=no]] c")
    ]
    for task in (whole, part, other, failed):
        await rig.finished(task)
    before, _, spent = await rig.balance()
    path = "/api/mj/{}/refund"

    first = await admin.data("POST", path.format(whole), {"reason": "blurred"})
    second = await admin.data(
        "POST", path.format(part), {"reason": "late", "amount": 20_000, "reference": "case 7"}
    )
    used = {"reason": "late", "reference": "case 7"}
    known = await admin.refused(409, "POST", path.format(other), used)
    twice = await admin.refused(409, "POST", path.format(whole), {"reason": "again"})
    released = await admin.refused(409, "POST", path.format(failed), {"reason": "failed"})
    wrong = {
        "amount": {"reason": "x", "amount": PRICE + 1},
        "reason": {"reason": ""},
    }
    refused = [
        await admin.refused(400, "POST", path.format(other), body) for body in wrong.values()
    ]
    await admin.data("POST", path.format(other), {"reason": "late", "amount": 1})

    assert (first["refund"], second["refund"]) == (PRICE, 20_000)
    assert ("before" in twice["message"], known["field"]) == (True, "reference")
    assert "released" in released["message"]
    assert [each["field"] for each in refused] == list(wrong)
    assert await rig.balance() == (before + PRICE + 20_001, 0, spent - PRICE - 20_001)
    assert (await rig.fetch(whole))["status"] == "SUCCESS"
    assert await rig.books() == ()
    kinds = (await manages(rig, rig.alice).data("GET", f"/api/ledger/self?mj_id={whole}"))["items"]
    assert [each["kind"] for each in kinds] == ["refund", "settle", "hold"]
    await manages(rig, rig.alice).refused(403, "POST", path.format(part), {"reason": "please"})


async def test_a_running_task_is_looked_at_now(rig: Rig, admin: Manager) -> None:
    task = await rig.imagine()

    shown = await admin.data("POST", f"/api/mj/{task}/refresh")
    await rig.look(after=1)

    assert shown["mj_id"] == task
    assert (await rig.fetch(task))["status"] == "SUCCESS"
    await admin.refused(409, "POST", f"/api/mj/{task}/refresh")
    await admin.refused(404, "POST", "/api/mj/x/refresh")


async def test_what_waits_is_cancelled_when_its_key_opens_nothing(rig: Rig, admin: Manager) -> None:
    await admin.data("PUT", f"/api/user/{rig.alice.user_id}", {"max_running": 1})
    running, waiting = await rig.imagine("[[fault:hang]] a"), await rig.imagine("b")
    await admin.data("PUT", f"/api/user/{rig.alice.user_id}", {"status": "disabled"})

    assert await cancel_barred(rig.gateway) is False

    states = [(await rig.task(each)).state for each in (running, waiting)]
    assert states == ["SUBMITTED", "CANCELLED"]
    assert await rig.books() == ()
