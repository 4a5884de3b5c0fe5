"""Telling callers: the task is posted to its notifyHook on each change, once, in order."""

import asyncio
import logging
from typing import Final

import aiohttp
import msgspec

from mjgate.domain.clock import Clock
from mjgate.sandbox import views
from mjgate.sandbox.jobs import Job

LANES: Final = 16
"""Notices under way at once; those of one job keep to one lane, so they stay in order."""

PATIENCE: Final = aiohttp.ClientTimeout(total=5)
WAITING_MOST: Final = 10_000

log = logging.getLogger(__name__)


class Notices:
    """Posts what jobs look like now; a receiver that is away misses it, as with real services."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lanes: list[asyncio.Queue[tuple[str, bytes]]] = []
        self.posters: list[asyncio.Task[None]] = []

    def tell(self, job: Job) -> None:
        """Post the job as it is now, soon."""
        if not job.hook_url.startswith(("http://", "https://")) or not self.lanes:
            return
        lane = self.lanes[int(job.id) % LANES]
        if lane.full():
            log.warning("notice dropped, too many wait: job %s", job.id)
            return
        lane.put_nowait((job.hook_url, msgspec.json.encode(views.task(job, self.clock.now()))))

    def open(self, client: aiohttp.ClientSession) -> None:
        """Start the posters."""
        self.lanes = [asyncio.Queue(WAITING_MOST) for _ in range(LANES)]
        self.posters = [asyncio.create_task(_post(client, lane)) for lane in self.lanes]

    async def close(self) -> None:
        """Stop; what was not posted yet is lost."""
        for poster in self.posters:
            poster.cancel()
        await asyncio.gather(*self.posters, return_exceptions=True)
        self.lanes = []


async def _post(client: aiohttp.ClientSession, lane: "asyncio.Queue[tuple[str, bytes]]") -> None:
    while True:
        url, body = await lane.get()
        try:
            async with client.post(
                url, data=body, headers={"content-type": "application/json"}, timeout=PATIENCE
            ) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            log.info("notice not delivered: %s", problem)
