"""
How fast a task is fetched, as a ratio to static bytes from the same server in the same run.

Each fetch is a request with a key, one read of the database, and the encoding of a task. Figures
are per core: the answers divided by the processor time that the server used for them.
"""

import argparse
from collections.abc import Sequence

import aiohttp
import uvloop
from bench.load import Requests, ask
from bench.world import Server, gateway, instant, process, static, world

CONNECTIONS = 32


def request(path: str, key: str, body: bytes = b"") -> bytes:
    """One request, as bytes."""
    method = "POST" if body else "GET"
    return (
        f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nmj-api-secret: {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body


async def rate(server: Server, requests: Requests, total: int, good: bytes) -> tuple[float, float]:
    """Answers a second of processor time, and the 99th percentile of the waits in ms."""
    await ask(server.port, requests, total // 10, connections=CONNECTIONS, good=good)
    before = server.cpu()
    tally = await ask(server.port, requests, total, connections=CONNECTIONS, good=good)
    assert not tally.failed, tally.first_failure
    return tally.answered / (server.cpu() - before), tally.percentile(0.99) * 1_000


async def measure(engine: str, total: int) -> tuple[float, float, float]:
    """Fetches and static answers a second and core, and the fetches' 99th percentile."""
    with process(instant) as upstream:
        async with world(engine, upstream.port) as made:
            with process(gateway, made.config) as server:
                ids = await submitted(server, made.key, 200)
                fetches = [request(f"/mj/task/{each}/fetch", made.key) for each in ids]
                body = b"x" * 900
                with process(static, body) as plain:
                    base, _ = await rate(plain, lambda _: fetches[0], total, b"")
                    fetched, wait = await rate(
                        server, lambda n: fetches[n % len(fetches)], total, b'"status"'
                    )
    return fetched, base, wait


async def submitted(server: Server, key: str, count: int) -> Sequence[str]:
    """The ids of so many tasks."""
    headers = {"mj-api-secret": key}
    order = {"prompt": "a red fox in the snow at dawn, soft light --ar 16:9"}
    ids: list[str] = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        for _ in range(count):
            async with session.post("/mj/submit/imagine", json=order, headers=headers) as answer:
                ids.append((await answer.json())["result"])
    return ids


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=60_000)
    total = parser.parse_args().requests
    print("| engine | fetches/s a core | static/s a core | ratio | p99 ms |")
    print("|---|--:|--:|--:|--:|")
    for engine in ("sqlite", "postgresql"):
        fetched, base, wait = uvloop.run(measure(engine, total))
        print(f"| {engine} | {fetched:,.0f} | {base:,.0f} | {fetched / base:.2f} | {wait:.1f} |")


if __name__ == "__main__":
    main()
