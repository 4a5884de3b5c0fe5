"""Which drawing makes which picture: from words where there are only words, else from pictures."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast

from mjgate.domain.action import Action
from mjgate.sandbox.files import File
from mjgate.sandbox.jobs import Job
from mjgate.sandbox.pool import Pool

STRENGTH: Final[Mapping[Action, str]] = {
    Action.VARIATION: "normal",
    Action.LOW_VARIATION: "subtle",
    Action.HIGH_VARIATION: "strong",
}
FROM_WORDS: Final = frozenset({Action.IMAGINE, Action.REROLL, *STRENGTH})
"""Grids that a scene alone describes, so they can be drawn at any size."""

ENLARGED: Final = frozenset({Action.UPSCALE, Action.UPSCALE_HD})

_ZOOM = re.compile(r"--zoom\s+(\d{1,2}(?:\.\d{1,3})?)(?=\s|$)")


class Easel:
    """Draws one file of a job; asks for the parent's where the job goes on from it."""

    def __init__(
        self,
        pool: Pool,
        of: Callable[[Job, str], Awaitable[File]],
        kept: Callable[[str], File | None],
    ) -> None:
        self.pool = pool
        self.of = of
        self.kept = kept

    async def draw(self, job: Job, stem: str) -> File:
        """The file that `stem` names. ValueError when an input is gone or cannot be read."""
        if stem.startswith("progress-"):
            return await self._unfinished(job, int(stem.removeprefix("progress-")))
        if stem.endswith(".mp4"):
            return await self._clip(job, int(stem[0]))
        if stem.isdigit():
            return await self._one(job, int(stem))
        return await self._picture(job)

    async def describe(self, job: Job) -> tuple[str, ...]:
        """Four prompts that could have drawn the job's input."""
        texts = await self.pool.run("describe", self._needed(job)[0])
        return tuple(cast("list[str]", texts))

    async def scene(self, job: Job) -> str:
        """What the job's picture shows, as the drawing keeps it; drawn from the parent's."""
        if job.scene:
            return job.scene
        parent = job.parent
        inputs = self._inputs(job)
        if job.action is Action.BLEND:
            made = await self._text("plan_blend", inputs, job.seed, _dimensions(job))
        elif parent is None or parent.texts:
            made = await self._text("plan", job.prompt, job.seed, inputs)
        elif job.action in STRENGTH:
            take = job.index - 1 if job.index else _take(parent)
            text, strength = await self.scene(parent), STRENGTH[job.action]
            made = await self._text("replan", text, take, strength, job.seed, _remixed(job))
        elif job.action is Action.REROLL:
            made = await self._text("reroll", await self.scene(parent), job.seed, _remixed(job))
        else:
            made = await self.scene(parent)
        job.scene = made
        return made

    async def _picture(self, job: Job) -> File:
        """The main picture."""
        parent = job.parent
        if job.action in FROM_WORDS:
            return await self._file("draw_grid", await self.scene(job))
        if parent is not None and job.action in ENLARGED:
            return await self._enlarged(job, parent)
        if parent is not None:
            return await self._after(job, parent)
        return await self._from_inputs(job)

    async def _enlarged(self, job: Job, parent: Job) -> File:
        take = _take(job)
        creative = "creative" in job.custom_id
        variant = "creative" if creative else "subtle"
        factor = 4.0 if job.action is Action.UPSCALE_HD else 2.0
        if _root(parent).action in FROM_WORDS:
            return await self._file("draw_take", await self.scene(job), take, factor, variant)
        data = (await self.of(parent, "picture")).data
        part = take if parent.action not in ENLARGED | {Action.VIDEO} else None
        return await self._file("cut_take", data, part, 2.0)

    async def _after(self, job: Job, parent: Job) -> File:
        """What goes on from the parent's picture."""
        file = await self.of(parent, "picture")
        data, scene = file.data, await self.scene(parent)
        match job.action:
            case Action.ZOOM | Action.CUSTOM_ZOOM if "::100::" in job.custom_id:
                return await self._file("draw_square", data, scene)
            case Action.ZOOM | Action.CUSTOM_ZOOM:
                return await self._file("draw_zoom", data, scene, _zoom(job))
            case Action.PAN:
                return await self._file("draw_pan", data, scene, _direction(job))
            case Action.INPAINT:
                mask = self.kept(job.named_images.get("mask", ""))
                if mask is None:
                    return await self._file("draw_retexture", data, job.prompt, job.seed)
                words = (job.prompt, job.seed, scene, "jpeg")
                return await self._file("draw_inpaint", data, mask.data, *words)
            case _:
                return file

    async def _from_inputs(self, job: Job) -> File:
        inputs = self._inputs(job)
        if not inputs:
            return await self._file("draw_take", await self.scene(job), 0)
        match job.action:
            case Action.BLEND:
                return await self._file("draw_blend", inputs, job.seed, _dimensions(job))
            case Action.EDITS:
                return await self.of(job, "1")
            case Action.RETEXTURE:
                return await self._file("draw_retexture", inputs[0], job.prompt, job.seed)
            case Action.SWAP_FACE:
                target = self.kept(job.named_images.get("target", ""))
                return await self._file(
                    "draw_swap", inputs[0], target.data if target else inputs[0]
                )
            case _:
                return self.kept(job.images[0]) or File(inputs[0], "image/png")

    async def _one(self, job: Job, number: int) -> File:
        """One picture of four."""
        if job.action is Action.EDITS:
            mask = self.kept(job.named_images.get("mask", ""))
            white = mask.data if mask else None
            seed = job.seed + number - 1
            words = (job.prompt, seed, "jpeg")
            return await self._file("draw_edit", self._needed(job), white, *words)
        data = (await self.of(job, "picture")).data
        return await self._file("cut_take", data, number - 1, 1.0)

    async def _unfinished(self, job: Job, progress: int) -> File:
        if job.action in FROM_WORDS:
            return await self._file("draw_grid", await self.scene(job), progress)
        data = (await self.of(job, "picture")).data
        return await self._file("sketched", data, progress, job.seed)

    async def _clip(self, job: Job, number: int) -> File:
        data = (await self.of(job, "picture")).data
        if job.action is Action.UPSCALE and job.parent is not None:
            job, number = job.parent, job.index - 1
        end = self.kept(job.named_images.get("end_image", ""))
        high = job.options.get("motion") == "high" or "animate_high" in job.custom_id
        motion, loop = "high" if high else "low", bool(job.options.get("loop"))
        last = end.data if end else None
        return await self._file("draw_clip", data, job.seed + number, motion, 2.4, last, loop)

    def _inputs(self, job: Job) -> tuple[bytes, ...]:
        found = (self.kept(name) for name in job.images)
        return tuple(file.data for file in found if file is not None)

    def _needed(self, job: Job) -> tuple[bytes, ...]:
        inputs = self._inputs(job)
        if not inputs:
            raise ValueError("its input pictures are no longer kept")
        return inputs

    async def _file(self, function: str, *arguments: object) -> File:
        return File(*cast("tuple[bytes, str, int, int]", await self.pool.run(function, *arguments)))

    async def _text(self, function: str, *arguments: object) -> str:
        return cast("str", await self.pool.run(function, *arguments))


def _root(job: Job) -> Job:
    """The grid that an enlargement goes back to."""
    while job.action in ENLARGED and job.parent is not None:
        job = job.parent
    return job


def _take(job: Job) -> int:
    """Which of the four the job goes on from, 0 to 3."""
    while not job.index and job.parent is not None:
        job = job.parent
    return max(0, job.index - 1)


def _remixed(job: Job) -> str | None:
    """Another prompt than the parent's, as a remix gives one."""
    return job.prompt if job.parent is None or job.prompt != job.parent.prompt else None


def _dimensions(job: Job) -> str:
    return str(job.options.get("dimensions", "SQUARE"))


def _zoom(job: Job) -> float:
    """How far back: as a custom zoom's prompt says, 1 to 2, else as the button does."""
    said = _ZOOM.search(job.prompt) if job.action is Action.CUSTOM_ZOOM else None
    if said is not None:
        return min(2.0, max(1.0, float(said[1])))
    return 1.5 if "::75::" in job.custom_id else 2.0


def _direction(job: Job) -> str:
    return job.custom_id.lower().partition("pan_")[2].partition("::")[0]
