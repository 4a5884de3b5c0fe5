"""What a look has shown, and what becomes of it: progress, an end, a deadline, or nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from mjgate.domain.action import Action
from mjgate.domain.buttons import in_order, synthesised
from mjgate.domain.clock import SECOND
from mjgate.domain.media import KEPT
from mjgate.domain.pace import pause, waited
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import Report, Result, State, Status, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.finish import fail, succeed, why_it_failed
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.usual import usual
from mjgate.lifecycle.verdict import window_in
from mjgate.lifecycle.work import decode
from mjgate.store.columns import encode_result
from mjgate.store.database import Transaction
from mjgate.store.follow import Followed, Seen
from mjgate.store.moves import move, note_progress

EMPTY_PAUSE: Final = 2 * SECOND
"""Between looks at what claims success, but has not shown its result yet."""

NEARLY: Final = 99
"""Progress of a task that claims success but has not shown its result yet."""

SHOWS_ITS_INPUT: Final = frozenset({Action.DESCRIBE, Action.VIDEO})
"""Where the upstream shows no picture beside words or clips, it is the one they are of."""


@dataclass(frozen=True, slots=True)
class Look:
    """One task's share of a look that `began` at that moment."""

    row: Followed
    task: Task
    report: Report | None
    began: int
    alone: bool = False  # it was asked for by itself


async def apply(gateway: Gateway, to: Line, looks: Sequence[Look]) -> list[Seen]:
    """Apply every look; what is left is when each task is looked at next."""
    rises: dict[int, tuple[int, str]] = {}
    still: list[Look] = []
    news: list[Look] = []
    for look in looks:
        (still if _unchanged(gateway, look) else news).append(look)
    seen = await asyncio.gather(*(_apply(gateway, to, look, rises) for look in news))
    if rises:
        await gateway.store.write(note_progress, rises, now=gateway.clock.now())
    rest = [await _next(gateway, look, moved=False) for look in still]
    return rest + [each for each in seen if each is not None]


def _unchanged(gateway: Gateway, look: Look) -> bool:
    """Whether the task goes on as it did, which is what most looks show."""
    report, task = look.report, look.task
    return (
        report is not None
        and report.status is _GOES_ON.get(task.state)
        and (report.progress or 0) <= task.progress
        and too_late(gateway, look) is None
    )


_GOES_ON: Final = {State.SUBMITTED: Status.SUBMITTED, State.RUNNING: Status.IN_PROGRESS}


async def _apply(
    gateway: Gateway, to: Line, look: Look, rises: dict[int, tuple[int, str]]
) -> Seen | None:
    """Apply one look; None when the task is followed no more."""
    report, moved = look.report, False
    if report is not None:
        if await _ended(gateway, to, look, report) or await _asks(gateway, look, report):
            return None
        moved = await _moved_on(gateway, look, report, rises)
    if await _out_of_time(gateway, look, moved=moved):
        return None
    return await _next(gateway, look, moved=moved)


async def _asks(gateway: Gateway, look: Look, report: Report) -> bool:
    """Whether the upstream turned out to wait for a confirmation: chains hide that they ask."""
    task = look.task
    if report.status is not Status.MODAL or task.state is not State.SUBMITTED or task.confirmed:
        return False
    now = gateway.clock.now()
    until = now + gateway.timing.window
    moved = await gateway.store.write(
        window_in,
        task.id,
        task.upstream_id,
        offered=report.final_prompt or "",
        until=until,
        now=now,
    )
    return moved is not None


async def _ended(gateway: Gateway, to: Line, look: Look, report: Report) -> bool:
    """Whether the report ends the task."""
    if report.status is Status.FAILURE:
        reason, text = why_it_failed(report, to.names)
        if look.task.cancel_wanted:
            reason, text = FailReason.CANCELLED, ""
        raw = report.fail_text or ""
        await fail(
            gateway, look.task, reason, actor="look", text=text, admin_text=raw, said=report.raw
        )
        return True
    if report.status is not Status.SUCCESS:
        return False
    result = completed(look.task, report)
    if delivers(look.task.action, report, result):
        gateway.checkpoint("looked")
        await succeed(gateway, look.task, result, actor="look", said=report.raw)
        gateway.checkpoint("finished")
        return True
    empty = look.row.empty_since
    if empty is not None and look.began - empty > gateway.timing.no_picture:
        text = "The provider reported success but delivered nothing."
        await fail(gateway, look.task, FailReason.UPSTREAM_FAILED, actor="look", text=text)
        return True
    return False


async def _moved_on(
    gateway: Gateway, look: Look, report: Report, rises: dict[int, tuple[int, str]]
) -> bool:
    """Whether the task got further; a rise in progress is collected for one write."""
    task = look.task
    finished = report.status is Status.SUCCESS
    progress = NEARLY if finished else min(report.progress or 0, NEARLY)
    working = finished or report.status is Status.IN_PROGRESS
    result = report.onto(task.result)
    if working and task.state is State.SUBMITTED:
        now = gateway.clock.now()
        await gateway.store.write(_running, task.id, progress, result, now=now)
        return True
    if progress > task.progress:
        rises[task.id] = progress, encode_result(result)
        return True
    return False


async def _running(
    tx: Transaction, task_id: int, progress: int, result: Result, *, now: int
) -> Task | None:
    return await move(
        tx, task_id, State.RUNNING, actor="look", now=now, progress=progress, result=result
    )


def too_late(gateway: Gateway, look: Look, *, moved: bool = False) -> FailReason | None:
    """Which of our clocks has run out; progress resets the first, nothing the second."""
    quiet = gateway.timing.quiet_for(look.task.action, look.task.mode)
    if look.began - look.row.since > 2 * quiet:
        return FailReason.DEADLINE_TOTAL
    still = not moved and look.began - look.row.moved_at > quiet
    return FailReason.DEADLINE_NO_PROGRESS if still else None


async def _out_of_time(gateway: Gateway, look: Look, *, moved: bool) -> bool:
    """Whether one of our clocks has run out; then the task fails and the money goes back."""
    reason = too_late(gateway, look, moved=moved)
    if reason is None:
        return False
    failed = 0 if look.report is not None else look.row.misses + 1
    if gateway.absence.excuses(look.began, grace=gateway.timing.grace, failed_looks=failed):
        return False
    await fail(gateway, look.task, reason, actor="deadline")
    return True


def delivers(action: Action, report: Report, result: Result) -> bool:
    """
    Whether the result is what the action promises: pictures, clips or text.

    Pictures and clips only where the report of the end names them: one that was seen while the
    task ran is a draft.
    """
    match action:
        case Action.VIDEO:
            return bool(report.video_urls)
        case Action.DESCRIBE | Action.SHORTEN:
            return bool(result.final_prompt or result.prompt_en)
        case Action.BOOKMARK:
            return True
        case _:
            return bool(report.image_url or report.image_urls or report.video_urls)


def completed(task: Task, report: Report) -> Result:
    """The result with its buttons in order, made here where the upstream gives none."""
    result = report.onto(task.result)
    if not result.image_url and task.action in SHOWS_ITS_INPUT:
        result = replace(result, image_url=_given(task))
    if result.buttons:
        return replace(result, buttons=in_order(task.action, result.buttons))
    job_hash = str(result.properties.get("messageHash") or task.job_uuid)
    offered = synthesised(task.action, job_hash, clip=bool(result.video_urls))
    return replace(result, buttons=offered)


def _given(task: Task) -> str:
    """The picture that was sent along, as it is kept here; empty for one that is not."""
    given = next((each.hash for each in decode(task.request).images), "")
    return KEPT + given if given else ""


async def _next(gateway: Gateway, look: Look, *, moved: bool) -> Seen:
    """When the task is looked at next, and how soon if a client waits for it."""
    now, row, task, report = gateway.clock.now(), look.row, look.task, look.report
    empty = report is not None and report.status is Status.SUCCESS
    if empty:
        rest = EMPTY_PAUSE
    else:
        took = await usual(gateway, row.channel_id, task.action, task.mode)
        rest = pause(now - row.since, took, task.mode)
    return Seen(
        row,
        due_at=now + rest,
        hasty_at=now + waited(rest),
        misses=0 if report is not None or look.alone else row.misses + 1,
        moved_at=now if moved else row.moved_at,
        empty_since=(row.empty_since or now) if empty else None,
    )
