"""Results become ours right after success, whoever is first: the worker, or somebody who asks."""

import asyncio
import gzip
import io
import os
from dataclasses import replace

import pytest
from PIL import Image

from mjgate.domain.clock import HOUR, SECOND
from mjgate.domain.media import Kind, Size
from mjgate.lifecycle.archive import LEASE, TRIES, Archivist, fetch
from mjgate.store import media, retention
from mjgate.store.columns import encode_result
from mjgate.store.database import Transaction
from tests.media.conftest import restarted
from tests.public_http.servers import head, leading_to, serving
from tests.rig import Rig
from tests.web.shape import one_engine, refused
from tests.web.test_media import PNG, pointed

DEAD = "http://127.0.0.1:9"
LONG = b"\x89PNG\r\n\x1a\n" + os.urandom(3_000_000)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


async def states(rig: Rig) -> dict[str, int]:
    return dict(await retention.counts(rig.gateway.store.reader))


async def a_grid(rig: Rig, prompt: str = "a red fox --ar 16:9") -> str:
    """A finished grid whose upstream gave the whole picture only."""
    task_id = await rig.imagine(prompt)
    await rig.finished(task_id)
    task = await rig.task(task_id)
    only = replace(task.result, image_urls=())
    result = encode_result(only)

    async def strip(tx: Transaction) -> None:
        await tx.run(
            "UPDATE tasks SET result = :result, version = version + 1 WHERE id = :id",
            result=result,
            id=task.id,
        )
        await tx.run("DELETE FROM media WHERE task_id = :id AND n > 0", id=task.id)
        await media.announce(tx, task._replace(result=only), rig.clock.now())

    await rig.gateway.store.write(strip)
    return task_id


async def row(rig: Rig, task_id: str, n: int = 0) -> media.Item:
    found = await media.find(rig.gateway.store.reader, int(task_id), Kind.IMAGE, n, Size.WHOLE)
    assert found is not None
    return found


async def test_the_picture_that_lists_show_is_made_when_the_whole_is_kept(kept_in: Rig) -> None:
    rig = kept_in
    task_id = await a_grid(rig)

    await rig.archive()
    reader = rig.gateway.store.reader
    small = await media.find(reader, int(task_id), Kind.IMAGE, 0, Size.SMALL)
    answer = await rig.client.get((await rig.fetch(task_id))["thumbnailUrl"])

    assert small is not None
    assert (small.state, small.type) == ("kept", "image/webp")
    assert (answer.status_code, len(answer.content)) == (200, small.bytes)


async def test_a_picture_that_cannot_be_made_smaller_is_kept_all_the_same(kept_in: Rig) -> None:
    rig = kept_in
    async with serving(head(content_length=len(PNG)) + PNG) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")
        await rig.gateway.store.write(media.announce, await rig.task(task_id), rig.clock.now())
        await rig.archive()

    assert (await row(rig, task_id)).kept
    assert await states(rig) == {"kept": 1}
    assert (await rig.fetch(task_id))["status"] == "SUCCESS"


@one_engine
async def test_a_grid_is_ours_with_its_cuts_when_the_upstream_is_gone(kept_in: Rig) -> None:
    rig = kept_in
    task_id = await a_grid(rig)

    await rig.archive()
    await rig.move_channel(DEAD)
    task = await rig.fetch(task_id)
    urls = [task["imageUrl"], task["thumbnailUrl"], *task["splitUrls"]]
    before = [await rig.client.get(url) for url in urls]
    restarted(rig, rig.gateway.files)
    after = [await rig.client.get(url) for url in urls]

    assert [answer.status_code for answer in before + after] == [200] * 12
    assert [answer.content for answer in before] == [answer.content for answer in after]
    assert [answer.headers["etag"] for answer in before] == [
        answer.headers["etag"] for answer in after
    ]
    whole, small, *cuts = (opened(answer.content) for answer in after)
    assert (task["imageWidth"], task["imageHeight"]) == whole.size
    assert small.size[0] == min(400, whole.size[0])
    assert after[1].headers["content-type"] == "image/webp"
    width, height = whole.size[0] // 2, whole.size[1] // 2
    for n, cut in enumerate(cuts):
        left, top = n % 2 * width, n // 2 * height
        expected = whole.crop((left, top, left + width, top + height))
        assert cut.crop((0, 0, width, height)).tobytes() == expected.tobytes()


async def test_rows_are_written_with_the_success_and_done_once(rig: Rig) -> None:
    task_id = await rig.imagine()
    await rig.finished(task_id)
    assert await states(rig) == {"due": 5}

    one, two = Archivist(rig.gateway), Archivist(rig.gateway)
    await asyncio.gather(one.step(), two.step())
    await one.settle()
    await rig.archive()

    assert await states(rig) == {"kept": 6}
    assert (await rig.fetch(task_id))["imageWidth"] > 0


@one_engine
async def test_links_that_are_about_to_end_are_copied_first(rig: Rig) -> None:
    now = rig.clock.now()
    ends = {"late": 7 * 24 * HOUR, "soon": HOUR // 2, "sooner": HOUR // 4}
    async with serving(head(content_length=len(PNG)) + PNG) as server:
        origin = server.url(host="127.0.0.1")
        urls = [
            f"{origin}plain",
            *(f"{origin}{n}?ex={(now + t) // SECOND:x}" for n, t in ends.items()),
        ]
        task_id = await pointed(rig, origin, image_urls=urls)
        task = await rig.task(task_id)
        await rig.gateway.store.write(media.announce, task, now)

        claimed = await rig.gateway.store.write(
            media.claim, "node", now=now, until=now + LEASE, limit=3
        )

    assert [item.source.partition("?")[0].rpartition("/")[2] for item in claimed] == [
        "sooner", "soon", "plain",
    ]  # fmt: skip


async def test_a_claim_of_a_dead_node_is_taken_over_when_its_lease_is_over(rig: Rig) -> None:
    await rig.finished(await rig.imagine())
    now, write = rig.clock.now(), rig.gateway.store.write

    taken = await write(media.claim, "one", now=now, until=now + LEASE, limit=8)
    early = await write(media.claim, "two", now=now + LEASE - 1, until=0, limit=8)
    await write(media.renew, taken, "one", now + 2 * LEASE)
    renewed = await write(media.claim, "two", now=now + LEASE, until=0, limit=8)
    over = await write(media.claim, "two", now=now + 2 * LEASE, until=0, limit=8)

    assert [len(each) for each in (taken, early, renewed, over)] == [5, 0, 0, 5]


@one_engine
async def test_many_who_ask_at_once_share_one_fetch_and_it_is_kept(rig: Rig) -> None:
    async with serving(head(content_length=len(LONG)) + LONG) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")
        url = (await rig.fetch(task_id))["imageUrl"]

        answers = await asyncio.gather(*(rig.client.get(url) for _ in range(20)))
        await rig.archive()

    later = await rig.client.get(url)
    assert {answer.content for answer in [*answers, later]} == {LONG}
    assert server.connections == 1
    assert answers[0].headers["cache-control"] == "no-store"
    assert "etag" not in answers[0].headers
    assert later.headers["cache-control"] == "public, max-age=31536000, immutable"


@one_engine
async def test_what_comes_is_passed_on_before_it_is_complete(rig: Rig) -> None:
    hold = asyncio.Event()

    async def slowly(writer: asyncio.StreamWriter) -> None:
        writer.write(head(content_length=len(LONG)) + LONG[:1_000_000])
        await writer.drain()
        await hold.wait()
        writer.write(LONG[1_000_000:])

    async with serving(slowly) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")
        task = await rig.task(task_id)
        await rig.gateway.store.write(media.announce, task, rig.clock.now())

        copy = fetch(rig.gateway, await row(rig, task_id))
        await copy.known()
        begun = b""
        async for piece in copy.content():
            begun += piece
            hold.set()

    assert begun == LONG


@one_engine
async def test_a_picture_so_far_is_never_kept(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")
    await rig.look()

    answer = await rig.client.get((await rig.fetch(task_id))["imageUrl"])

    assert answer.status_code == 200
    assert await states(rig) == {}
    assert [held async for held in rig.gateway.files.each()] == []


HALF = head(content_length=len(LONG)) + LONG[:1_500_000]
LIES = {
    "cut off": HALF,
    "cut off, in chunks": head(transfer_encoding="chunked") + b"ffffff\r\n" + LONG[:99_999],
    "compressed": head(content_encoding="gzip") + gzip.compress(PNG),
    "a page": head(content_type="image/png") + b"<!doctype html><script>alert(1)</script>",
    "too long by its own word": head(content_length=1 << 40) + PNG,
    "nothing": head(content_length=0),
    "an error": head("500 Oops", content_length=len(PNG)) + PNG,
    "elsewhere": leading_to("http://10.0.0.1/a.png"),
}


@one_engine
@pytest.mark.parametrize("lie", LIES)
async def test_what_a_lying_server_sends_is_not_kept(
    rig: Rig, lie: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(LIES[lie]) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")
        url = (await rig.fetch(task_id))["imageUrl"]

        if lie.startswith("cut off"):  # it breaks off where the server did
            with pytest.raises(AssertionError, match=r"^$"):  # no end came
                await rig.client.get(url)
            assert "an answer broke off" in caplog.messages
        else:
            assert (await rig.client.get(url)).status_code in {404, 503}
        await rig.archive()

    item = await row(rig, task_id)
    assert (item.state, item.tries) == ("due", 1)
    assert [held async for held in rig.gateway.files.each()] == []
    assert await rig.gateway.files.tidy(before=1 << 52) == 0
    assert [each for each in caplog.records if each.exc_info] == []


@one_engine
@pytest.mark.parametrize(
    ("said", "told"),
    [("503 Busy", 503), ("429 Slow Down", 503), ("404 Not Found", 404), ("410 Gone", 404)],
)
async def test_a_host_in_trouble_is_to_be_asked_again_and_what_it_lost_is_not(
    rig: Rig, said: str, told: int
) -> None:
    async with serving(head(said, content_length=0)) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")

        answer = await rig.client.get((await rig.fetch(task_id))["imageUrl"])

    assert answer.status_code == told
    assert ("retry-after" in answer.headers) is (told == 503)


async def test_a_copy_is_tried_ever_more_rarely_and_then_lost(rig: Rig) -> None:
    task_id = await rig.imagine()
    await rig.finished(task_id)
    async with serving(head("404 Not Found", content_length=0)) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")
        await rig.gateway.store.write(media.announce, await rig.task(task_id), rig.clock.now())
        pauses: list[int] = []
        for _ in range(TRIES):
            await rig.archive()
            found = await rig.gateway.store.reader.row(
                "SELECT due_at FROM media WHERE task_id = :id AND n = 0", id=int(task_id)
            )
            assert found is not None
            pauses.append(found["due_at"] - rig.clock.now())
            rig.clock.pass_by(min(pauses[-1], 2 * HOUR))

    assert pauses[:3] == [5_000, 15_000, 45_000]
    assert (await row(rig, task_id)).state == "lost"
    refused(await rig.client.get(rig.gateway.links.image(int(task_id))), 503, "overloaded")


@one_engine
async def test_what_was_lost_is_kept_after_all_when_somebody_still_gets_it(rig: Rig) -> None:
    async with serving(head(content_length=len(PNG)) + PNG) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")
        await rig.gateway.store.write(media.announce, await rig.task(task_id), rig.clock.now())
        await rig.gateway.store.write(media.put_off, await row(rig, task_id), None)

        answer = await rig.client.get(rig.gateway.links.image(int(task_id)))
        await rig.gateway.copies.settle()

    assert answer.content == PNG
    assert (await row(rig, task_id)).state == "kept"


@one_engine
async def test_a_channel_that_hangs_does_not_delay_the_results_of_another(rig: Rig) -> None:
    async def hang(writer: asyncio.StreamWriter) -> None:
        del writer
        await asyncio.Event().wait()

    task_id = await rig.imagine()
    await rig.finished(task_id)

    async def stuck(tx: Transaction) -> None:
        for n in range(10, 30):
            await tx.run(
                "INSERT INTO media (task_id, kind, n, source_url, channel_id, due_at)"
                " VALUES (1, 'image', :n, :url, 99, 0)",
                n=n,
                url=f"{origin}{n}.png",
            )

    async with serving(hang) as server:
        origin = server.url(host="127.0.0.1")
        await rig.gateway.store.write(stuck)
        archivist = Archivist(rig.gateway)
        async with asyncio.timeout(20):
            while (await states(rig)).get("kept") != 6:
                await archivist.step()
                await asyncio.sleep(0)
        await archivist.close()
        await rig.gateway.copies.close()
