"""What we serve: a task's eleven members, all of them always; the unknown is `""`, 0 or `[]`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from mjgate.domain.action import Action
from mjgate.domain.buttons import GRIDS
from mjgate.domain.redact import hide_addresses
from mjgate.domain.task import State, Status, Task

DONE: Final = "成功"
"""The message beside everything that is no failure."""

VIDEO: Final = "vid_1.1_i2v_render_b_joint_video"
"""The `job_type` of clips."""

_STATUSES: Final[Mapping[Status, str]] = {
    Status.IN_PROGRESS: "running",
    Status.SUCCESS: "completed",
    Status.FAILURE: "failed",
}
_TEXTS: Final = frozenset({Action.DESCRIBE, Action.SHORTEN})
"""Actions whose result is a text; it stands where the prompt stands otherwise."""


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A task as `fetch` answers it."""

    taskId: str  # noqa: N815  the wire's own name
    prompt: str
    imageUrl: str  # noqa: N815  the same
    enqueue_time: str
    width: int
    height: int
    batch_size: int
    status: str
    job_type: str
    video_url: str
    video_urls: Sequence[str]


class JobAnswer(msgspec.Struct, frozen=True):
    """What every answer looks like; `data` is null where something was refused."""

    code: int
    message: str
    data: object = None


def show(task: Task, *, image_url: str = "", video_urls: Sequence[str] = ()) -> JobAnswer:
    """The task as its owner may see it, its media under our own addresses."""
    failed = task.status is Status.FAILURE
    view = JobView(
        taskId=task.job_uuid,
        prompt=_prompt(task),
        imageUrl=image_url,
        enqueue_time=_moment(task.submit_at),
        width=task.result.width,
        height=task.result.height,
        batch_size=_results(task),
        status=_STATUSES.get(task.status, "pending"),
        job_type=_kind(task),
        video_url=video_urls[0] if video_urls else "",
        video_urls=list(video_urls),
    )
    return JobAnswer(0, (task.fail_text or task.reason or "failed") if failed else DONE, view)


def _prompt(task: Task) -> str:
    if task.action in _TEXTS and task.state is State.SUCCESS and task.result.final_prompt:
        return hide_addresses(task.result.final_prompt, task.prompt)
    return task.prompt


def _moment(at: int) -> str:
    """Epoch milliseconds as `2025-06-20 06:54:32.303000+00:00`."""
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat(" ", "microseconds")


def _results(task: Task) -> int:
    """How many pictures or clips there are; as the upstream says, else as can be counted."""
    result = task.result
    if task.state is not State.SUCCESS:
        return 0
    told = result.properties.get("batch_size")
    if isinstance(told, int) and told > 0:
        return told
    counted = len(result.video_urls) or len(result.image_urls)
    if counted or not result.image_url:
        return counted
    return 4 if task.action in GRIDS else 1


def _kind(task: Task) -> str:
    told = task.result.properties.get("job_type")
    if isinstance(told, str) and told:
        return told
    return VIDEO if task.action is Action.VIDEO else task.action.lower()
