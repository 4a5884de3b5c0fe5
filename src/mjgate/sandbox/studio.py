"""
Where jobs are worked on: they wait for a place, take their time, and end.

Nothing here is kept: a sandbox forgets its jobs when it stops. Progress is read off the clock, so
a job costs two timers, and none at all where pictures are ready at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from random import Random
from typing import Final

from mjgate.domain.action import Action, Mode
from mjgate.domain.clock import Clock, SystemClock
from mjgate.domain.task import Status
from mjgate.sandbox import faults
from mjgate.sandbox.faults import Faults
from mjgate.sandbox.jobs import Counts, Job
from mjgate.sandbox.settings import SandboxSettings

KEPT: Final = 200_000
"""Jobs remembered; older ones are forgotten."""

MOMENTS: Final = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
"""Shares of a job's time at which a caller with a hook hears of it; the first begins the work."""

PACE: Final = {Mode.FAST: 1.0, Mode.RELAX: 3.0, Mode.TURBO: 0.5}
SHARE: Final = {
    Action.UPSCALE: 0.5,
    Action.DESCRIBE: 0.5,
    Action.SHORTEN: 0.5,
    Action.BOOKMARK: 0.1,
    Action.VIDEO: 2.0,
}
"""How long an action takes, beside a picture."""


class Studio:
    """All jobs, the places they are worked on, and the queue before those."""

    def __init__(
        self,
        settings: SandboxSettings,
        changed: Callable[[Job], None],
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.changed = changed
        self.clock: Clock = clock or SystemClock()
        self.counts = Counts()
        self.dice = Random(settings.seed)  # noqa: S311  chance that may be repeated
        self.chances = settings.chances()
        self.jobs: dict[str, Job] = {}
        self.by_uuid: dict[str, Job] = {}
        self.by_key: dict[tuple[str, str, str], Job] = {}
        self.waiting: deque[Job] = deque()
        self.running = 0
        self.last_id = 0
        self.filling = False
        self.closed = False

    def faults_for(self, prompt: str) -> Faults:
        """The faults of one submit. ValueError for a marker that names none."""
        if not self.chances and "[[" not in prompt:
            return faults.NONE
        return faults.pick(self.chances, prompt, self.dice)

    def new_id(self) -> str:
        """Sixteen digits: the time and some chance. Later ones are greater, over restarts too."""
        drawn = self.clock.now() * 1_000 + self.dice.randrange(1_000)
        self.last_id = max(self.last_id + 1, drawn)
        return str(self.last_id)

    def find(self, name: str) -> Job | None:
        """The job with this id or UUID."""
        return self.jobs.get(name) or self.by_uuid.get(name)

    def latest(self, most: int) -> list[Job]:
        """The newest jobs first."""
        return list(islice(reversed(self.jobs.values()), most))

    @property
    def full(self) -> bool:
        """Whether neither a place nor room to wait is left."""
        return (
            self.running >= self.settings.max_running
            and len(self.waiting) >= self.settings.max_waiting
        )

    def remember(self, job: Job) -> None:
        """From now on the job can be asked for."""
        self.jobs[job.id] = job
        self.by_uuid[job.uuid] = job
        if "existed" in job.faults:
            self.by_key.setdefault(job.key, job)
        if len(self.jobs) > KEPT:
            oldest = next(iter(self.jobs.values()))
            self.forget(oldest)

    def forget(self, job: Job) -> None:
        """As if it had never been."""
        self.jobs.pop(job.id, None)
        self.by_uuid.pop(job.uuid, None)
        self.by_key.pop(job.key, None)

    def take_on(self, job: Job) -> int:
        """Begin the job, or let it wait; returns how many are ahead of it."""
        self.counts.made(job)
        pace = PACE[job.mode] * SHARE.get(job.action, 1.0)
        job.seconds = self.settings.seconds * pace + faults.seconds(job.faults, "late")
        if self.running >= self.settings.max_running:
            job.status = Status.NOT_START
            self.waiting.append(job)
            return len(self.waiting)
        self._begin(job)
        return 0

    def cancel(self, job: Job) -> None:
        """End a job that has not ended yet."""
        if job in self.waiting:
            self.waiting.remove(job)
            self._close(job, Status.FAILURE, "cancelled")
        elif job.status is Status.MODAL:
            self._close(job, Status.FAILURE, "cancelled")
        else:
            self.end(job, Status.FAILURE, "cancelled")

    def end(self, job: Job, status: Status, fail_text: str = "") -> None:
        """End a job that holds a place, and give the place to the next."""
        if job.status.final:
            return
        self.running -= 1
        self._close(job, status, fail_text)
        if not self.filling:
            self._fill()

    def close(self) -> None:
        """Stop every timer and every preparation."""
        self.closed = True
        for job in self.jobs.values():
            if job.timer is not None:
                job.timer.cancel()
            if job.preparing is not None:
                job.preparing.cancel()

    def _fill(self) -> None:
        """Give free places away; a job that is ready at once frees its own again meanwhile."""
        self.filling = True
        while self.waiting and self.running < self.settings.max_running:
            self._begin(self.waiting.popleft())
        self.filling = False

    def _begin(self, job: Job) -> None:
        self.running += 1
        job.start_at = self.clock.now()
        job.status = Status.SUBMITTED
        if job.seconds == 0:
            job.status = Status.IN_PROGRESS
            self._finish(job)
            return
        self.changed(job)
        self._sleep(job, 0)

    def _sleep(self, job: Job, moment: int) -> None:
        before = MOMENTS[moment - 1] if moment else 0.0
        if not job.hook_url and moment:
            moment = len(MOMENTS) - 1
        pause = (MOMENTS[moment] - before) * job.seconds
        job.timer = asyncio.get_running_loop().call_later(pause, self._wake, job, moment)

    def _wake(self, job: Job, moment: int) -> None:
        if MOMENTS[moment] == 1:
            self._finish(job)
            return
        job.status = Status.IN_PROGRESS
        self.changed(job)
        self._sleep(job, moment + 1)

    def _finish(self, job: Job) -> None:
        """End as the faults say, once what has to be fetched or looked at is there."""
        job.timer = None
        if job.status.final or self.closed:
            return
        if job.preparing is not None and not job.preparing.done():
            job.preparing.add_done_callback(lambda _: self._finish(job))
        elif "hang" in job.faults:
            self.changed(job)
        elif "fail" in job.faults:
            self.end(job, Status.FAILURE, job.faults["fail"] or "the picture failed")
        elif "fail-blank" in job.faults:
            self.end(job, Status.FAILURE)
        elif job.fail_text:
            self.end(job, Status.FAILURE, job.fail_text)
        else:
            self.end(job, Status.SUCCESS)

    def _close(self, job: Job, status: Status, fail_text: str) -> None:
        if job.timer is not None:
            job.timer.cancel()
            job.timer = None
        job.status = status
        job.fail_text = fail_text
        job.finish_at = max(self.clock.now(), job.start_at or job.submit_at)
        self.changed(job)
