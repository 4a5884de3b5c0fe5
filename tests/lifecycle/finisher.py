"""
A process that finishes tasks: `python -m tests.lifecycle.finisher URL ID…`, once told to begin.

It tries every task fifty times, as a success and as a failure, and tells how often it was the one.
"""

import asyncio
import random
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from mjgate.domain.reasons import FailReason
from mjgate.domain.task import Task
from mjgate.domain.timing import Timing
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.finish import fail, succeed
from mjgate.store import tasks
from tests.lifecycle.hands import PICTURE
from tests.rig import HandClock, a_gateway

TIMES = 50


async def finish_often(gateway: Gateway, task: Task) -> list[Task]:
    """Fifty finishers at once; those who were told that they did it."""
    finishers = [
        succeed(gateway, task, PICTURE, actor="look")
        if number % 2
        else fail(gateway, task, FailReason.UPSTREAM_FAILED, actor="look")
        for number in range(TIMES)
    ]
    random.shuffle(finishers)
    return [each for each in await asyncio.gather(*finishers) if each is not None]


async def main(url: str, ids: list[int]) -> int:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        gateway = await a_gateway(stack, url, Path(folder), HandClock(), Timing())
        found = await tasks.by_ids(gateway.store.reader, ids)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        return sum([len(await finish_often(gateway, found[task_id])) for task_id in ids])


if __name__ == "__main__":
    print(asyncio.run(main(sys.argv[1], [int(each) for each in sys.argv[2:]])))
