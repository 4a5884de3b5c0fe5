"""Drawing off the event loop, in a few processes that start with the first picture."""

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from pkgutil import resolve_name
from typing import Final

DRAWING: Final = "mjgate.sandbox.draw.jobs"
"""Where the drawing is. By name: its libraries weigh 30 MB, and only the workers need them."""

WORKERS: Final = 2
NICE: Final = 10
"""How far drawing stands back behind serving."""


class Pool:
    """A few processes that draw, made when first needed and again if they die."""

    def __init__(self) -> None:
        self.executor: ProcessPoolExecutor | None = None

    async def run(self, function: str, *arguments: object) -> object:
        """What the drawing function answers. ValueError for pictures that cannot be read."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._ready(), work, function, arguments)
        except BrokenProcessPool:
            self.executor = None
            return await loop.run_in_executor(self._ready(), work, function, arguments)

    async def close(self) -> None:
        """Let the pictures under way be finished, and leave no process behind."""
        if self.executor is not None:
            await asyncio.to_thread(self.executor.shutdown, cancel_futures=True)
            self.executor = None

    def _ready(self) -> ProcessPoolExecutor:
        if self.executor is None:
            self.executor = ProcessPoolExecutor(
                max_workers=min(WORKERS, os.cpu_count() or 1),
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start,
            )
        return self.executor


def work(function: str, arguments: tuple[object, ...]) -> object:
    """Runs in a worker; a finished file comes back as its bytes, media type, width and height."""
    made: object = resolve_name(f"{DRAWING}:{function}")(*arguments)
    if not hasattr(made, "data"):
        return made
    return tuple(getattr(made, name) for name in ("data", "content_type", "width", "height"))


def _start() -> None:
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sandbox, which ends the rest
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End with the sandbox, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
