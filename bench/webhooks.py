"""
How long an event takes from its commit to its receiver, with some receivers that never answer.

Tasks are submitted one after another by many clients, each with an address at one of the receivers,
every address on a port of its own. A receiver that hangs must cost the others nothing: the last
column is the ratio to the same run without such receivers.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import cast

import uvloop
from bench.fetch import request
from bench.load import ask
from bench.world import SPAWN, World, gateway, instant, process, world

from mjgate.domain.clock import SystemClock

RECEIVERS = 50
DEAD = 5
CONNECTIONS = 16
PATIENCE = 30.0


class _Receiver(asyncio.Protocol):
    """Answers at once and notes the delay, or never answers."""

    def __init__(self, delays: list[float], *, dead: bool) -> None:
        self._delays, self._dead = delays, dead
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        at = head.lower().find(b"content-length:")
        if self._dead or not found or at < 0:
            return
        if len(body) < int(head[at + 15 :].split(b"\r\n", 1)[0]):
            return
        self._buffer = b""
        began = body.partition(b'"startTime":')[2].partition(b",")[0]
        self._delays.append(SystemClock().now() - int(began))
        self._transport.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        self._transport.close()


def receivers(pipe: Connection, dead: int) -> None:
    """Listen on many ports; tell the delays whenever the other side asks."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        delays: list[float] = []
        ports: list[int] = []
        servers: list[asyncio.Server] = []
        for number in range(RECEIVERS):
            server = await loop.create_server(
                lambda hangs=number < dead: _Receiver(delays, dead=hangs), "127.0.0.1", 0
            )
            servers.append(server)
            ports.append(server.sockets[0].getsockname()[1])
        pipe.send(ports)
        while await asyncio.to_thread(pipe.recv):
            pipe.send(delays)

    uvloop.run(run())


async def measure(engine: str, total: int, dead: int) -> list[float]:
    """Delays of the events for receivers that answer, in ms, in order."""
    ours, theirs = SPAWN.Pipe()
    listening = SPAWN.Process(target=receivers, args=(theirs, dead), daemon=True)
    listening.start()
    ports: list[int] = ours.recv()

    def delays() -> list[float]:
        ours.send(True)  # noqa: FBT003  any word will do
        return ours.recv()

    try:
        with process(instant) as upstream:
            async with world(engine, upstream.port, allow_private_hosts=("127.0.0.1",)) as made:
                return await _run(made, ports, total, delays)
    finally:
        listening.terminate()


async def _run(
    made: World, ports: list[int], total: int, ask_delays: Callable[[], list[float]]
) -> list[float]:
    expected = sum(1 for number in range(total) if number % RECEIVERS >= DEAD)
    orders = [
        request(
            "/mj/submit/imagine",
            made.key,
            b'{"prompt":"a red fox","notifyHook":"http://127.0.0.1:%d/hook"}' % port,
        )
        for port in ports
    ]
    with process(gateway, made.config) as server:
        good = b'"code":1,'
        tally = await ask(
            server.port,
            lambda number: orders[number % RECEIVERS],
            total,
            connections=CONNECTIONS,
            good=good,
        )
        assert not tally.failed, tally.first_failure
        delays: list[float] = []
        until = time.perf_counter() + PATIENCE
        while len(delays) < expected and time.perf_counter() < until:
            await asyncio.sleep(0.5)
            delays = ask_delays()
    return sorted(delays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    total = parser.parse_args().events
    print(f"{RECEIVERS} receivers, {total:,} events.\n")
    print("| engine | receivers that hang | delivered | median ms | p95 ms | ratio |")
    print("|---|--:|--:|--:|--:|--:|")
    for engine in ("sqlite", "postgresql"):
        base = 0.0
        for dead in (0, DEAD):
            delays = uvloop.run(measure(engine, total, dead))
            median, late = (delays[int(len(delays) * part)] for part in (0.5, 0.95))
            base = base or late
            print(
                f"| {engine} | {dead} | {len(delays):,} | {median:,.0f} | {late:,.0f}"
                f" | {late / base:.2f} |"
            )


if __name__ == "__main__":
    main()
