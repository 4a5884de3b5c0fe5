"""How a job is shown: as a task of the midjourney-proxy format, and as data of the job dialect."""

from datetime import UTC, datetime
from fractions import Fraction
from math import sqrt
from re import search
from typing import Final

from mjgate.dialects.mjproxy import TaskView
from mjgate.dialects.mjproxy.views import ButtonView, MediaView
from mjgate.domain.action import Action
from mjgate.domain.buttons import PRESSED, Button, synthesised
from mjgate.domain.task import Status
from mjgate.sandbox import faults
from mjgate.sandbox.jobs import Job

AREA: Final = 1024 * 1024
"""Pixels of a grid."""

FOURFOLD: Final = frozenset({Action.EDITS})
"""Actions whose result is four pictures, not a grid of four."""

TEXTUAL: Final = frozenset({Action.DESCRIBE, Action.SHORTEN})
SINGLE: Final = frozenset(
    {Action.UPSCALE, Action.UPSCALE_HD, Action.SWAP_FACE, Action.UPLOAD, Action.VIDEO, *TEXTUAL}
)
"""Actions whose result is one picture; of clips it is the one that they start from."""

UNCHANGED: Final = frozenset({Action.BOOKMARK, Action.ACTION})
"""Actions whose result is their parent's picture."""

STEP: Final = 10
"""Percent between two progress pictures."""

JOB_STATUS: Final = {
    Status.IN_PROGRESS: "running",
    Status.SUCCESS: "completed",
    Status.FAILURE: "failed",
}


def size(job: Job) -> tuple[int, int]:
    """Width and height in pixels: about a megapixel in the wanted proportions, at most 4:1."""
    if job.size is not None:
        return job.size
    found = search(r"--(?:ar|aspect)\s+(\d{1,4}):(\d{1,4})", job.prompt)
    across, down = (int(found[1]), int(found[2])) if found else (1, 1)
    if not across or not down:
        across = down = 1
    ratio = min(4.0, max(0.25, across / down))
    across, down = Fraction(ratio).limit_denominator(100).as_integer_ratio()
    step = max(1, round(sqrt(AREA / 4 / (across * down))))
    return 2 * step * across, 2 * step * down


def media(job: Job, name: str) -> str:
    """The address of one of the job's files."""
    return f"{job.base_url}/sandbox/images/{job.id}/{name}"


def clips(job: Job) -> int:
    """How many clips a job has: those of a video, or the one that was enlarged."""
    if job.action is Action.VIDEO:
        return int(job.options.get("batchSize", 4))
    enlarged = job.action is Action.UPSCALE and job.parent is not None
    return int(enlarged and job.parent is not None and job.parent.action is Action.VIDEO)


def buttons(job: Job) -> tuple[Button, ...]:
    """What may follow the job, in the forms of the real ones."""
    if job.status is not Status.SUCCESS:
        return ()
    return synthesised(job.action, job.uuid, clip=bool(clips(job)))


def single(job: Job) -> bool:
    """Whether the job's picture is one, not four on a sheet: a mark changes nothing about that."""
    while job.action in UNCHANGED and job.parent is not None:
        job = job.parent
    return job.action in SINGLE


def _results(job: Job) -> tuple[list[str], list[str]]:
    """The addresses of the four pictures, and of the clips."""
    four = [media(job, f"{n}.{job.suffix}") for n in range(1, 5)]
    return four, [media(job, f"{n}.mp4") for n in range(clips(job))]


def task(job: Job, now: int) -> TaskView:
    """The job as `fetch` answers it."""
    done = job.status is Status.SUCCESS and "no-picture" not in job.faults
    failed = job.fail_text or None if job.status is Status.FAILURE else None
    progress = job.progress(now)
    four, videos = _results(job) if done else ([], [])
    text = "\n\n".join(job.texts) if done else ""
    told = text if job.action is Action.DESCRIBE else job.prompt
    return TaskView(
        id=job.id,
        action=job.action,
        status=job.status,
        progress="" if job.status is Status.FAILURE and not failed else f"{progress}%",
        prompt=told,
        prompt_en=told,
        description=f"/{job.action.lower()} {job.prompt}".rstrip(),
        state=job.state,
        bot_type=job.bot,
        mode=job.mode,
        custom_id=job.custom_id,
        parent_id=job.parent.id if job.parent else "",
        seed=str(job.seed),
        submit_time=job.submit_at,
        start_time=job.start_at,
        finish_time=job.finish_at,
        fail_reason=failed,
        fail_reason_again=failed,
        image_url=_picture(job, progress, done=done),
        image_urls=_addresses(four) if job.action in FOURFOLD else None,
        split_urls=four if four and job.action not in FOURFOLD and not single(job) else None,
        image_width=size(job)[0] if done else 0,
        image_height=size(job)[1] if done else 0,
        video_url=videos[0] if videos else "",
        video_urls=_addresses(videos),
        buttons=[_button(job, button) for button in buttons(job)],
        properties={
            "finalPrompt": text or job.prompt,
            "finalZhPrompt": "",
            "messageHash": job.uuid,
        },
    )


def job_data(job: Job, now: int) -> dict[str, object]:
    """The job as the job dialect's `data`, all eleven members."""
    shown = task(job, now)
    submitted = datetime.fromtimestamp(job.submit_at / 1_000, UTC)
    videos = [each.url for each in shown.video_urls or []]
    kind = "vid_1.1_i2v_render_b_joint_video" if job.action is Action.VIDEO else job.action.lower()
    four = 1 if single(job) else 4
    done = job.status is Status.SUCCESS
    return {
        "taskId": job.uuid,
        "prompt": "\n\n".join(job.texts) if job.action in TEXTUAL and done else job.prompt,
        "imageUrl": shown.image_url,
        "enqueue_time": submitted.isoformat(" ", "microseconds"),
        "width": shown.image_width,
        "height": shown.image_height,
        "batch_size": clips(job) or four,
        "status": JOB_STATUS.get(job.status, "pending"),
        "job_type": kind,
        "video_url": shown.video_url,
        "video_urls": videos,
    }


def link_is_dead(job: Job, now: int) -> bool:
    """Whether the fault `link-dies` has struck."""
    if "link-dies" not in job.faults or job.finish_at is None:
        return False
    return now > job.finish_at + faults.seconds(job.faults, "link-dies") * 1_000


def _picture(job: Job, progress: int, *, done: bool) -> str:
    if job.status is Status.IN_PROGRESS and job.action not in TEXTUAL and progress >= STEP:
        return media(job, f"progress-{progress // STEP * STEP}.{job.suffix}")
    if not done or job.action is Action.SHORTEN:
        return ""
    if job.action in FOURFOLD:
        return media(job, f"1.{job.suffix}")
    return media(job, f"picture.{job.suffix}")


def _addresses(urls: list[str]) -> list[MediaView] | None:
    return [MediaView(url) for url in urls] or None


def _button(job: Job, button: Button) -> ButtonView:
    style = PRESSED if button.custom_id in job.pressed else button.style
    return ButtonView(button.custom_id, button.emoji, button.label, style)
