"""
What we serve: the task and the answer to a submit, member by member as clients rely on them.

Clients written in strict languages decode these, so every member is always there and keeps its
type. Addresses are ours; an upstream's never leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import msgspec

from mjgate.domain.action import Action
from mjgate.domain.prompt import without_mode_flags
from mjgate.domain.reasons import FailReason
from mjgate.domain.redact import hide_addresses
from mjgate.domain.task import State, Status, Task

_ENCODER = msgspec.json.Encoder()


class ButtonView(msgspec.Struct, frozen=True):
    """A button; all texts may be empty, none is null."""

    customId: str  # noqa: N815  the wire's own name
    emoji: str
    label: str
    style: int
    type: int = 2


class MediaView(msgspec.Struct, frozen=True):
    """One of several pictures or clips."""

    url: str
    thumbnail: str = ""


class TaskView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The task as `fetch` answers it. Times are epoch milliseconds or null."""

    id: str
    action: str
    status: str
    progress: str
    prompt: str
    prompt_en: str
    description: str
    state: str
    bot_type: str
    mode: str
    custom_id: str
    parent_id: str
    seed: str
    submit_time: int | None
    start_time: int | None
    finish_time: int | None
    fail_reason: str | None
    fail_reason_again: str | None = msgspec.field(name="fail_reason")
    image_url: str
    image_urls: list[MediaView] | None
    split_urls: list[str] | None
    thumbnail_url: str = ""
    image_width: int
    image_height: int
    video_url: str
    video_urls: list[MediaView] | None
    buttons: list[ButtonView]
    mask_base64: str = msgspec.field(default="", name="maskBase64")
    properties: dict[str, str | int | float | bool]


class SubmitAnswer(msgspec.Struct, frozen=True):
    """The answer to a submit: `result` is an id, a list only for uploads, null without a task."""

    code: int
    description: str
    result: str | list[str] | None = None
    properties: Mapping[str, object] = {}


class PageView(msgspec.Struct, frozen=True, rename="camel"):
    """One page of a search; the first page is number 0."""

    content: list[TaskView]
    total_elements: int
    page_number: int
    page_size: int


@dataclass(frozen=True, slots=True)
class Media:
    """A task's pictures and clips under our own addresses."""

    image_url: str = ""
    image_urls: Sequence[str] = ()
    split_urls: Sequence[str] = ()
    thumbnail_url: str = ""
    video_urls: Sequence[str] = ()
    thumbnails: Sequence[str] = ()  # of the clips, or else of the several pictures


NOTHING: Final = Media()


def encode(view: object) -> bytes:
    """Compact JSON, UTF-8, nothing escaped that need not be."""
    return _ENCODER.encode(view)


def show(task: Task, media: Media = NOTHING) -> TaskView:
    """The task as its owner may see it."""
    result = task.result
    failed = task.status is Status.FAILURE
    fail_text = (task.fail_text or task.reason or "failed") if failed else None
    prompt, prompt_en, final_prompt = _prompts(task)
    return TaskView(
        id=str(task.id),
        action=task.action,
        status=task.status,
        progress=f"{100 if task.status.final else min(task.progress, 99)}%",
        prompt=prompt,
        prompt_en=prompt_en,
        description=hide_addresses(result.description, task.prompt) or _description(task),
        state=task.caller_state,
        bot_type=task.bot,
        mode=task.mode,
        custom_id=task.custom_id,
        parent_id=str(task.parent_id or ""),
        seed=result.seed,
        submit_time=task.submit_at,
        start_time=task.start_at,
        finish_time=task.finish_at,
        fail_reason=fail_text,
        fail_reason_again=fail_text,
        image_url=media.image_url,
        image_urls=_views(media.image_urls, media.thumbnails),
        split_urls=list(media.split_urls) or None,
        thumbnail_url=media.thumbnail_url,
        image_width=result.width,
        image_height=result.height,
        video_url=media.video_urls[0] if media.video_urls else "",
        video_urls=_views(media.video_urls, media.thumbnails),
        buttons=_buttons(task),
        properties=_properties(task, final_prompt),
    )


def _prompts(task: Task) -> tuple[str, str, str]:
    """The prompt as it came to us, as it went upstream, and in the end; of DESCRIBE, the find."""
    final = hide_addresses(task.result.final_prompt, task.prompt)
    sent_up = hide_addresses(task.result.prompt_en, task.prompt)
    if task.action is Action.DESCRIBE and task.state is State.SUCCESS:
        found = final or sent_up
        return found, found, found
    return task.prompt, sent_up or without_mode_flags(task.prompt), final


def _description(task: Task) -> str:
    return f"/{task.action.lower()} {task.prompt}".strip()


def _views(urls: Sequence[str], thumbnails: Sequence[str]) -> list[MediaView] | None:
    pairs = zip_longest(urls, thumbnails[: len(urls)], fillvalue="")
    return [MediaView(url, thumbnail) for url, thumbnail in pairs] or None


def _buttons(task: Task) -> list[ButtonView]:
    if task.state is not State.SUCCESS:
        return []
    return [
        ButtonView(button.custom_id, button.emoji, button.label, button.style)
        for button in task.result.buttons
    ]


def _properties(task: Task, final_prompt: str) -> dict[str, str | int | float | bool]:
    shown: dict[str, str | int | float | bool] = dict(task.result.properties)
    shown["finalPrompt"] = final_prompt
    shown["finalZhPrompt"] = hide_addresses(task.result.final_zh_prompt, task.prompt)
    shown["jobId"] = task.job_uuid
    if task.state is State.CANCELLED or task.reason == FailReason.CANCELLED:
        shown["cancelled"] = True
    if task.state is State.FAILURE and task.reason:
        shown["reason"] = task.reason
    if task.rescued:
        shown["rescued"] = task.reason
    return shown
