"""The gateway behind a real server: what a socket may send that no client library would."""

import asyncio

import msgspec
import pytest

from mjgate.web.wire import HEAD_MOST, Wire
from tests.rig import Rig
from tests.served import listening
from tests.web.shape import one_engine, untouched

pytestmark = one_engine


async def said(port: int, *pieces: bytes) -> bytes:
    """Send the pieces, and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def parts(answer: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and JSON of a raw answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    headers = dict(each.lower().split(": ", 1) for each in rest)
    return int(line.split()[1]), headers, msgspec.json.decode(body or b"null")


def request(rig: Rig, *more: str, line: str = "POST /mj/submit/imagine HTTP/1.1") -> bytes:
    key = f"mj-api-secret: {rig.alice.key}"
    return "\r\n".join([line, "Host: gateway", key, "Connection: close", *more, "", ""]).encode()


FOX = b'{"prompt":"a red fox"}'


async def test_a_head_that_dawdles_loses_its_connection(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wire, "head_within", 0.2)

    async with listening(rig.app) as port:
        silent, begun = await asyncio.gather(said(port), said(port, b"POST /mj/sub"))

    status, headers, body = parts(begun)
    assert silent == b""
    assert (status, headers["connection"]) == (400, "close")
    assert "took longer" in str(body["description"])


async def test_who_goes_on_sending_what_was_refused_loses_his_connection(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wire, "head_within", 0.2)
    head = b"POST /mj/submit/imagine HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n"
    whole = b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n"

    async with listening(rig.app) as port, asyncio.timeout(10):
        answers = [await answered(port, head, b" " * 10), await answered(port, whole, b"\r\n")]

    assert [each.partition(b"\r\n")[0][9:12] for each in answers] == [b"401", b"200"]
    assert [each.count(b"HTTP/1.1") for each in answers] == [1, 1]


async def answered(port: int, asked: bytes, more: bytes) -> bytes:
    """Ask, wait for the answer, send some more, and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(asked)
    answer = await reader.readuntil(b"}")
    writer.write(more)
    answer += await reader.read()
    writer.close()
    return answer


async def test_a_plain_request_is_served(rig: Rig) -> None:
    async with listening(rig.app) as port:
        answer = await said(port, request(rig, f"Content-Length: {len(FOX)}"), FOX)

    status, headers, body = parts(answer)
    assert (status, body["code"]) == (200, 1)
    assert "server" not in headers


async def test_a_chunked_body_is_read(rig: Rig) -> None:
    chunks = [b"5\r\n" + FOX[:5] + b"\r\n", b"%x\r\n" % (len(FOX) - 5) + FOX[5:] + b"\r\n"]

    async with listening(rig.app) as port:
        head = request(rig, "Transfer-Encoding: chunked")
        answer = await said(port, head, *chunks, b"0\r\n\r\n")

    assert parts(answer)[2]["code"] == 1


@pytest.mark.parametrize(
    ("key", "length", "status"), [("{key}", 10**12, 413), ("sk-nobody", 10, 401)]
)
async def test_who_waits_for_leave_to_send_is_refused_before_the_body(
    rig: Rig, key: str, length: int, status: int
) -> None:
    lines = [
        "POST /mj/submit/imagine HTTP/1.1",
        "Host: gateway",
        f"mj-api-secret: {key.format(key=rig.alice.key)}",
        "Expect: 100-continue",
        "Connection: close",
        f"Content-Length: {length}",
        "",
        "",
    ]

    async with listening(rig.app) as port:
        answer = await said(port, "\r\n".join(lines).encode())

    assert parts(answer)[0] == status
    assert b"100 Continue" not in answer
    await untouched(rig)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"GET /mj/\xff HTTP/1.1\r\nHost: gateway\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\n no name\r\n\r\n",
    ],
    ids=lambda text: str(text)[:60],
)
async def test_what_is_no_http_is_told_so_in_json(rig: Rig, garbage: bytes) -> None:
    async with listening(rig.app) as port:
        answer = await said(port, garbage)

    status, headers, body = parts(answer)
    assert (status, body["code"], body["error"]) == (400, 4, "bad_json")
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "endless",
    [b"GET /" + b"x" * 1_000, b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000,
     b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 200],
    ids=["line", "header", "headers"],
)  # fmt: skip
async def test_a_head_without_end_comes_to_one(rig: Rig, endless: bytes) -> None:
    more = endless[-6:] * 1_000

    async with listening(rig.app) as port:
        answer = await said(port, endless, *[more] * (HEAD_MOST // len(more) + 5))

    assert answer == b"" or parts(answer)[0] == 400


async def test_a_head_just_below_the_limit_is_served(rig: Rig) -> None:
    filler = "X-Filler: " + "x" * (HEAD_MOST - 1_000)

    async with listening(rig.app) as port:
        answer = await said(port, request(rig, filler, line="GET /health/live HTTP/1.1"))

    assert parts(answer)[0] == 200


async def test_a_large_body_does_not_count_as_head(rig: Rig) -> None:
    body = FOX.ljust(10 * HEAD_MOST)

    async with listening(rig.app) as port:
        answer = await said(port, request(rig, f"Content-Length: {len(body)}"), body)

    assert parts(answer)[2]["code"] == 1


async def test_two_requests_on_one_connection_are_counted_apart(rig: Rig) -> None:
    filler = "X-Filler: " + "x" * (HEAD_MOST // 2 + 1_000)
    first = f"GET /health/live HTTP/1.1\r\nHost: gateway\r\n{filler}\r\n\r\n".encode()

    async with listening(rig.app) as port:
        answer = await said(port, first, request(rig, filler, line="GET /health/live HTTP/1.1"))

    assert answer.count(b"HTTP/1.1 200 OK") == 2


async def test_head_has_the_headers_of_get_and_no_body(rig: Rig) -> None:
    task = await rig.finished(await rig.imagine())
    path = task["imageUrl"].removeprefix("http://gateway")

    async with listening(rig.app) as port:
        await said(port, request(rig, line=f"GET {path} HTTP/1.1"))  # which makes it ours
        got = await said(port, request(rig, line=f"GET {path} HTTP/1.1"))
        asked = await said(port, request(rig, line=f"HEAD {path} HTTP/1.1"))

    headers = [part.partition(b"\r\n\r\n")[0].decode().split("\r\n") for part in (got, asked)]
    kept = [
        sorted(line for line in each if not line.startswith(("x-request-id", "date")))
        for each in headers
    ]
    assert kept[0] == kept[1]
    assert asked.endswith(b"\r\n\r\n")
