"""Servers that do not answer, each at another point, in real time: none is waited for for ever."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import pytest

from mjgate.domain.channel import ChannelStatus
from mjgate.domain.clock import SECOND
from mjgate.store import channels
from tests.rig import PLAIN, PRICE, RICH, MakeRig, a_channel, running

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n["


@contextmanager
def deaf() -> Generator[str]:
    """An address where no connection is ever made: those that may wait do."""
    with socket.socket() as listening, socket.socket() as one, socket.socket() as two:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for waiting in (one, two):
            waiting.settimeout(0)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def stalls(said: bytes, drop: bytes = b"") -> AsyncGenerator[str]:
    """Say this, then nothing more, or a drop now and then."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        try:
            while not reader.at_eof():
                writer.write(drop)
                try:
                    async with asyncio.timeout(0.2):
                        await reader.read(1 << 16)
                except TimeoutError:
                    continue
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.slow
async def test_a_channel_that_hangs_at_whatever_point_ends_its_tasks_and_delays_no_other(
    make_rig: MakeRig,
) -> None:
    async with AsyncExitStack() as stack:
        rig = await make_rig(max_running=1)
        gateway = rig.gateway
        port = await stack.enter_async_context(running(PLAIN))
        points = {
            "connect": stack.enter_context(deaf()),
            "headers": await stack.enter_async_context(stalls(b"")),
            "body": await stack.enter_async_context(stalls(HEAD)),
            "drip": await stack.enter_async_context(stalls(HEAD, b" ")),
        }
        stuck: dict[str, str] = {}
        for point, url in points.items():
            channel_id = await a_channel(gateway, point, f"http://127.0.0.1:{port}", priority=9)
            rig.clock.pass_by(2 * SECOND)
            stuck[point] = await rig.imagine("a fox [[fault:hang]]")
            await gateway.store.write(channels.set_base_url, channel_id, url)
            await gateway.store.write(channels.set_status, channel_id, ChannelStatus.DISABLED)
        rig.clock.pass_by(gateway.timing.no_progress + SECOND)
        healthy = await rig.imagine("a fox")
        rig.clock.pass_by(SECOND)

        with gateway.store.changes.of(int(healthy)) as bell:
            await rig.tracker.step()
            assert await bell.rung(5)
        meanwhile = {(await rig.fetch(each))["status"] for each in stuck.values()}
        async with asyncio.timeout(40):
            await rig.tracker.settle()

        ended = [(await rig.fetch(each))["properties"].get("reason") for each in stuck.values()]
        assert meanwhile <= {"SUBMITTED", "IN_PROGRESS"}
        assert ended == ["deadline_no_progress"] * len(points)
        assert (await rig.finished(healthy))["status"] == "SUCCESS"
        assert await rig.balance() == (RICH - PRICE, 0, PRICE)
        assert await rig.books() == ()
