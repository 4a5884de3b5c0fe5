"""
How soon a finished picture is seen, what that costs, and what a channel that hangs does to others.

Each job's id says when it ends, so the delay is the moment that the gateway wrote the end (from
then on a fetch shows it) less that moment. What is usual is known beforehand: pictures take a
minute, as 200 rows of each channel say; jobs are made to look as if they had begun earlier.

    latency   1,000 running on one channel, with and without notices; calls upstream for each task
    hanging   5,000 running on 20 channels, with and without one that never answers a look
    many      100,000 running on 20 channels, followed by one node for half a minute
"""

import argparse
import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import LiteralString, cast

import aiohttp
import uvloop
from bench.fetch import request
from bench.load import ask
from bench.simulated import now, simulated
from bench.world import Server, World, gateway, process, world

from mjgate.home import load_keys, open_store
from mjgate.links import Links
from mjgate.store.database import Database, Transaction

USUAL = 60_000
LEAST, MOST = 12_000, 27_000
AGED = USUAL - (LEAST + MOST) // 2
BODY = b'{"prompt":"a red fox in the snow at dawn, soft light --ar 16:9"}'


@dataclass(frozen=True)
class Seen:
    """What came of one run: delays in ms, calls upstream for each task, share of a core."""

    delays: Sequence[int]
    calls: float
    cpu: float

    def at(self, share: float) -> float:
        """The delay in seconds that this share stayed below."""
        return sorted(self.delays)[int(len(self.delays) * share)] / 1_000


@asynccontextmanager
async def opened(made: World) -> AsyncGenerator[Database]:
    """The database of the gateway under test."""
    store = await open_store(made.config, must_exist=True)
    try:
        yield store
    finally:
        await store.close()


async def copy(tx: Transaction, table: str, count: int, **changes: object) -> None:
    """So many rows like the newest one, with these columns changed; `n` counts them."""
    row = await tx.row(cast("LiteralString", f"SELECT * FROM {table} LIMIT 1"))  # noqa: S608  of our names
    names: list[str] = list(cast("dict[str, object]", row).keys())
    values = ", ".join(str(changes.get(name, name)) for name in names)
    statement = f"""
        WITH RECURSIVE numbers(n) AS (
            SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}
        ), one AS (SELECT * FROM {table} LIMIT 1)
        INSERT INTO {table} ({", ".join(names)}) SELECT {values} FROM one CROSS JOIN numbers
    """  # noqa: S608  of our names
    await tx.run(cast("LiteralString", statement))


async def learned(store: Database, channels: int) -> None:
    """Let each channel have 200 successes that took what is usual."""

    async def write(tx: Transaction) -> None:
        await copy(
            tx,
            "tasks",
            200 * channels,
            id="id - n",
            job_uuid="'usual-' || CAST(n AS TEXT)",
            channel_id=f"1 + n % {channels}",
            state="'SUCCESS'",
            hold_open="0",
            progress="100",
            start_at=f"submit_at - {USUAL}",
            finish_at="submit_at",
        )

    await store.write(write)


async def aged(store: Database) -> None:
    """Let what was submitted just now have begun earlier."""

    async def write(tx: Transaction) -> None:
        await tx.run(
            """
            UPDATE tasks SET start_at = start_at - :by
            WHERE finish_at IS NULL AND start_at > :new
            """,
            by=AGED,
            new=now() - AGED // 2,
        )
        await tx.run(
            """
            UPDATE follow SET since = since - :by, moved_at = moved_at - :by,
                due_at = :now + task_id % 2500
            WHERE since > :new
            """,
            by=AGED,
            new=now() - AGED // 2,
            now=now(),
        )

    await store.write(write)


async def submit(server: Server, key: str, count: int) -> None:
    """Hand over so many tasks."""
    order = request("/mj/submit/imagine", key, BODY)
    tally = await ask(server.port, lambda _: order, count, connections=32, good=b'"code":1,')
    assert not tally.failed, tally.first_failure


async def notices(made: World, store: Database, server: Server) -> None:
    """Tell the gateway of each job that ends, when it ends."""
    links = Links(f"http://127.0.0.1:{server.port}", load_keys(made.config))
    rows = await store.reader.rows("SELECT task_id, channel_id, upstream_id FROM follow")
    async with aiohttp.ClientSession() as session:

        async def tell(task_id: int, channel_id: int, job: str) -> None:
            await asyncio.sleep(max(int(job[:13]) - now(), 0) / 1_000)
            address = links.notice(channel_id, task_id, 1)
            async with session.post(address, json={"id": job, "status": "SUCCESS"}) as answer:
                assert answer.status == 200

        await asyncio.gather(*(tell(*row) for row in rows))


async def run(
    engine: str,
    count: int,
    channels: int,
    *,
    most: int = MOST,
    notice: bool = False,
    hangs: int | None = None,
) -> Seen:
    """Submit so many at once, and see when their ends are written."""
    with process(simulated, LEAST, most, hangs) as upstream:
        async with world(engine, upstream.port, channels=channels) as made:
            with process(gateway, made.config) as server:
                await submit(server, made.key, 1)
                async with opened(made) as store:
                    await learned(store, channels)
                    began, cpu = time.perf_counter(), server.cpu()
                    for _ in range(0, count, 500):
                        await submit(server, made.key, 500)
                        await aged(store)
                    if notice:
                        await notices(made, store, server)
                    await asyncio.sleep(5 if notice else most / 1_000 + 8)
                    used = (server.cpu() - cpu) / (time.perf_counter() - began)
                    delays = await delays_of(store, hangs)
                calls = await calls_of(upstream)
    healthy = count if hangs is None else count - count // channels
    assert len(delays) > healthy * 0.99, (len(delays), healthy)
    return Seen(delays, calls / count, used)


async def delays_of(store: Database, hangs: int | None) -> list[int]:
    """How long after its end each job was written as finished, but for the hanging channel's."""
    rows = await store.reader.rows(
        """
        SELECT upstream_id, finish_at FROM tasks
        WHERE state = 'SUCCESS' AND job_uuid NOT LIKE 'usual-%' AND channel_id <> :hangs
        """,
        hangs=-1 if hangs is None else hangs,
    )
    return [finish_at - int(job[:13]) for job, finish_at in rows]


async def calls_of(upstream: Server) -> int:
    """How often the upstream was asked for anything."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{upstream.port}/calls") as answer,
    ):
        return int(await answer.text())


async def many(engine: str, count: int, channels: int, seconds: int) -> tuple[float, float, float]:
    """Looks a second, share of a core, and MiB, while so many run."""
    with process(simulated, 3_600_000, 3_600_001, None) as upstream:
        async with world(engine, upstream.port, channels=channels) as made:
            with process(gateway, made.config) as server:
                await submit(server, made.key, 1)
                async with opened(made) as store:
                    await asyncio.sleep(2)

                    async def write(tx: Transaction) -> None:
                        job = "substr(upstream_id, 1, 14) || CAST(n AS TEXT)"
                        to = f"1 + n % {channels}"
                        await copy(
                            tx,
                            "tasks",
                            count,
                            id="id + n",
                            job_uuid="'many-' || CAST(n AS TEXT)",
                            channel_id=to,
                            credential_id=to,
                            upstream_id=job,
                        )
                        await copy(
                            tx,
                            "follow",
                            count,
                            task_id="task_id + n",
                            channel_id=to,
                            credential_id=to,
                            upstream_id=job,
                            since=f"since - {USUAL * 3}",
                            due_at=f"due_at + n % 10000 + {seconds * 100}",
                        )

                    await store.write(write)
                    await asyncio.sleep(5)
                    before, cpu, began = await looks(store), server.cpu(), time.perf_counter()
                    await asyncio.sleep(seconds)
                    took = time.perf_counter() - began
                    rate = (await looks(store) - before) / took
                    return rate, (server.cpu() - cpu) / took, server.memory() / (1 << 20)


async def looks(store: Database) -> int:
    row = await store.reader.row("SELECT SUM(looks) AS looks FROM follow")
    assert row is not None
    return int(row["looks"])


async def print_latency(engine: str) -> None:
    print("| 1,000 running | median s | p95 s | calls a task | of a core |")
    print("|---|--:|--:|--:|--:|")
    for name, notice in (("without notices", False), ("with notices", True)):
        seen = await run(engine, 1_000, 1, notice=notice)
        print(
            f"| {engine}, {name} | {seen.at(0.5):.2f} | {seen.at(0.95):.2f} | {seen.calls:.2f}"
            f" | {seen.cpu:.2f} |",
            flush=True,
        )


async def print_hanging(engine: str) -> None:
    print("| 5,000 running on 20 channels | median s | p95 s | to all well | of a core |")
    print("|---|--:|--:|--:|--:|")
    base = 0.0
    for name, hangs in (("all well", None), ("one hangs", 1)):
        seen = await run(engine, 5_000, 20, most=42_000, hangs=hangs)
        base = base or seen.at(0.95)
        print(
            f"| {engine}, {name} | {seen.at(0.5):.2f} | {seen.at(0.95):.2f}"
            f" | {seen.at(0.95) / base:.2f} | {seen.cpu:.2f} |",
            flush=True,
        )


async def print_many(engine: str) -> None:
    print("| 100,000 running on 20 channels | looks a second | us a look | of a core | MiB |")
    print("|---|--:|--:|--:|--:|")
    rate, cpu, memory = await many(engine, 100_000, 20, 30)
    print(
        f"| {engine} | {rate:,.0f} | {cpu / rate * 1e6:.0f} | {cpu:.2f} | {memory:,.0f} |",
        flush=True,
    )


PARTS = {"latency": print_latency, "hanging": print_hanging, "many": print_many}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    for part in options.parts or PARTS:
        uvloop.run(PARTS[part](options.engine))


if __name__ == "__main__":
    main()
