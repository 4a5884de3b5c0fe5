"""
How long the task lists take in a database of millions: pages, totals, filters, words, an export.

The process under test only answers. Times are those of whole answers with their totals; the
baseline is the state of set-up, which asks the database two small questions. `--database` names a
database to fill and keep: the next run finds the tasks there already.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import uvloop
from bench.filling import RARE, SAMPLES, Filled, filled
from bench.load import Tally, ask
from bench.world import SECRET, Server, databases, gateway, process

from mjgate.config import Config
from mjgate.domain import day

REQUESTS: Final = 200
CONNECTIONS: Final = 2


def request(path: str, access: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {access}\r\n\r\n"
    ).encode()


def asked(there: Filled) -> Mapping[str, Sequence[str]]:
    """What is asked for, in words, and how it is asked."""
    rng = random.Random(1)
    cursors = rng.sample(there.ids, min(50, len(there.ids)))
    date = day.begin(there.ids[SAMPLES // 2] // 1_000, day.UTC) // 1_000
    return {
        "own, first page": ["/api/mj/self"],
        "own, deep cursor": [f"/api/mj/self?cursor={each}" for each in cursors],
        "own, page 500": ["/api/mj/self?p=500"],
        "own, failures": ["/api/mj/self?status=FAILURE"],
        "own, running": ["/api/mj/self?status=IN_PROGRESS"],
        "own, of an action and mode": ["/api/mj/self?action=VIDEO&mode=RELAX"],
        "own, of a day": [f"/api/mj/self?start_timestamp={date}&end_timestamp={date + 86_399}"],
        "own, of some hours": [
            f"/api/mj/self?start_timestamp={date + 99}&end_timestamp={date + 9999}"
        ],
        "own, a rare word": [f"/api/mj/self?q={RARE}"],
        "own, a common word": ["/api/mj/self?q=fox"],
        "own, sums": ["/api/mj/self?sums=1"],
        "all, first page": ["/api/mj/"],
        "all, deep cursor": [f"/api/mj/?cursor={each}" for each in cursors],
        "all, running": ["/api/mj/?status=IN_PROGRESS"],
        "all, failures": ["/api/mj/?status=FAILURE"],
        "all, of a channel": ["/api/mj/?channel_id=3"],
        "all, of a channel, deep": [f"/api/mj/?channel_id=3&cursor={each}" for each in cursors],
        "all, of a user": ["/api/mj/?user_id=1005"],
        "all, of an action": ["/api/mj/?action=VIDEO&status=SUCCESS"],
        "all, of some hours": [f"/api/mj/?start_timestamp={date + 99}&end_timestamp={date + 9999}"],
        "all, a rare word": [f"/api/mj/?q={RARE}"],
        "all, statistics by day": ["/api/stats/?by=day"],
        "all, statistics by user": ["/api/stats/?by=user"],
    }


async def exported(server: Server, there: Filled, most: int) -> str:
    """How an export of so many goes, and the resident bytes before it and at their highest."""
    first = there.ids[max(SAMPLES - SAMPLES * most // there.count, 0)]
    path = f"/api/mj/export?start_timestamp={first // 1_000_000}"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request(path, there.access).replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    before, highest, used = server.memory(), server.memory(), server.cpu()
    began, found = time.perf_counter(), 0
    while piece := await reader.read(1 << 20):
        found += piece.count(b"mj/image/") + piece.count(b",upstream_failed")
        highest = max(highest, server.memory())
    writer.close()
    seconds, used = time.perf_counter() - began, server.cpu() - used
    return (
        f"Export: {found:,} rows in {seconds:.0f} s, {found / seconds:,.0f} a second and"
        f" {found / used:,.0f} a second of our processor time;"
        f" {before >> 20} MiB resident before, {highest >> 20} at most"
    )


async def measure(url: str, total: int, most: int) -> None:
    """Fill the database, if it is empty, and ask."""
    with tempfile.TemporaryDirectory() as directory:
        config = Config(
            data_dir=Path(directory),
            database_url=url,
            secret_key=SECRET,
            port=0,
            log_level="error",
            no_workers=True,
        )
        began = time.perf_counter()
        there = await filled(config, total)
        name, seconds = url.partition(":")[0], time.perf_counter() - began
        print(f"\n{name}: {there.count:,} tasks, there after {seconds:.0f} s\n", flush=True)
        with process(gateway, config) as server:
            await _pages(server, there)
            print("\n" + await exported(server, there, most))


async def _pages(server: Server, there: Filled) -> None:
    async def times(paths: Sequence[str], good: bytes = b'"success":true') -> Tally:
        orders = [request(path, there.access) for path in paths]
        found = await ask(
            server.port,
            lambda number: orders[number % len(orders)],
            REQUESTS,
            connections=CONNECTIONS,
            good=good,
        )
        assert not found.failed, (paths[0], found.first_failure)
        return found

    base = await times(["/api/status"])
    print("| asked | median ms | p95 ms | p95 / baseline |")
    print("|---|--:|--:|--:|")
    for name, paths in {"baseline": ["/api/status"], **asked(there)}.items():
        found = await times(paths)
        median, p95 = found.percentile(0.5) * 1_000, found.percentile(0.95) * 1_000
        ratio = found.percentile(0.95) / base.percentile(0.95)
        print(f"| {name} | {median:.1f} | {p95:.1f} | {ratio:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200_000)
    parser.add_argument("--export", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"])
    parser.add_argument("--database", help="its address, as in MJGATE_DATABASE_URL")
    given, _ = parser.parse_known_args()
    for engine in [given.engine] if given.engine or given.database else ["sqlite", "postgresql"]:
        with nullcontext(given.database) if given.database else databases(engine) as url:
            uvloop.run(measure(url, given.tasks, given.export))


if __name__ == "__main__":
    main()
