"""
A few processes that decode, made when first needed, ended when idle, and made again if they die.

A worker has one job at a time. What takes too long, or is not wanted any more, ends with the
worker that does it: nothing else ends a decoder for certain.
"""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import msgspec

from mjgate.imaging.errors import TookTooLong
from mjgate.imaging.wire import LENGTH, Done, Job, packed

IDLE: Final = 30.0
"""Seconds without a job after which a worker gives its memory back."""

_COMMAND: Final = (sys.executable, "-I", "-B", "-m", "mjgate.imaging.worker")


class WorkerDied(Exception):
    """The worker ended before it answered."""


class Worker:
    """One process. Its methods block: they run on threads."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8"},  # nothing of ours: what decodes foreign bytes has no secret
        )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def do(self, job: Job) -> Done:
        """Hand the job over and wait for what becomes of it. WorkerDied."""
        told, heard = self._process.stdin, self._process.stdout
        if told is None or heard is None:
            raise WorkerDied
        try:
            told.writelines(packed(job))
            told.flush()
            size = int.from_bytes(heard.read(LENGTH), "big")
            return msgspec.msgpack.decode(heard.read(size), type=Done)
        except (OSError, ValueError, msgspec.DecodeError) as error:
            raise WorkerDied from error

    def kill(self) -> None:
        """End it now; whoever waits for it is told that it died."""
        self._process.kill()

    def close(self) -> None:
        """End it and wait until it is gone."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()


class Pool:
    """Up to `workers` processes; jobs beyond that wait for their turn."""

    def __init__(self, workers: int, *, idle: float = IDLE) -> None:
        self._workers = workers
        self._turns = asyncio.Semaphore(workers)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="imaging")
        self._free: list[Worker] = []
        self._busy: set[Worker] = set()
        self._idle = idle
        self._retiring: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def processes(self) -> list[int]:
        """The numbers of the processes that are alive, as far as we know."""
        return [worker.pid for worker in (*self._free, *self._busy)]

    async def do(self, job: Job) -> Done:
        """What a worker makes of the job; one that was found dead is replaced once. TookTooLong."""
        async with self._turns:
            if self._retiring is not None:
                self._retiring.cancel()
                self._retiring = None
            try:
                for last in (False, True):
                    with suppress(WorkerDied):
                        return await self._once(job, fresh=last)
                raise TookTooLong
            finally:
                self._retire_later()

    async def close(self) -> None:
        """Leave no process behind; jobs under way end with it."""
        self._closed = True
        if self._retiring is not None:
            self._retiring.cancel()
        for worker in tuple(self._busy):
            worker.kill()
        self._retire()
        for _ in range(self._workers):
            await self._turns.acquire()
        await asyncio.to_thread(self._threads.shutdown)

    async def _once(self, job: Job, *, fresh: bool) -> Done:
        """One worker's try: it is kept if it answers, and ended if not. WorkerDied, TookTooLong."""
        if self._closed:
            raise TookTooLong
        worker = Worker() if fresh or not self._free else self._free.pop()
        self._busy.add(worker)
        work = asyncio.get_running_loop().run_in_executor(self._threads, worker.do, job)
        work.add_done_callback(_noted)
        answered = False
        try:
            async with asyncio.timeout(job.limits.seconds):
                done = await asyncio.shield(work)
            answered = True
        except TimeoutError:
            raise TookTooLong from None
        finally:
            self._busy.discard(worker)
            if answered and not self._closed:
                self._free.append(worker)
            else:
                self._end(worker)
        return done

    def _end(self, worker: Worker) -> None:
        """Kill it now and clear up behind it on a thread."""
        worker.kill()
        self._threads.submit(worker.close)

    def _retire_later(self) -> None:
        if not self._closed and not self._busy:
            self._retiring = asyncio.get_running_loop().call_later(self._idle, self._retire)

    def _retire(self) -> None:
        free, self._free = self._free, []
        for worker in free:
            self._end(worker)


def _noted(work: asyncio.Future[Done]) -> None:
    """An error that nobody waits for any more is no news."""
    if not work.cancelled():
        work.exception()
