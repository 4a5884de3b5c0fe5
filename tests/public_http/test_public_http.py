"""
The client for addresses that somebody else chose, against real servers on this machine.

`pictures.test` stands for a public host: the operator lets that name pass, and it leads here.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector
from aiohttp.abc import ResolveResult

from mjgate.domain.address import Gate, Origin, read
from mjgate.domain.errors import BadAddress
from mjgate.public_http import Answer, Limits, PublicHTTP, _Hop
from mjgate.public_http.errors import (
    AnswerTooLarge,
    BrokenAnswer,
    FetchError,
    TooManyRedirects,
    TooSlow,
    Unreachable,
)
from mjgate.public_http.gated import SystemResolver, _GatedConnector
from tests.public_http.hostile import HOSTILE
from tests.public_http.servers import Names, Speak, head, leading_to, self_signed, serving

pytestmark = pytest.mark.usefixtures("loopback")

HERE = [["127.0.0.1"]]
TWICE_ONWARD = Limits(redirects=2)
PICTURE = head(content_type="image/png", content_length=7) + b"picture"


@asynccontextmanager
async def client(names: Names | None = None, *let: str) -> AsyncGenerator[PublicHTTP]:
    http = await PublicHTTP.start(
        allow_private=let or ["pictures.test"], resolver=names or Names(pictures_test=HERE)
    )
    try:
        yield http
    finally:
        await http.close()


async def fetch(
    http: PublicHTTP, url: str, *, exempt: Origin | None = None, limits: Limits = TWICE_ONWARD
) -> bytes:
    """Open an address and read its body."""
    async with http.open("GET", url, exempt=exempt, limits=limits) as answer:
        return await answer.read()


async def collect(answer: Answer, chunks: list[bytes]) -> None:
    """Keep what came, even if there was an error after it."""
    async for chunk in answer.chunks():
        chunks.append(chunk)  # noqa: PERF401 - a comprehension would lose them


async def test_a_picture_is_read() -> None:
    headers = {"X-A": "b"}
    async with (
        serving(PICTURE) as server,
        client() as http,
        http.open("GET", server.url("/a%2Fb.png?ex=6a#x"), headers=headers) as answer,
    ):
        body = await answer.read()

    assert (answer.status, answer.headers["content-type"], body) == (200, "image/png", b"picture")
    assert server.requests[0].startswith("GET /a%2Fb.png?ex=6a HTTP/1.1\r\n")
    assert "Accept-Encoding: identity" in server.requests[0]
    assert "X-A: b" in server.requests[0]


async def test_what_cannot_be_opened_is_refused_beforehand() -> None:
    async with client() as http:
        http.refuse("http://pictures.test/hook")
        with pytest.raises(BadAddress) as refused:
            http.refuse("http://127.0.0.1/hook", field="notifyHook")

    assert refused.value.field == "notifyHook"
    assert "MJGATE_ALLOW_PRIVATE_HOSTS" in refused.value.description


async def test_a_hook_is_posted() -> None:
    async with (
        serving(head("204 No Content")) as server,
        client() as http,
        http.open("POST", server.url("/hook"), body=b"{}") as answer,
    ):
        status = answer.status

    assert status == 204
    assert server.requests[0].startswith("POST /hook HTTP/1.1\r\n")


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_hostile_address_is_not_even_looked_up(url: str) -> None:
    names = Names()
    async with client(names) as http:
        with pytest.raises(BadAddress):
            await fetch(http, url)

    assert names.asked == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["::1"],
        ["::ffff:169.254.169.254"],
        ["64:ff9b::a00:1"],
        ["fe80::1%1"],
        ["8.8.8.8", "10.0.0.1"],
    ],
)
async def test_a_name_with_one_private_address_is_refused(addresses: list[str]) -> None:
    async with serving(PICTURE) as server, client(Names(evil_test=[addresses])) as http:
        with pytest.raises(BadAddress):
            await fetch(http, server.url(host="evil.test"))

    assert server.connections == 0


async def test_a_name_that_changes_its_address_is_judged_each_time() -> None:
    names = Names(rebinding_test=[["127.0.0.1"], ["127.0.0.2"]])
    async with serving(PICTURE) as server, client(names, "127.0.0.1") as http:
        first = await fetch(http, server.url(host="rebinding.test"))
        with pytest.raises(BadAddress):
            await fetch(http, server.url(host="rebinding.test"))

    assert first == b"picture"
    assert names.asked == ["rebinding.test"] * 2  # once for each request: judged is what is used
    assert server.connections == 1


async def test_the_peer_is_judged_before_the_request_is_sent() -> None:
    names = Names(public_test=HERE)
    async with (
        serving(PICTURE) as server,
        ClientSession(connector=_GatedConnector(resolver=names)) as session,
    ):
        with pytest.raises(BadAddress):
            await session.get(server.url(host="public.test"))

    assert names.asked == ["public.test"]  # nobody judged its answer
    assert server.requests == []


async def test_names_of_ones_own_network_may_have_other_addresses_too() -> None:
    names = Names(dev_test=[["10.255.255.1", "127.0.0.1"]])
    async with serving(PICTURE) as server, client(names, "127.0.0.0/8") as http:
        body = await fetch(http, server.url(host="dev.test"))

    assert body == b"picture"


async def test_metadata_is_never_opened_even_under_a_name_that_passes() -> None:
    names = Names(meta_test=[["169.254.169.254"]])
    origin = Origin("http", "meta.test", 80)
    async with client(names, "meta.test", "0.0.0.0/0") as http:
        with pytest.raises(BadAddress):
            await fetch(http, "http://meta.test/latest/", exempt=origin)


@pytest.mark.parametrize("host", ["127.0.0.1", "upstream.test"])
async def test_an_exempt_origin_passes_and_nothing_beside_it(host: str) -> None:
    names = Names(upstream_test=HERE)
    async with serving(PICTURE) as server, client(names) as http:
        exempt = Origin("http", host, server.port)
        body = await fetch(http, server.url("/a", host), exempt=exempt)
        for other in (
            Origin("https", host, server.port),
            Origin("http", host, server.port + 1),
            Origin("http", "other.test", server.port),
            None,
        ):
            with pytest.raises(BadAddress):
                await fetch(http, server.url("/a", host), exempt=other)

    assert body == b"picture"
    assert server.connections == 1


async def test_an_exemption_stays_on_its_origin_through_redirects() -> None:
    async with serving(PICTURE) as end, client(Names()) as http:
        async with serving(leading_to("/b")) as circle:
            exempt = Origin("http", "127.0.0.1", circle.port)
            with pytest.raises(TooManyRedirects):
                await fetch(http, circle.url("/a", "127.0.0.1"), exempt=exempt)
        async with serving(leading_to(end.url("/", "127.0.0.1"))) as start:
            exempt = Origin("http", "127.0.0.1", start.port)
            with pytest.raises(BadAddress):
                await fetch(http, start.url("/a", "127.0.0.1"), exempt=exempt)

    assert circle.connections == 3
    assert end.connections == 0


async def test_an_exemption_does_not_come_back_after_a_way_elsewhere() -> None:
    async with (
        serving(PICTURE) as upstream,
        serving(leading_to(upstream.url(host="127.0.0.1"))) as elsewhere,
        client() as http,
    ):
        exempt = Origin("http", "127.0.0.1", upstream.port)
        with pytest.raises(BadAddress):
            await fetch(http, elsewhere.url(), exempt=exempt)

    assert upstream.connections == 0


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "http://private.test:{port}/",
        "file:///etc/passwd",
        "http://a@pictures.test:{port}/",
        "http://[::1",
        "http://pictures.test\\@127.0.0.1:{port}/",
    ],
)
async def test_a_redirect_is_judged_like_an_address(location: str) -> None:
    names = Names(pictures_test=HERE, private_test=HERE)
    async with (
        serving(PICTURE) as end,
        serving(leading_to(location.format(port=end.port))) as start,
        client(names) as http,
    ):
        with pytest.raises(BadAddress):
            await fetch(http, start.url())

    assert (start.connections, end.connections) == (1, 0)


async def test_a_redirect_is_followed_without_the_callers_secrets() -> None:
    secret = {"Authorization": "Bearer x", "mj-api-secret": "x", "Accept": "image/*"}
    async with (
        serving(PICTURE) as end,
        serving(leading_to(end.url("/b"))) as start,
        client() as http,
        http.open("GET", start.url(), headers=secret, limits=Limits(redirects=1)) as answer,
    ):
        body = await answer.read()

    assert (body, answer.url) == (b"picture", end.url("/b"))
    assert "Bearer x" in start.requests[0]
    assert "Bearer" not in end.requests[0]
    assert "mj-api-secret" not in end.requests[0].lower()
    assert "Accept: image/*" in end.requests[0]


@pytest.mark.parametrize(("method", "redirects"), [("POST", 3), ("GET", 0)])
async def test_a_redirect_that_may_not_be_followed_is_the_answer(
    method: str, redirects: int
) -> None:
    async with (
        serving(leading_to("http://127.0.0.1/")) as server,
        client() as http,
        http.open(method, server.url(), limits=Limits(redirects=redirects)) as answer,
    ):
        status = answer.status

    assert status == 302


def test_a_redirect_from_https_to_http_is_refused() -> None:
    gate = Gate.letting([])
    hop = _Hop(
        method="GET",
        target=read("https://a.example/"),
        gate=gate,
        headers={},
        body=None,
        exempt=None,
    )

    assert hop.onward("https://b.example/", gate).target.url == "https://b.example/"
    with pytest.raises(BadAddress, match="from https to http"):
        hop.onward("http://b.example/", gate)


async def test_a_circle_of_redirects_ends() -> None:
    async with serving(leading_to("/again")) as server, client() as http:
        with pytest.raises(TooManyRedirects):
            await fetch(http, server.url(), limits=Limits(redirects=5))

    assert server.connections == 6


async def test_an_endless_body_is_cut_off() -> None:
    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(head(content_type="image/png"))
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    got: list[bytes] = []
    async with (
        serving(pour) as server,
        client() as http,
        http.open("GET", server.url(), limits=Limits(max_bytes=1_000_000)) as answer,
    ):
        with pytest.raises(AnswerTooLarge):
            await collect(answer, got)

    assert 0 < sum(map(len, got)) <= 1_000_000


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (head(content_length=10**12), AnswerTooLarge),
        (head(content_length=2_000) + b"short", BrokenAnswer),
        (head(content_length="many") + b"x", BrokenAnswer),
        (head(content_encoding="gzip") + b"\x1f\x8b", BrokenAnswer),
        (head(content_encoding="identity, br", content_length=1) + b"x", BrokenAnswer),
        (head(transfer_encoding="chunked") + b"zz\r\nx", BrokenAnswer),
        (head(transfer_encoding="chunked") + b"ffff\r\nx", BrokenAnswer),
        (head(x="y" * 100_000), BrokenAnswer),
        (b"SSH-2.0-OpenSSH_9.9\r\n", BrokenAnswer),
        (b"", BrokenAnswer),
    ],
)
async def test_a_server_that_lies_is_found_out(answer: bytes, error: type[FetchError]) -> None:
    async with serving(answer) as server, client() as http:
        with pytest.raises(error) as failed:
            await fetch(http, server.url(), limits=Limits(max_bytes=10_000))

    assert "127.0.0.1" not in failed.value.description
    assert failed.value.description.endswith(".")


async def test_bytes_beyond_the_length_are_never_handed_on() -> None:
    body = b"picture"
    async with serving(PICTURE + b"and more") as server, client() as http:
        with suppress(BrokenAnswer):  # when they come in one piece with the rest
            body = await fetch(http, server.url())

    assert body == b"picture"


async def test_a_body_of_exactly_the_most_bytes_is_read() -> None:
    async with serving(PICTURE) as server, client() as http:
        body = await fetch(http, server.url(), limits=Limits(max_bytes=7))

    assert body == b"picture"


async def test_a_head_request_may_speak_of_a_large_body() -> None:
    async with (
        serving(head(content_length=10**12)) as server,
        client() as http,
        http.open("HEAD", server.url()) as answer,
    ):
        body = await answer.read()

    assert (body, answer.headers["Content-Length"]) == (b"", str(10**12))


async def _drip_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _drip_early_hints(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _drip_body(writer: asyncio.StreamWriter) -> None:
    writer.write(head())
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _say_nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.get_running_loop().create_future()
    writer.close()


async def _stop_halfway(writer: asyncio.StreamWriter) -> None:
    writer.write(head(content_length=10) + b"half")
    await writer.drain()
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    ("speak", "limits"),
    [
        (_say_nothing, Limits(connect=0.1, first_byte=0.1)),
        (_drip_head, Limits(connect=0.1, first_byte=0.1)),
        (_drip_early_hints, Limits(connect=0.1, first_byte=0.1)),
        (_drip_body, Limits(total=0.3)),
        (_stop_halfway, Limits(idle=0.1)),
    ],
)
async def test_a_slow_server_is_left(speak: Speak, limits: Limits) -> None:
    async with serving(speak) as server, client() as http:
        with pytest.raises(TooSlow):
            async with asyncio.timeout(5), http.open("GET", server.url(), limits=limits) as answer:
                await answer.read()


async def test_a_name_server_that_never_answers_is_left() -> None:
    class Mute(Names):
        async def resolve(self, *_: object, **__: object) -> list[ResolveResult]:
            return await asyncio.get_running_loop().create_future()

    async with client(Mute()) as http:
        with pytest.raises(TooSlow):
            await fetch(http, "http://mute.test/", limits=Limits(connect=0.05, first_byte=0.05))


@pytest.mark.parametrize("answers", [None, [[]]])
async def test_a_name_without_address_is_unreachable(answers: list[list[str]] | None) -> None:
    names = Names(nowhere_test=answers) if answers else Names()
    async with client(names) as http:
        with pytest.raises(Unreachable, match="not known"):
            await fetch(http, "http://nowhere.test/")


async def test_a_closed_port_is_unreachable() -> None:
    async with serving(PICTURE) as server:
        closed = server.url()

    async with client() as http:
        with pytest.raises(Unreachable, match="No connection"):
            await fetch(http, closed)


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    async with serving(PICTURE, tls=self_signed(tmp_path)) as server, client() as http:
        with pytest.raises(Unreachable, match="certificate"):
            await fetch(http, server.url().replace("http:", "https:"))

    assert server.requests == []


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(PICTURE) as server, serving(PICTURE) as proxy, client() as http:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await fetch(http, server.url())

    assert (server.connections, proxy.connections) == (1, 0)


async def test_cookies_are_forgotten_and_connections_not_kept() -> None:
    answer = head(set_cookie="a=b", content_length=0, connection="keep-alive")
    async with serving(answer) as server, client() as http:
        await fetch(http, server.url())
        await fetch(http, server.url())

    assert server.connections == 2
    assert "cookie" not in "".join(server.requests).lower()


async def test_a_channels_proxy_gets_the_name_but_no_private_address() -> None:
    async with serving(PICTURE) as proxy, client(Names()) as http:

        def through() -> TCPConnector:
            return TCPConnector(resolver=Names(cdn_example=HERE))

        url = proxy.url(host="cdn.example")
        async with http.open("GET", url, via=through) as answer:
            body = await answer.read()
        with pytest.raises(BadAddress):
            async with http.open("GET", "http://10.0.0.1/", via=through):
                pass

    assert body == b"picture"


async def test_the_system_knows_this_machine() -> None:
    resolver = SystemResolver()

    found = await resolver.resolve("localhost", 80)

    await resolver.close()
    assert {one["host"] for one in found} <= {"127.0.0.1", "::1"}
    assert found
