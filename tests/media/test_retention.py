"""What may go and what may not: by age, by room, pins, and contents that nobody needs."""

import os

from mjgate.domain.clock import DAY, HOUR
from mjgate.files import Files
from mjgate.lifecycle.archive import TRIES
from mjgate.lifecycle.erase import erase
from mjgate.lifecycle.retention import measure, purge, sweep, verify
from mjgate.manage.people import change_user, delete_user
from mjgate.store import retention
from mjgate.store.database import Transaction
from tests.media.test_archive import a_grid, row, states
from tests.rig import PIXEL, START, MakeRig, Rig
from tests.web.api.desk import desk_of
from tests.web.shape import FOX, IMAGINE, one_engine, refused


def aged(rig: Rig) -> None:
    """Let all contents look as old as the rig's clock, which stands in the disk's past."""
    assert isinstance(rig.gateway.files, Files)
    for path in rig.gateway.files.root.rglob("*"):
        os.utime(path, (START // 1_000, START // 1_000))


async def contents(rig: Rig) -> set[str]:
    return {held.hash async for held in rig.gateway.files.each()}


async def gone(rig: Rig) -> None:
    """Purge, and once more when nothing has needed its content for a while."""
    aged(rig)
    while await purge(rig.gateway):
        pass
    rig.clock.pass_by(2 * HOUR)
    while await purge(rig.gateway):
        pass


async def test_results_are_kept_for_ever_unless_it_is_said(rig: Rig) -> None:
    task_id = await a_grid(rig)
    await rig.archive()
    before = await contents(rig)

    rig.clock.pass_by(3_650 * DAY)
    await gone(rig)

    assert await contents(rig) == before
    assert await states(rig) == {"kept": 6}
    assert (await rig.client.get(rig.gateway.links.image(int(task_id)))).status_code == 200


async def test_what_is_older_than_it_may_be_is_gone_but_for_pinned_tasks(rig: Rig) -> None:
    old, pinned = await a_grid(rig, "old"), await a_grid(rig, "pinned")
    await rig.archive()
    rig.clock.pass_by(20 * DAY)
    young = await a_grid(rig, "young")
    await rig.archive()
    await rig.gateway.store.write(retention.pin, int(pinned), rig.clock.now())
    links = rig.gateway.links
    small = links.image(int(pinned), size="small")
    assert (await rig.client.get(small)).status_code == 200

    await rig.set("media_picture_days", value=30)
    rig.clock.pass_by(15 * DAY)
    await gone(rig)

    refused(await rig.client.get(links.image(int(old))), 410, "not_found")
    refused(await rig.client.get(links.image(int(old), n=3)), 410, "not_found")
    for kept in (pinned, young):
        assert (await rig.client.get(links.image(int(kept)))).status_code == 200
    assert (await rig.client.get(small)).status_code == 200
    assert len(await contents(rig)) == await _needed(rig)
    assert (await verify(rig.gateway.store, rig.gateway.files, rig.clock)).ok


async def _needed(rig: Rig) -> int:
    row = await rig.gateway.store.reader.row(
        "SELECT COUNT(DISTINCT hash) AS n FROM media WHERE state = 'kept'"
    )
    assert row is not None
    return row["n"]


@one_engine
async def test_beyond_the_room_for_all_the_oldest_go_first(rig: Rig) -> None:
    tasks: list[str] = []
    for name in ("first", "second", "third"):
        tasks.append(await a_grid(rig, name))
        await rig.archive()
        rig.clock.pass_by(HOUR)
    taken = await retention.taken(rig.gateway.store.reader)

    await rig.gateway.store.write(retention.purge_beyond, taken - 1, 0)
    one = await rig.gateway.store.reader.rows("SELECT task_id FROM media WHERE state = 'purged'")
    await rig.gateway.store.write(retention.purge_beyond, 0, 0)

    assert [row["task_id"] for row in one] == [int(tasks[0])]
    assert await states(rig) == {"purged": 15}


@one_engine
async def test_under_a_cap_what_is_kept_stays_below_it_and_work_goes_on(rig: Rig) -> None:
    tasks: list[str] = []
    for name in ("first", "second", "third"):
        tasks.append(await a_grid(rig, name))
        await rig.archive()
        rig.clock.pass_by(HOUR)

    async def grow(tx: Transaction) -> None:
        await tx.run("UPDATE blobs SET bytes = 300 << 20")

    await rig.gateway.store.write(grow)
    await rig.set("media_gib", value=1)
    while await purge(rig.gateway):
        pass

    assert await retention.taken(rig.gateway.store.reader) <= 1 << 30
    refused(await rig.client.get(rig.gateway.links.image(int(tasks[0]))), 410, "not_found")
    assert (await rig.finished(await rig.imagine("one more")))["status"] == "SUCCESS"


async def test_a_content_goes_an_hour_after_nobody_needs_it_and_not_if_somebody_does(
    rig: Rig,
) -> None:
    task_id = await a_grid(rig)
    await rig.archive()
    held = (await row(rig, task_id)).hash
    aged(rig)

    await rig.gateway.store.write(retention.forget, [int(task_id)], rig.clock.now())
    rig.clock.pass_by(HOUR // 2)
    await purge(rig.gateway)
    soon = await contents(rig)
    rig.clock.pass_by(HOUR)
    await rig.gateway.files.put(await rig.gateway.files.read(held))  # somebody is about to need it
    await purge(rig.gateway)

    assert len(soon) == 6
    assert await contents(rig) == {held}


async def test_the_pictures_of_a_deleted_user_are_gone_and_so_are_those_he_sent(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig(images="url")
    task_id = (await rig.post(IMAGINE, FOX | {"base64Array": [PIXEL]})).json()["result"]
    (sent,) = await contents(rig)
    task = await rig.finished(task_id)
    await rig.archive()
    lent = rig.gateway.links.reference(int(task_id), sent, rig.clock.now() + DAY)
    urls = [task["imageUrl"], task["thumbnailUrl"], task["splitUrls"][1], lent]
    before = [(await rig.client.get(url)).status_code for url in urls]
    await rig.gateway.store.write(retention.pin, int(task_id), rig.clock.now())
    held = len(await contents(rig))
    aged(rig)

    await change_user(desk_of(rig), rig.alice.user_id, {"enabled": False})
    await delete_user(desk_of(rig), rig.alice.user_id)
    while await erase(rig.gateway):
        pass
    after = [(await rig.client.get(url)).status_code for url in urls]
    soon = await sweep(rig.gateway.store, rig.gateway.files, rig.clock)
    rig.clock.pass_by(2 * HOUR)
    late = await sweep(rig.gateway.store, rig.gateway.files, rig.clock)

    assert before == [200] * 4
    assert after == [410, 410, 410, 404]
    assert (soon.contents, late.contents) == (0, held)
    assert await contents(rig) == set()
    assert (await verify(rig.gateway.store, rig.gateway.files, rig.clock)).ok
    assert await retention.counts(rig.gateway.store.reader) == {"purged": 5}


async def test_inputs_stay_as_long_as_their_task_and_those_of_refused_submits_a_day(
    rig: Rig,
) -> None:
    task_id = str((await rig.post(IMAGINE, FOX | {"base64Array": [PIXEL]})).json()["result"])
    inputs = await contents(rig)
    orphan = await rig.gateway.files.put(b"a submit that was refused")
    aged(rig)

    rig.clock.pass_by(23 * HOUR)
    early = await sweep(rig.gateway.store, rig.gateway.files, rig.clock)
    rig.clock.pass_by(2 * HOUR)
    late = await sweep(rig.gateway.store, rig.gateway.files, rig.clock)

    assert (early.orphans, late.orphans) == (0, 1)
    assert await contents(rig) == inputs != {orphan}
    assert (await rig.task(task_id)).request.count(inputs.pop()) == 1


async def test_every_row_has_its_bytes_and_every_byte_its_row(rig: Rig) -> None:
    task_id = await a_grid(rig)
    await rig.archive()
    store, files = rig.gateway.store, rig.gateway.files
    assert (await verify(store, files, rig.clock)).ok

    strange = await files.put(b"nobody knows me")
    aged(rig)
    rig.clock.pass_by(2 * DAY)
    lost = (await row(rig, task_id, 2)).hash
    await files.delete(lost, unless_since=1 << 52)
    found = await verify(store, files, rig.clock)

    assert not found.ok
    assert [(need.n, need.hash) for need in found.missing] == [(2, lost)]
    assert found.strange == (strange,)


async def test_on_a_low_disk_no_task_is_taken_and_those_that_run_finish(rig: Rig) -> None:
    running = await rig.imagine()
    assert (await rig.get("/health/ready")).json()["disk"] == "ok"

    await rig.set("disk_reserve_mib", value=1_000_000)  # a terabyte: more than this disk has
    await measure(rig.gateway)
    answer = await rig.post(IMAGINE, FOX)
    told = refused(answer, 503, "overloaded")

    assert (await rig.finished(running))["status"] == "SUCCESS"
    assert int(answer.headers["retry-after"]) > 0
    assert "disk" in told["description"]
    assert (await rig.get("/health/ready")).json() == {"status": "ok", "disk": "low"}
    assert await rig.books() == ()
    await rig.set("disk_reserve_mib", value=0)
    await measure(rig.gateway)
    assert (await rig.post(IMAGINE, FOX)).json()["code"] == 1


async def test_a_result_that_is_lost_is_paid_back_where_that_is_set(rig: Rig) -> None:
    await rig.set("media_lost_refunds", value=True)
    before = await rig.balance()
    task_id = await rig.imagine()
    await rig.finished(task_id)
    await rig.move_channel("http://127.0.0.1:9")

    async def nowhere(tx: Transaction) -> None:
        await tx.run("UPDATE media SET source_url = 'http://127.0.0.1:9/a.png'")

    await rig.gateway.store.write(nowhere)
    for _ in range(TRIES):
        await rig.archive()
        rig.clock.pass_by(3 * HOUR)

    assert (await row(rig, task_id)).state == "lost"
    assert await rig.balance() == before
    assert (await rig.fetch(task_id))["status"] == "SUCCESS"
    assert await rig.books() == ()
