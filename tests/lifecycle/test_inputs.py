"""Reference images: bounded, without what they tell, stored once, sent as a channel likes."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from mjgate.dialects import Work
from mjgate.domain.action import RULES
from mjgate.domain.clock import HOUR
from mjgate.domain.errors import BadAddress, BadImage
from mjgate.domain.order import read_order
from mjgate.imaging import Imaging
from mjgate.lifecycle import Gateway, fetched
from mjgate.lifecycle.handover import prepared
from mjgate.lifecycle.inputs import keep
from mjgate.lifecycle.routing import line
from mjgate.lifecycle.work import decode
from mjgate.public_http import PublicHTTP
from mjgate.store import attempts
from tests.imaging import made
from tests.lifecycle.conftest import Bench
from tests.public_http.servers import head, serving
from tests.rig import MakeRig, Rig
from tests.web.shape import IMAGINE, one_engine, refused

Json = Any


def as_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def work_of(rig: Rig, task_id: str) -> Work:
    """What the channel got, made once more."""
    task = await rig.task(task_id)
    attempt = (await attempts.of_task(rig.gateway.store.reader, task.id))[-1]
    to = await line(rig.gateway, attempt.channel_id, attempt.credential_id)
    return await prepared(rig.gateway, task, attempt, to)


async def test_a_picture_goes_upstream_without_the_place_where_it_was_taken(rig: Rig) -> None:
    telling = made.telling("JPEG", turn=6)

    task_id = await rig.imagine(base64Array=[as_text(telling)])
    (sent,) = (await work_of(rig, task_id)).images

    data = base64.b64decode(sent.removeprefix("data:image/jpeg;base64,"))
    assert made.PLACE in telling
    assert made.PLACE not in data
    assert not made.opened(data).getexif()
    assert made.opened(data).size == made.opened(telling).size[::-1]


@one_engine
async def test_a_task_row_holds_hashes_and_no_pictures(rig: Rig) -> None:
    large = as_text(made.saved(made.Image.effect_noise((900, 900), 200), "PNG"))

    task_id = await rig.imagine(base64Array=[large] * 5)

    row = await rig.gateway.store.reader.row("SELECT * FROM tasks WHERE id = :id", id=int(task_id))
    assert len(large) > 700_000
    assert row is not None
    assert max(len(str(value)) for value in dict(row).values()) < 64 * 1024
    assert len({image.hash for image in decode((await rig.task(task_id)).request).images}) == 1
    assert len(await rig.gateway.store.reader.rows("SELECT hash FROM blobs")) == 1


@one_engine
@pytest.mark.parametrize(
    ("setting", "value", "data", "told"),
    [
        ("reference_mib", 1, made.saved(made.Image.effect_noise((1500, 1500), 200), "PNG"),
         "at most 1 MiB"),
        ("reference_megapixels", 1, made.saved(made.grid(1200, 1000), "PNG"),
         "1,000,000 may be used"),
        ("reference_megapixels", 50, made.png_bomb(60_000, 60_000), "50,000,000 may be used"),
        ("reference_megapixels", 50, made.telling("GIF")[:-60], "breaks off"),
    ],
)  # fmt: skip
async def test_a_picture_beyond_what_may_be_sent_is_refused_with_the_bound(
    rig: Rig, setting: str, value: int, data: bytes, told: str
) -> None:
    await rig.set(setting, value=value)
    before = await rig.balance()

    answer = await rig.post(IMAGINE, {"prompt": "a fox", "base64Array": [as_text(data)]})

    refused(answer, 200, "bad_image")
    assert told in answer.json()["description"]
    assert answer.json()["properties"]["field"] == "base64Array"
    assert await rig.balance() == before


async def test_a_channel_may_get_short_lived_addresses_instead_of_bytes(make_rig: MakeRig) -> None:
    rig = await make_rig(images="url")
    data = made.saved(made.grid(20, 20), "PNG")
    task_id = await rig.imagine(base64Array=[as_text(data)])

    (url,) = (await work_of(rig, task_id)).images
    again = (await work_of(rig, task_id)).images
    picture = await rig.client.get(url)
    forged = await rig.client.get(url.replace("until=1", "until=2"))
    elsewhere = await rig.client.get(url.replace(f"/{task_id}/", "/1763712000000001/"))
    rig.clock.pass_by(24 * HOUR)
    late = await rig.client.get(url)

    assert url.startswith(f"http://gateway/mj/reference/{task_id}/")
    assert again == (url,)  # a repeat of the attempt is the same request
    assert (picture.status_code, picture.content) == (200, data)
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert {each.status_code for each in (forged, elsewhere, late)} == {403}


async def test_a_signature_for_references_opens_nothing_else(bench: Bench) -> None:
    links = bench.gateway.links

    reference = links.reference(1, "a" * 64, 5).rpartition("sig=")[2]
    image = links.image(1).rpartition("sig=")[2]

    assert links.opens_reference("1", "a" * 64, "5", reference)
    assert not links.opens_reference("1", "a" * 64, "6", reference)
    assert not links.opens_reference("1", "a" * 64, "5", image)
    assert not links.opens("image", "1", 0, "", reference)


@pytest.fixture
async def near(bench: Bench, loopback: None) -> AsyncGenerator[Gateway]:
    """A gateway that may fetch from this machine."""
    del loopback
    public, imaging = await PublicHTTP.start(allow_private=["127.0.0.1"]), Imaging()
    yield replace(bench.gateway, public=public, imaging=imaging)
    await public.close()
    await imaging.close()


def naming(url: str) -> Json:
    return read_order(RULES["submit/imagine"], {"prompt": "a fox", "base64Array": [url]})


PICTURE = made.telling("PNG")
FOUND = head(content_type="text/html", content_length=len(PICTURE)) + PICTURE
AWAY = b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"


@one_engine
async def test_addresses_travel_on_as_they_are_unless_a_setting_or_channel_wants_bytes(
    near: Gateway,
) -> None:
    async with serving(FOUND) as server:
        url = server.url(host="127.0.0.1")

        plain = await keep(near, naming(url))
        ours = await keep(near, naming(url), ours=True)

    assert plain.images[0].url == url
    assert server.connections == 1
    assert not ours.images[0].url
    kept = ours.pictures[ours.images[0].hash]
    assert kept.type == "image/png"  # whatever the server calls it
    assert made.PLACE not in await near.files.read(ours.images[0].hash)


@one_engine
async def test_a_flaky_host_is_asked_three_times(near: Gateway) -> None:
    answers = [AWAY, AWAY, FOUND]

    async with serving(lambda writer: _said(writer, answers)) as server:
        kept = await keep(near, naming(server.url(host="127.0.0.1")), ours=True)

    assert server.connections == 3
    assert kept.images[0].hash in kept.pictures


@one_engine
async def test_a_host_that_hangs_is_not_asked_again(
    near: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetched, "WORTH", 0.1)
    monkeypatch.setattr(fetched, "LIMITS", {"connect": 0.1, "first_byte": 0.1, "total": 0.2})
    hold = asyncio.Event()

    async def hang(_: asyncio.StreamWriter) -> None:
        await hold.wait()

    async with serving(hang) as server:
        with pytest.raises(BadImage, match="did not answer in time"):
            await keep(near, naming(server.url(host="127.0.0.1")), ours=True)
        hold.set()

    assert server.connections == 1


@one_engine
@pytest.mark.parametrize(
    ("answer", "connections", "told"),
    [
        (AWAY, 3, "HTTP 503"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 1, "HTTP 404"),
        (head(content_type="image/png", content_length=11) + b"<html>not a", 1, "no PNG"),
        (head(content_type="image/png", content_length=1 << 30), 1, "at most 20 MiB"),
    ],
)
async def test_what_cannot_be_had_is_refused_by_its_field(
    near: Gateway, answer: bytes, connections: int, told: str
) -> None:
    async with serving(answer) as server:
        with pytest.raises(BadImage, match=told) as refusal:
            await keep(near, naming(server.url(host="127.0.0.1")), ours=True)

    assert refusal.value.field == "base64Array"
    assert server.connections == connections


@one_engine
async def test_a_redirect_to_a_private_place_is_refused_by_the_guard(near: Gateway) -> None:
    leading = b"HTTP/1.1 302 There\r\nLocation: http://10.0.0.1/a.png\r\nContent-Length: 0\r\n\r\n"
    async with serving(leading) as server:
        with pytest.raises(BadAddress):
            await keep(near, naming(server.url(host="127.0.0.1")), ours=True)


async def _said(writer: Any, answers: list[bytes]) -> None:  # noqa: ANN401  a stream
    writer.write(answers.pop(0))
    await writer.drain()
