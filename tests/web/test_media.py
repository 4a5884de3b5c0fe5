"""Pictures under signed addresses, and upstreams that send something else under them."""

import asyncio

import msgspec
import pytest

from mjgate.domain.task import Result
from mjgate.store.database import Transaction
from tests.public_http.servers import head, leading_to, serving
from tests.rig import MakeRig, Rig
from tests.web.shape import one_engine, refused

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 100
WEBP = b"RIFF\x00\x00\x00\x00WEBP" + b"\x00" * 100
GIF = b"GIF89a" + b"\x00" * 100
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 100


async def pointed(rig: Rig, origin: str, **result: object) -> str:
    """A finished task whose channel is at `origin` and has delivered `result`."""
    task_id = await rig.imagine()
    await rig.finished(task_id)
    delivered = msgspec.json.encode(msgspec.convert(result, Result)).decode()

    async def point(tx: Transaction) -> None:
        await tx.run("UPDATE channels SET base_url = :origin", origin=origin)
        await tx.run(
            "UPDATE tasks SET result = :result, version = version + 1 WHERE id = :id",
            result=delivered,
            id=int(task_id),
        )
        await tx.run("DELETE FROM media WHERE task_id = :id", id=int(task_id))

    await rig.gateway.store.write(point)
    return task_id


async def test_a_picture_comes_with_what_a_browser_needs_and_no_more(rig: Rig) -> None:
    task_id = await rig.imagine()
    url = (await rig.finished(task_id))["imageUrl"]

    picture = await rig.client.get(url)
    asked = await rig.client.head(url)

    assert picture.content.startswith(PNG[:8])
    assert (asked.status_code, asked.content) == (200, b"")
    for answer in (picture, asked):
        headers = answer.headers
        assert headers["content-type"] == "image/png"
        assert headers["content-disposition"] == f'inline; filename="{task_id}.png"'
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert headers["referrer-policy"] == "no-referrer"
        assert int(headers["content-length"]) == len(picture.content)
        assert headers.get_list("access-control-allow-origin") == ["*"]
        assert headers["x-request-id"]
        assert "set-cookie" not in headers
        assert "server" not in headers


async def test_the_four_cuts_of_a_grid_have_addresses_of_their_own(make_rig: MakeRig) -> None:
    rig = await make_rig()
    async with serving(head(content_length=len(PNG)) + PNG) as server:
        origin = server.url(host="127.0.0.1")
        urls = [f"{origin}{n}.png" for n in range(4)]
        task_id = await pointed(rig, origin, image_url=f"{origin}grid.png", image_urls=urls)
        task = await rig.fetch(task_id)

        answers = [await rig.client.get(each) for each in task["splitUrls"]]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert [request.split()[1] for request in server.requests] == [f"/{n}.png" for n in range(4)]
    assert len({task["imageUrl"], *task["splitUrls"]}) == 5


async def test_a_picture_under_way_is_not_kept_and_changes_its_address(rig: Rig) -> None:
    task_id = await rig.imagine("a fox [[fault:hang]]")
    await rig.look()
    task = await rig.fetch(task_id)

    answer = await rig.client.get(task["imageUrl"])
    final = rig.gateway.links.image(int(task_id))

    assert task["status"] == "IN_PROGRESS"
    assert "&v=" in task["imageUrl"]
    assert final != task["imageUrl"]
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


# what stands in a good address, and what somebody writes in its place
FORGED = [
    ("?sig=", "?signature="),
    ("sig=", "sig=x"),
    ("sig=", "sig=&x="),
    ("sig=", "v=50&sig="),
    ("sig=", "sig=%00"),
    ("sig=", "sig=%F0%9F%A6%8A"),
    ("sig=", "sig=.&x="),
    ("?", "/1?"),
    ("?", "/2?"),
    ("?", "/-1?"),
    ("?", "/x?"),
    ("?", "/%D9%A1?"),
    ("?", "/" + "9" * 5_000 + "?"),
    ("?", "%00?"),
    ("/image/", "/image/1"),
    ("/image/", "/image/%20"),
    ("/image/1", "/image/%F0%9F%A6%8A"),
]


@one_engine
@pytest.mark.parametrize(("genuine", "forged"), FORGED, ids=lambda part: part[:40])
async def test_a_forged_address_is_forbidden_whatever_it_names(
    rig: Rig, genuine: str, forged: str
) -> None:
    url = (await rig.finished(await rig.imagine()))["imageUrl"]

    answer = await rig.client.get(url.replace(genuine, forged, 1))

    refused(answer, 403, "bad_key")


@one_engine
async def test_a_picture_is_no_clip(rig: Rig) -> None:
    url = (await rig.finished(await rig.imagine()))["imageUrl"]

    answer = await rig.client.get(url.replace("/image/", "/video/").replace("?", "/0.mp4?"))

    refused(answer, 403, "bad_key")


async def test_one_signature_opens_one_task(rig: Rig) -> None:
    one, two = await rig.imagine("one"), await rig.imagine("two")
    url = (await rig.finished(one))["imageUrl"]
    await rig.finished(two)

    answer = await rig.client.get(url.replace(one, two))
    nobodys = await rig.client.get(url.replace(one, "1763712000000999"))

    told = refused(answer, 403, "bad_key")
    assert told["description"] == refused(nobodys, 403, "bad_key")["description"]


async def test_a_good_signature_of_nothing_is_not_found(rig: Rig) -> None:
    task_id = int(await rig.imagine("a fox [[fault:hang]]"))
    links = rig.gateway.links
    urls = [
        links.image(1_763_712_000_000_999),
        links.image(1),
        links.image(task_id),
        links.image(task_id, n=4),
        links.video(task_id, 0),
    ]

    for url in urls:
        refused(await rig.client.get(url), 404, "not_found")


@one_engine
@pytest.mark.parametrize(
    ("content", "kind", "ending"),
    [
        (PNG, "image/png", "png"),
        (JPEG, "image/jpeg", "jpeg"),
        (WEBP, "image/webp", "webp"),
        (GIF, "image/gif", "gif"),
        (MP4, "video/mp4", "mp4"),
    ],
    ids=lambda part: str(part)[:12],
)
async def test_the_type_is_read_from_the_bytes(
    rig: Rig, content: bytes, kind: str, ending: str
) -> None:
    declared = head(content_type="text/html", content_length=len(content), set_cookie="a=b")
    async with serving(declared + content) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.html")

        answer = await rig.client.get((await rig.fetch(task_id))["imageUrl"])

    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"].endswith(f'.{ending}"')
    assert "set-cookie" not in answer.headers


@one_engine
async def test_the_first_bytes_may_come_one_by_one(rig: Rig) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        for number in range(12):
            writer.write(WEBP[number : number + 1])
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(WEBP[12:])

    async with serving(drip) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.webp")

        answer = await rig.client.get((await rig.fetch(task_id))["imageUrl"])

    assert (answer.status_code, answer.content) == (200, WEBP)


HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def plain(content: bytes, kind: str = "image/png", status: str = "200 OK") -> bytes:
    return head(status, content_type=kind, content_length=len(content)) + content


HOSTILE = [
    (plain(HTML), 404),
    (plain(HTML, "text/html"), 404),
    (plain(SVG, "image/svg+xml"), 404),
    (plain(b"\xef\xbb\xbf" + SVG), 404),
    (plain(b"%PDF-1.7 x" * 10), 404),
    (plain(b""), 404),
    (plain(b"\x89PNG"), 404),
    (plain(PNG, status="404 Not Found"), 404),
    (plain(PNG, status="500 Oops"), 503),
    (plain(PNG, status="206 Partial Content"), 404),
    (head(content_encoding="gzip", content_length=len(PNG)) + PNG, 503),
    (b"SSH-2.0-OpenSSH_9.6\r\n", 503),
    (b"", 503),
    (head(content_length=1 << 40) + PNG, 503),
    (leading_to("http://127.0.0.1:9/a.png"), 404),
    (leading_to("http://169.254.169.254/latest/meta-data/"), 404),
    (leading_to("http://[::1]:80/a.png"), 404),
    (leading_to("http://10.0.0.1/a.png"), 404),
    (leading_to("file:///etc/passwd"), 404),
    (leading_to("//"), 503),
    (leading_to("/again"), 503),
]


@one_engine
@pytest.mark.parametrize(("content", "status"), HOSTILE, ids=lambda part: str(part)[:120])
async def test_an_upstream_cannot_pass_anything_else_off_as_a_picture(
    rig: Rig, content: bytes, status: int
) -> None:
    async with serving(content) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")
        url = (await rig.fetch(task_id))["imageUrl"]

        answer = await rig.client.get(url)
        asked = await rig.client.head(url)

    told = refused(answer, status, "not_found" if status == 404 else "overloaded")
    assert "127.0.0.1" not in told["description"]
    assert "169.254" not in told["description"]
    assert asked.status_code == status
    assert status == 404 or int(answer.headers["retry-after"]) > 0


@one_engine
@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/a.png", "http://169.254.169.254/a.png", "http://10.0.0.1/", "javascript:"],
)
async def test_a_result_elsewhere_in_private_is_not_fetched(rig: Rig, url: str) -> None:
    task_id = await pointed(rig, rig.upstream_url, image_url=url)

    answer = await rig.client.get(rig.gateway.links.image(int(task_id)))

    refused(answer, 404, "not_found")


@one_engine
async def test_a_channel_that_is_away_may_be_asked_again(rig: Rig) -> None:
    task_id = await pointed(rig, "http://127.0.0.1:9", image_url="http://127.0.0.1:9/a.png")

    answer = await rig.client.get(rig.gateway.links.image(int(task_id)))

    refused(answer, 503, "overloaded")


async def test_clips_are_counted_from_nought(rig: Rig) -> None:
    async with serving(head(content_length=len(MP4)) + MP4) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, video_urls=[f"{origin}0", f"{origin}1"])
        task = await rig.fetch(task_id)

        answers = [await rig.client.get(each["url"]) for each in task["videoUrls"]]
        beyond = await rig.client.get(rig.gateway.links.video(int(task_id), 2))

    assert task["videoUrl"] == task["videoUrls"][0]["url"]
    assert [answer.headers["content-type"] for answer in answers] == ["video/mp4"] * 2
    assert [request.split()[1] for request in server.requests] == ["/0", "/1"]
    refused(beyond, 404, "not_found")


async def test_no_key_is_asked_for_and_none_is_passed_on(rig: Rig) -> None:
    async with serving(head(content_length=len(PNG)) + PNG) as server:
        origin = server.url(host="127.0.0.1")
        task_id = await pointed(rig, origin, image_url=f"{origin}a.png")
        headers = {"Authorization": "Bearer secret", "Cookie": "a=secret", "Range": "bytes=0-1"}

        answer = await rig.client.get(rig.gateway.links.image(int(task_id)), headers=headers)

    assert (answer.status_code, answer.content) == (206, PNG[:2])
    assert "secret" not in server.requests[0]
    assert "range:" not in server.requests[0].lower()
    assert "upstream-secret" not in server.requests[0]
