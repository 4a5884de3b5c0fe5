"""What is kept, over ssh: is it all there, what goes, and what must never go."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from mjgate.domain.clock import DAY
from mjgate.domain.media import Kind, Size
from mjgate.domain.task import State
from mjgate.files import Files
from mjgate.store import media, settings
from mjgate.store.blobs import Blob
from mjgate.store.columns import INSERT, columns
from mjgate.store.database import Database, Transaction
from tests.cli.conftest import Run
from tests.tasks import a_task

TASK = a_task(state=State.SUCCESS, hold_open=False, finish_at=1, progress=100)
OLD = 2 * DAY // 1_000


async def _kept(tx: Transaction, content_hash: str) -> None:
    """The task, and a picture of it that is kept."""
    await tx.run(INSERT, **columns(TASK))
    await tx.run(
        "INSERT INTO media (task_id, kind, n, due_at) VALUES (:id, 'image', 0, 0)", id=TASK.id
    )
    item = await media.find(tx, TASK.id, Kind.IMAGE, 0, Size.WHOLE)
    assert item is not None
    await media.keep(tx, item, Blob(content_hash, 4, "image/png"), 1)


def with_both(url: str, work: Callable[[Database, Files], Awaitable[None]]) -> None:
    """Work with the database and the files that the commands are about."""

    async def run() -> None:
        files = Files(Path("data/blobs"))
        try:
            async with await Database.open(url, must_exist=True) as store:
                await work(store, files)
        finally:
            await files.close()

    asyncio.run(run())


def test_what_is_kept_is_verified_pinned_and_swept(there: Run, database_url: str) -> None:
    hashes: dict[str, str] = {}

    async def put(store: Database, files: Files) -> None:
        hashes["kept"], hashes["strange"] = await files.put(b"kept"), await files.put(b"strange")
        await store.write(_kept, hashes["kept"])
        for path in files.root.glob("??/*"):
            long_ago = path.stat().st_mtime - OLD
            os.utime(path, (long_ago, long_ago))

    with_both(database_url, put)
    bad, told = there("media", "verify", "--json"), there("media", "verify")
    swept = there("media", "gc", "--json").json
    good, said = there("media", "verify", "--json").json, there("media", "verify")
    pinned = there("media", "pin", str(TASK.id), "--json").json
    loose = there("media", "pin", str(TASK.id), "--off")
    unknown = there("media", "pin", "17")
    next(Path("data/blobs").glob(f"??/{hashes['kept']}")).unlink()
    lost = there("media", "verify", "--json")

    assert (bad.code, json.loads(bad.out)["strange"]) == (1, [hashes["strange"]])
    assert hashes["strange"] in told.err
    assert told.next.endswith("media gc")
    assert swept == {"contents": 0, "orphans": 1, "drafts": 0}
    assert (good["ok"], good["rows"], good["contents"]) == (True, 1, 1)
    assert "1 results in 1 contents" in said.out
    assert pinned == {"task": str(TASK.id), "pinned": True}
    assert "like all others" in loose.out
    assert "There is no task '17'" in unknown.err
    assert lost.code == 1
    assert json.loads(lost.out)["missing"] == [
        {"task": str(TASK.id), "kind": "image", "n": 0, "size": ""}
    ]


def test_doctor_tells_of_results_that_were_lost_and_of_a_disk_without_room(
    there: Run, database_url: str
) -> None:
    def pictures() -> dict[str, dict[str, str]]:
        ended = there("doctor", "--json")
        return {each["what"]: each for each in json.loads(ended.out)["findings"]}

    async def lose(store: Database, files: Files) -> None:
        await store.write(_kept, await files.put(b"kept"))

        async def lost(tx: Transaction) -> None:
            await tx.run("UPDATE media SET state = 'lost', hash = NULL")

        await store.write(lost)

    async def fill(store: Database, _: Files) -> None:
        await store.write(settings.set_value, "disk_reserve_mib", 1_000_000, "a test", 1)

    fresh = pictures()["pictures"]
    with_both(database_url, lose)
    after = pictures()["pictures"]
    with_both(database_url, fill)
    full = pictures()["room"]

    assert (fresh["state"], fresh["text"].split(",")[0]) == ("good", "0 are kept")
    assert after["state"] == "warning"
    assert "1 were lost" in after["text"]
    assert after["step"].endswith("media verify")
    assert full["state"] == "broken"
    assert "none are taken" in full["text"]
