"""The files of jobs: drawn when somebody looks, kept while there is room, drawn again if not."""

import asyncio
import re
from hashlib import blake2b

from mjgate.domain.image import sniff
from mjgate.domain.task import Status
from mjgate.sandbox import plain, views
from mjgate.sandbox.easel import Easel
from mjgate.sandbox.files import File, Shelf
from mjgate.sandbox.jobs import Job
from mjgate.sandbox.pool import Pool

_NAME = re.compile(r"(?:(picture|[1-4]|progress-\d0)\.(?:jpg|png)|(input-\d{1,2})|([0-3]\.mp4))")


class Pictures:
    """Every picture and clip that the sandbox serves."""

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain
        self.inputs = Shelf()
        self.drawn = Shelf()
        self.pool = Pool()
        self.easel = Easel(self.pool, self.of, self._input)
        self.drawing: dict[str, asyncio.Task[File]] = {}

    def keep(self, data: bytes) -> str:
        """Keep an input; its name stands for its bytes."""
        name = blake2b(data, digest_size=16).hexdigest()
        self.inputs.put(name, File(data, sniff(data) or "application/octet-stream"))
        return name

    def warm(self, job: Job) -> None:
        """Begin to draw before somebody looks, if nothing else is being drawn."""
        ready = job.preparing is None or job.preparing.done()
        if not self.plain and ready and not self.drawing and job.action not in views.TEXTUAL:
            self._start(job, "picture")

    async def file(self, job: Job, name: str) -> File | None:
        """A file of the job by its name in addresses; None if it has no such file."""
        found = _NAME.fullmatch(name)
        if found is None or (found[3] and int(name[0]) >= views.clips(job)):
            return None
        if found[2]:
            at = int(name.removeprefix("input-")) - 1
            return self._input(job.images[at]) if 0 <= at < len(job.images) else None
        stem = found[1] or found[3]
        if stem.startswith("progress") or job.status is Status.SUCCESS:
            return await self.of(job, stem)
        return None

    async def of(self, job: Job, stem: str) -> File:
        """The file, drawn once however many wait for it. ValueError when it cannot be drawn."""
        if self.plain:
            return _plain(job, stem)
        kept = self.drawn.get(f"{job.id}/{stem}")
        return kept or await asyncio.shield(self._start(job, stem))

    async def close(self) -> None:
        """Stop drawing."""
        for task in self.drawing.values():
            task.cancel()
        await asyncio.gather(*self.drawing.values(), return_exceptions=True)
        await self.pool.close()

    def _start(self, job: Job, stem: str) -> "asyncio.Task[File]":
        name = f"{job.id}/{stem}"
        task = self.drawing.get(name)
        if task is None:
            task = asyncio.create_task(self._draw(job, stem))
            self.drawing[name] = task
            task.add_done_callback(lambda done: self._drawn(job, stem, done))
        return task

    async def _draw(self, job: Job, stem: str) -> File:
        if job.preparing is not None:
            await asyncio.wait([job.preparing])
        return await self.easel.draw(job, stem)

    def _drawn(self, job: Job, stem: str, done: "asyncio.Task[File]") -> None:
        del self.drawing[f"{job.id}/{stem}"]
        if done.cancelled() or done.exception() is not None:
            return
        file = done.result()
        self.drawn.put(f"{job.id}/{stem}", file)
        if stem == "picture" and file.width:
            job.size = (file.width, file.height)

    def _input(self, name: str) -> File | None:
        return self.inputs.get(name)


def _plain(job: Job, stem: str) -> File:
    if stem.endswith(".mp4"):
        return File(plain.CLIP, "video/mp4")
    return File(plain.flat(job.seed, views.size(job)), "image/png")
