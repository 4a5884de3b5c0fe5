"""
How fast submits are accepted: held, committed, handed to an instant upstream, answered.

Figures are wall time and per core: the answers divided by the processor time that the gateway
used; the ratio is to static bytes from the same server in the same run.
"""

import argparse
import time

import uvloop
from bench.fetch import rate, request
from bench.load import ask
from bench.world import gateway, instant, process, static, world

CONNECTIONS = 64
BODY = b'{"prompt":"a red fox in the snow at dawn, soft light --ar 16:9"}'


async def measure(engine: str, total: int) -> tuple[float, float, float, float]:
    """Submits a second, a second and core, static answers a core, and the 99th percentile in ms."""
    with process(instant) as upstream:
        async with world(engine, upstream.port) as made:
            order = request("/mj/submit/imagine", made.key, BODY)
            with process(static, b"x" * 120) as plain:
                base, _ = await rate(plain, lambda _: order, 20_000, b"")
            with process(gateway, made.config) as server:
                good = b'"code":1,'
                await ask(server.port, lambda _: order, 200, connections=CONNECTIONS, good=good)
                before = server.cpu()
                began = time.perf_counter()
                tally = await ask(
                    server.port, lambda _: order, total, connections=CONNECTIONS, good=good
                )
                wall = time.perf_counter() - began
                assert not tally.failed, tally.first_failure
                return (
                    tally.answered / wall,
                    tally.answered / (server.cpu() - before),
                    base,
                    tally.percentile(0.99) * 1_000,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    total = parser.parse_args().requests
    print("| engine | submits/s | submits/s a core | static/s a core | ratio | p99 ms |")
    print("|---|--:|--:|--:|--:|--:|")
    for engine in ("sqlite", "postgresql"):
        wall, core, base, wait = uvloop.run(measure(engine, total))
        print(
            f"| {engine} | {wall:,.0f} | {core:,.0f} | {base:,.0f} | {core / base:.3f}"
            f" | {wait:.0f} |"
        )


if __name__ == "__main__":
    main()
