"""
How fast kept pictures are served and results copied, and how long that keeps others waiting.

Serving is a ratio to nginx with the same file, as Debian installs it; without nginx, to the same
bytes from the memory of our own server. Figures are per core: the answers divided by the processor
time that the server used for them. Copying: results a second, and the waits of the event loop
while fifty pictures are copied at once, the pictures coming from a process of their own.
"""

import argparse
import asyncio
import io
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvloop
from bench.load import Requests, ask
from bench.world import Server, gateway, instant, process, static, world
from PIL import Image

from mjgate.app import gateway_of
from mjgate.cli.service import listen
from mjgate.config import Config
from mjgate.domain.media import Kind, Size
from mjgate.home import load_keys
from mjgate.lifecycle.archive import Archivist
from mjgate.links import Links
from mjgate.store import media, retention
from mjgate.store.blobs import Blob
from mjgate.store.database import Transaction

CONNECTIONS = 16
AT_ONCE = 50
LARGE = 1_000_000
TICK = 0.001
NGINX = """
daemon off; pid {home}/pid; error_log stderr crit; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; keepalive_requests 1000000; default_type image/png;
  client_body_temp_path {home}/t1; proxy_temp_path {home}/t2; fastcgi_temp_path {home}/t3;
  uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
  server {{ listen 127.0.0.1:{port}; root {home}/files; }}
}}
"""


def picture(side: int) -> bytes:
    """A PNG that compresses about as badly as a drawn one."""
    noise = np.random.default_rng(1).integers(0, 48, (side, side, 3), dtype=np.uint8)
    kept = io.BytesIO()
    Image.fromarray(noise).save(kept, "PNG", compress_level=1)
    return kept.getvalue()


@contextmanager
def nginx(content: bytes) -> Generator[Server]:
    """Debian's nginx with one worker and one file."""
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        files = Path(home, "files")
        files.mkdir()
        (files / "picture").write_bytes(content)
        for path in (Path(home), files, files / "picture"):
            path.chmod(0o755)
        config = Path(home, "nginx.conf")
        config.write_text(NGINX.format(home=home, port=port), "utf-8")
        with subprocess.Popen(["nginx", "-c", str(config)]) as master:
            try:
                time.sleep(1)
                children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text("utf-8")
                worker = int(children.split()[0])
                yield Server(port, _Process(worker))  # pyright: ignore[reportArgumentType]  only its pid is read
            finally:
                master.terminate()


class _Process:
    """What `Server` needs of a process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()


async def rate(server: Server, requests: Requests, total: int) -> float:
    """Answers a second of processor time."""
    await ask(server.port, requests, total // 10, connections=CONNECTIONS, good=b"")
    before = server.cpu()
    tally = await ask(server.port, requests, total, connections=CONNECTIONS, good=b"")
    assert not tally.failed, tally.first_failure
    return tally.answered / (server.cpu() - before)


async def serving(content: bytes, total: int) -> tuple[float, float]:
    """What we serve of a kept picture a second and core, and what the baseline does."""
    with process(instant) as upstream:
        async with world("sqlite", upstream.port) as made:
            path = await kept(made.config, content)
            with process(gateway, made.config) as server:
                ours = await rate(server, lambda _: request(path), total)
    if shutil.which("nginx"):
        with nginx(content) as baseline:
            more = 10 if len(content) < LARGE else 1  # it needs hardly any time for small ones
            theirs = await rate(baseline, lambda _: request("/picture"), total * more)
    else:
        with process(static, content) as baseline:
            theirs = await rate(baseline, lambda _: request("/"), total)
    return ours, theirs


async def kept(config: Config, content: bytes) -> str:
    """The signed path of a picture that is kept, of a task with nothing else."""
    async with gateway_of(config, "") as made:
        task_id = made.clock.now() * 1_000
        held = await made.files.put(content)
        await made.store.write(_row, task_id, "", made.clock.now())
        item = await media.find(made.store.reader, task_id, Kind.IMAGE, 0, Size.WHOLE)
        assert item is not None
        blob = Blob(held, len(content), "image/png")
        await made.store.write(media.keep, item, blob, made.clock.now())
    return Links("", load_keys(config)).image(task_id)


async def _row(tx: Transaction, task_id: int, source: str, now: int) -> None:
    await tx.run(
        "INSERT INTO media (task_id, kind, n, source_url, channel_id, due_at)"
        " VALUES (:task_id, 'image', 0, :source, 1, :now)",
        task_id=task_id,
        source=source,
        now=now,
    )


async def copying(content: bytes, count: int) -> tuple[float, float, float]:
    """Results a second, megabytes a second, and the loop's 99th percentile of waits in ms."""
    with process(static, content) as source:
        async with world("sqlite", source.port) as made, gateway_of(made.config, "") as ours:
            now = ours.clock.now()
            for n in range(count):
                url = f"http://127.0.0.1:{source.port}/{n}.png"
                await ours.store.write(_row, now * 1_000 + n, url, now)
            waits: list[float] = []
            watching = asyncio.create_task(watch(waits))
            began = time.perf_counter()
            archivist = Archivist(ours)
            while await media.any_due(ours.store.reader, ours.clock.now()):
                await archivist.step()
            await archivist.settle()
            took = time.perf_counter() - began
            watching.cancel()
            counts = await retention.counts(ours.store.reader)
            assert counts == {"kept": count}, counts
    waits.sort()
    return count / took, count * len(content) / took / 1e6, waits[int(len(waits) * 0.99)] * 1_000


async def watch(waits: list[float]) -> None:
    """How much later than asked for the loop comes back."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        waits.append(time.perf_counter() - before - TICK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4_000)
    total = parser.parse_args().requests
    whole, small = picture(1_024), picture(96)
    baseline = "nginx" if shutil.which("nginx") else "static"
    print(f"| picture | served/s a core | {baseline}/s a core | ratio |")
    print("|---|--:|--:|--:|")
    for content, requests in ((small, total * 2), (whole, total)):
        ours, theirs = uvloop.run(serving(content, requests))
        print(f"| {len(content):,} B | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} |")
    a_second, megabytes, stall = uvloop.run(copying(whole, AT_ONCE))
    print(f"\ncopied: {a_second:,.0f} results/s, {megabytes:,.0f} MB/s")
    print(f"waits of the loop meanwhile, 99th percentile: {stall:.1f} ms")


if __name__ == "__main__":
    main()
