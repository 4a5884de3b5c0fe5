"""
What 2,000 open streams cost one process, and how soon a change reaches all of them.

A hundred keys watch a task each, over as many streams as a key may have. The changes are written by
another process, as another node would. The last column is the ratio to the same changes with one
stream for each key.
"""

import argparse
import asyncio
import resource
import time
from dataclasses import dataclass, field

import uvloop
from bench.fetch import request
from bench.world import Server, World, gateway, instant, process, world

from mjgate.domain.clock import SystemClock
from mjgate.domain.task import State
from mjgate.home import load_keys, open_store
from mjgate.manage import Desk
from mjgate.manage.tokens import NewToken, create_token
from mjgate.store.database import Database
from mjgate.store.moves import move, note_progress

KEYS = 100
STREAMS = 20
CHANGES = 10
REST = 10.0
"""Seconds in which nothing changes, to see what waiting costs."""

FILES = 8_192
PATIENCE = 15.0


@dataclass
class Ears:
    """How soon each stream heard of the change that is under way."""

    streams: int
    wanted: bytes = b""
    began: float = 0.0
    delays: list[float] = field(default_factory=list[float])
    all: asyncio.Event = field(default_factory=asyncio.Event)

    def listen_for(self, progress: int) -> None:
        self.delays.clear()
        self.all.clear()
        self.wanted = b'"progress":"%d%%"' % progress
        self.began = time.perf_counter()

    def hear(self, line: bytes) -> None:
        if self.wanted and self.wanted in line:
            self.delays.append(time.perf_counter() - self.began)
            if len(self.delays) == self.streams:
                self.all.set()


async def _listen(port: int, ask: bytes, ears: Ears, opened: asyncio.Semaphore) -> None:
    """Hold one stream open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ask)
    await reader.readuntil(b"data: ")
    opened.release()
    try:
        while line := await reader.readline():
            ears.hear(line)
    finally:
        writer.close()


async def _keys(made: World, many: int) -> list[str]:
    store = await open_store(made.config, must_exist=True)
    try:
        keys = load_keys(made.config)
        desk = Desk(store=store, keys=keys, clock=SystemClock(), actor="bench")
        return [(await create_token(desk, NewToken(username="alice"))).key for _ in range(many)]
    finally:
        await store.close()


async def _submit(port: int, key: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("/mj/submit/imagine", key, b'{"prompt":"a red fox"}'))
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    writer.close()
    return int(body.partition(b'"result":"')[2].partition(b'"')[0])


async def _change(store: Database, tasks: list[int], ears: Ears, step: int) -> float:
    """Raise everybody's progress, and wait until all have heard; the longest delay in seconds."""
    ears.listen_for(step)
    await store.write(note_progress, dict.fromkeys(tasks, (step, "{}")), now=SystemClock().now())
    try:
        async with asyncio.timeout(PATIENCE):
            await ears.all.wait()
    except TimeoutError:
        return float("inf")
    return max(ears.delays)


async def _run(made: World, server: Server, each: int) -> tuple[int, float, list[float]]:
    """Bytes of memory for all streams, the share of a core while they rest, and the delays."""
    keys = await _keys(made, KEYS)
    tasks = [await _submit(server.port, key) for key in keys]
    store = await open_store(made.config, must_exist=True)
    await store.share()
    for task in tasks:
        await store.write(move, task, State.RUNNING, actor="bench", now=SystemClock().now())
    ears, opened, before = Ears(KEYS * each), asyncio.Semaphore(0), server.memory()
    listeners = [
        asyncio.create_task(_listen(server.port, _ask(task, key), ears, opened))
        for task, key in zip(tasks, keys, strict=True)
        for _ in range(each)
    ]
    for _ in listeners:
        await opened.acquire()
    used, cpu = server.memory() - before, server.cpu()
    await asyncio.sleep(REST)
    share = (server.cpu() - cpu) / REST
    delays = [await _change(store, tasks, ears, step + 1) for step in range(CHANGES)]
    for listener in listeners:
        listener.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    await store.close()
    return used, share, sorted(delays)


def _ask(task: int, key: str) -> bytes:
    path = f"GET /mj/task/{task}/events HTTP/1.1\r\n"
    return f"{path}Host: localhost\r\nmj-api-secret: {key}\r\n\r\n".encode()


async def measure(engine: str, each: int) -> tuple[int, float, list[float]]:
    """The same for one engine, with so many streams for each key."""
    with process(instant) as upstream:
        async with world(engine, upstream.port) as made:
            with process(gateway, made.config) as server:
                return await _run(made, server, each)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    engines = parser.parse_args().engine or ["sqlite", "postgresql"]
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    print(f"{CHANGES} changes of {KEYS} tasks, written by another process.\n")
    print("| engine | streams | KiB each | core at rest | median ms to all | longest ms | ratio |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for engine in engines:
        base = 0.0
        for each in (1, STREAMS):
            used, share, delays = uvloop.run(measure(engine, each))
            median, longest = delays[len(delays) // 2] * 1000, delays[-1] * 1000
            base = base or median
            many = KEYS * each
            print(
                f"| {engine} | {many:,} | {used / many / 1024:,.1f} | {share:.1%} | {median:,.0f}"
                f" | {longest:,.0f} | {median / base:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
