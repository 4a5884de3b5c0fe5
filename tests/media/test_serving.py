"""How what is kept is served: for ever the same, in part, on condition, and only as what it is."""

import asyncio
import os
from email.utils import formatdate

import pytest

from mjgate.domain.clock import DAY
from mjgate.domain.media import Kind, Size
from mjgate.lifecycle.archive import Archivist
from mjgate.lifecycle.work import Request, Stored, encode
from mjgate.links import Links
from mjgate.store import media, retention
from mjgate.store.blobs import Blob
from mjgate.store.database import Transaction
from mjgate.web import media as web_media
from tests.imaging import made
from tests.media.conftest import restarted
from tests.media.test_archive import a_grid, row
from tests.public_http.servers import head, serving
from tests.rig import Rig
from tests.web.shape import one_engine, refused
from tests.web.test_media import GIF, MP4, PNG, pointed

pytestmark = [one_engine]

CLIP = MP4[:12] + os.urandom(2_500_000)
SIZE = len(CLIP)


async def a_clip(rig: Rig, content: bytes = CLIP) -> str:
    """The address of a clip that is kept."""
    async with serving(head(content_length=len(content)) + content) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, video_urls=[f"{origin}0.mp4"])
        await rig.gateway.store.write(media.announce, await rig.task(task_id), rig.clock.now())
        await rig.archive()
    return (await rig.fetch(task_id))["videoUrl"]


RANGES = [
    ("bytes=0-0", 0, 1),
    ("bytes=0-", 0, SIZE),
    ("BYTES=1-2", 1, 3),
    ("bytes=5-" + "9" * 40, 5, SIZE),
    ("bytes=10-1048600", 10, 1_048_601),
    ("bytes=-7", SIZE - 7, SIZE),
    (f"bytes={SIZE - 1}-{SIZE + 99}", SIZE - 1, SIZE),
    (f"bytes=-{SIZE + 5}", 0, SIZE),
]
NO_RANGES = [
    "bytes=-",
    "bytes=5-1",
    "bytes=0-1,3-4",
    "lines=1-2",
    "bytes=a-b",
    "bytes=\u0661-\u0662",
]


async def test_a_clip_is_served_whole_and_in_parts(rig: Rig) -> None:
    url = await a_clip(rig)

    whole = await rig.client.get(url)
    parts = {asked: await rig.client.get(url, headers={"Range": asked}) for asked, _, _ in RANGES}
    wholes = [await rig.client.get(url, headers=[(b"range", each.encode())]) for each in NO_RANGES]
    asked = await rig.client.head(url, headers={"Range": "bytes=0-9"})

    assert (whole.status_code, whole.content) == (200, CLIP)
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-type"] == "video/mp4"
    for name, first, end in RANGES:
        part = parts[name]
        assert (part.status_code, part.content) == (206, CLIP[first:end]), name
        assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{SIZE}"
        assert part.headers["content-length"] == str(end - first)
        assert part.headers["etag"] == whole.headers["etag"]
    assert [(each.status_code, each.content) for each in wholes] == [(200, CLIP)] * len(wholes)
    assert (asked.status_code, asked.content, asked.headers["content-length"]) == (206, b"", "10")


async def test_a_part_of_what_is_not_kept_yet_waits_until_it_is(rig: Rig) -> None:
    async with serving(head(content_length=len(CLIP)) + CLIP) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, video_urls=[f"{origin}a.mp4"])
        url = rig.gateway.links.video(int(task_id), 0)

        part = await rig.client.get(url, headers={"Range": "bytes=5-9"})

    assert (part.status_code, part.content) == (206, CLIP[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{SIZE}"
    assert len(server.requests) == 1


async def test_a_range_beyond_the_end_is_416(rig: Rig) -> None:
    url = await a_clip(rig)

    for asked in (f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0", f"bytes={10**40}-"):
        answer = await rig.client.get(url, headers={"Range": asked})
        refused(answer, 416, "bad_field")
        assert answer.headers["content-range"] == f"bytes */{SIZE}"


async def test_who_has_it_already_is_told_so(rig: Rig) -> None:
    url = await a_clip(rig)
    tag = (await rig.client.get(url)).headers["etag"]
    same = [tag, f"W/{tag}", f'"x", {tag}', "*"]

    answers = [await rig.client.get(url, headers={"If-None-Match": each}) for each in same]
    other = await rig.client.get(url, headers={"If-None-Match": '"other"'})
    part = await rig.client.get(url, headers={"If-Range": tag, "Range": "bytes=0-4"})
    old = await rig.client.get(url, headers={"If-Range": '"old"', "Range": "bytes=0-4"})
    dated = {"If-Range": formatdate(usegmt=True), "Range": "bytes=0-4"}
    by_date = await rig.client.get(url, headers=dated)

    assert [(each.status_code, each.content) for each in answers] == [(304, b"")] * len(same)
    for each in answers:
        assert each.headers["etag"] == tag
        assert each.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert each.headers.get_list("access-control-allow-origin") == ["*"]
    assert [each.status_code for each in (other, part, old, by_date)] == [200, 206, 200, 200]


async def test_what_is_kept_comes_with_what_a_browser_needs_and_no_more(rig: Rig) -> None:
    task_id = await a_grid(rig)
    await rig.archive()
    task = await rig.fetch(task_id)

    for url in (task["imageUrl"], task["thumbnailUrl"], task["splitUrls"][3]):
        for answer in (await rig.client.get(url), await rig.client.head(url)):
            headers = answer.headers
            kind = headers["content-type"].partition("/")[2]
            assert headers["content-disposition"] == f'inline; filename="{task_id}.{kind}"'
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-resource-policy"] == "cross-origin"
            assert headers.get_list("access-control-allow-origin") == ["*"]
            assert "set-cookie" not in headers


async def test_small_versions_are_under_the_signature_and_from_a_list(rig: Rig) -> None:
    task_id = int(await a_grid(rig))
    links = rig.gateway.links
    whole, small = links.image(task_id), links.image(task_id, size="small")

    sizes = [
        (await rig.client.get(links.image(task_id, n=n, size=size))).status_code
        for n in (0, 4)
        for size in ("thumb", "small", "large")
    ]
    forged = [
        f"{whole}&size=small",
        small.replace("size=small", "size=large"),
        small.replace("&size=small", ""),
        small.replace("size=small", "v=small"),
        whole.replace("?", "/0?"),
        links.image(task_id, n=4).replace("/4?", "/04?"),
    ]

    assert sizes == [200] * 6
    for url in forged:
        refused(await rig.client.get(url), 403, "bad_key")
    refused(await rig.client.get(links.image(task_id, size="huge")), 404, "not_found")


async def test_a_cut_that_takes_long_is_to_be_asked_for_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = asyncio.Event()

    async def slowly(writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.write(head(content_length=len(PNG)) + PNG)

    async with serving(slowly) as server:
        task_id = await a_grid(rig)
        await rig.gateway.store.write(_from, int(task_id), server.url(host="127.0.0.1"))
        monkeypatch.setattr(web_media, "PATIENCE", 0.05)

        answer = await rig.client.get((await rig.fetch(task_id))["splitUrls"][0])
        hold.set()

    refused(answer, 503, "overloaded")
    assert int(answer.headers["retry-after"]) > 0


async def _from(tx: Transaction, task_id: int, origin: str) -> None:
    await tx.run("UPDATE channels SET base_url = :origin", origin=origin)
    await tx.run(
        "UPDATE media SET source_url = :url WHERE task_id = :id AND n = 0",
        url=f"{origin}grid.png",
        id=task_id,
    )


async def test_a_clip_shows_the_frame_it_started_from_where_its_own_cannot_be_had(
    rig: Rig,
) -> None:
    image_url = (await rig.task(await a_grid(rig))).result.image_url
    task_id = await pointed(rig, rig.upstream_url, image_url=image_url, video_urls=[image_url])
    task = await rig.fetch(task_id)
    await rig.gateway.store.write(media.announce, await rig.task(task_id), rig.clock.now())
    clip = await media.find(rig.gateway.store.reader, int(task_id), Kind.VIDEO, 0, Size.WHOLE)
    assert clip is not None
    held = await rig.gateway.files.put(CLIP)
    blob = Blob(held, SIZE, "video/mp4")
    await rig.gateway.store.write(media.keep, clip, blob, rig.clock.now())

    still = await rig.client.get(rig.gateway.links.video(int(task_id), 0, size="small"))

    assert task["videoUrls"][0]["thumbnail"] == task["thumbnailUrl"]
    assert (still.status_code, still.headers["content-type"]) == (200, "image/webp")


async def test_what_cannot_be_made_smaller_says_so(rig: Rig) -> None:
    async with serving(head(content_length=len(GIF)) + GIF) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.gif")

        answer = await rig.client.get((await rig.fetch(task_id))["thumbnailUrl"])

    refused(answer, 404, "not_found")


async def test_bytes_that_have_vanished_are_copied_again(rig: Rig) -> None:
    task_id = await a_grid(rig)
    await rig.archive()
    url = (await rig.fetch(task_id))["imageUrl"]
    before = await rig.client.get(url)
    await rig.gateway.files.delete((await row(rig, task_id)).hash, unless_since=1 << 52)
    restarted(rig, rig.gateway.files)

    during, _ = await rig.client.get(url), await rig.gateway.copies.settle()
    after = await rig.client.get(url)

    assert before.content == during.content == after.content
    assert during.headers["cache-control"] == "no-store"
    assert after.headers["etag"] == before.headers["etag"]


async def test_addresses_end_with_their_day_where_that_is_set(rig: Rig) -> None:
    task_id = int(await a_grid(rig))
    await rig.archive()
    links = Links("http://gateway", rig.gateway.keys, days=7, clock=rig.clock)

    url = links.image(task_id)
    rig.clock.pass_by(DAY // 3)
    same = links.image(task_id)
    early = await rig.client.get(url)
    longer = await rig.client.get(url.replace("until=", "until=9"))
    for_ever = await rig.client.get(url.partition("&until")[0])
    rig.clock.pass_by(8 * DAY)
    late = await rig.client.get(url)

    assert url == same
    assert early.status_code == 200
    for answer in (longer, for_ever, late):
        refused(answer, 403, "bad_key")


async def test_a_task_that_is_deleted_has_no_addresses(rig: Rig) -> None:
    task_id = await a_grid(rig)
    await rig.archive()
    url = (await rig.fetch(task_id))["imageUrl"]

    async def delete(tx: Transaction) -> None:
        await retention.forget(tx, [int(task_id)], rig.clock.now())
        await tx.run("DELETE FROM tasks WHERE id = :id", id=int(task_id))

    await rig.gateway.store.write(delete)

    refused(await rig.client.get(url), 410, "not_found")


async def test_a_clip_that_cannot_be_read_shows_the_picture_that_it_started_from(rig: Rig) -> None:
    picture = made.saved(made.grid(90, 60), "PNG")
    held = await rig.gateway.files.put(picture)
    parent = int(await a_grid(rig))
    await rig.archive()
    clip = int((await a_clip(rig)).split("/")[-2])
    small = rig.gateway.links.video(clip, 0, size="small")

    none = await rig.client.get(small)
    sent = Request(path="submit/video", images=(Stored(hash=held),))
    await rig.gateway.store.write(_asked, clip, encode(sent), None)
    of_sent = await rig.client.get(small)
    await rig.gateway.store.write(_asked, clip, encode(Request(path="submit/action")), parent)
    of_parent = await rig.client.get(small)

    assert none.status_code == 404
    assert of_sent.headers["content-type"] == "image/webp"
    assert made.opened(of_sent.content).size == (90, 60)
    assert of_parent.status_code == 200
    assert of_parent.content != of_sent.content


async def _asked(tx: Transaction, task_id: int, request: str, parent_id: int | None) -> None:
    """Let the clip have been asked for in another way, and forget its small version."""
    await tx.run(
        "UPDATE tasks SET request = :request, parent_id = :parent_id WHERE id = :id",
        request=request,
        parent_id=parent_id,
        id=task_id,
    )
    await tx.run("DELETE FROM media WHERE task_id = :id AND variant <> ''", id=task_id)


@pytest.mark.slow
async def test_a_gigabyte_is_cut_off_and_never_held_in_memory(rig: Rig) -> None:
    piece, sent = b"\x89PNG\r\n\x1a\n" + os.urandom(1 << 20), 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head())
        while sent < 1 << 30:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    async with serving(endless) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")
        await rig.gateway.store.write(media.announce, await rig.task(task_id), rig.clock.now())
        before = _memory()
        archivist = Archivist(rig.gateway)
        await archivist.step()
        await archivist.settle()
        after = _memory()

    assert sent < 200 << 20
    assert after - before < 64 << 20
    assert (await row(rig, task_id)).tries == 1
    assert await rig.gateway.files.tidy(before=1 << 52) == 0


def _memory() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  no file of a directory
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
