"""Probes that have a picture drawn, as a channel would: what its answers are like, to the end."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Final

from mjgate.conformance.talk import Probe, Talk
from mjgate.dialects import Accepted, Call, Work, mjproxy
from mjgate.domain.action import Action, Mode
from mjgate.domain.buttons import Button
from mjgate.domain.errors import NotSent, Rejected, UpstreamError
from mjgate.domain.finding import Finding, State
from mjgate.domain.image import sniff
from mjgate.domain.task import Report, Status
from mjgate.upstream import Endpoint, what_failed

PROMPT: Final = "a lighthouse on a rocky coast, evening"
_GET: Final = Call("GET", "")


@dataclass(slots=True)
class _Course:
    """What a task showed on its way: its last report, its progress, how long it took."""

    report: Report
    seconds: float = 0.0
    progress: list[int] = field(default_factory=list[int])

    @property
    def fell(self) -> bool:
        """Whether progress ever went back."""
        return self.progress != sorted(self.progress)


async def picture(talk: Talk) -> AsyncGenerator[Finding]:
    """A picture from the order to its bytes."""
    nonce = secrets.token_hex(8)
    work = Work(
        path="submit/imagine", action=Action.IMAGINE, mode=Mode.FAST, prompt=PROMPT, nonce=nonce
    )
    accepted, refusal = await _handed(talk, work, "a picture")
    if accepted is None:
        yield refusal
        return
    yield Finding("a picture", State.GOOD, f"Accepted, as {accepted.ids[0]}.")
    course = await _followed(talk, accepted.ids[0])
    report = course.report
    if report.echo == nonce:
        text = "It is given back, so that a task whose answer was lost can be found."
        yield Finding("state", State.GOOD, text)
    else:
        text = "It is not given back: a task whose answer was lost is found only by a notice."
        yield Finding("state", State.WARNING, text)
    if report.status is not Status.SUCCESS:
        yield Finding("its end", State.BROKEN, _unfinished(course))
        return
    talk.drawn = report
    yield Finding("its end", State.GOOD, f"SUCCESS after {course.seconds:.0f} s.")
    yield _progress(course)
    yield await _bytes(talk, report)
    yield _buttons(report)


async def upscale(talk: Talk) -> AsyncGenerator[Finding]:
    """The first button of that picture."""
    button = _first(talk.drawn)
    if talk.drawn is None or button is None:
        return
    work = Work(
        path="submit/action",
        action=Action.UPSCALE,
        mode=Mode.FAST,
        custom_id=button.custom_id,
        parent=talk.drawn.upstream_id,
        nonce=secrets.token_hex(8),
    )
    accepted, refusal = await _handed(talk, work, "its button U1")
    if accepted is None:
        yield refusal
        return
    course = await _followed(talk, accepted.ids[0])
    if course.report.status is Status.SUCCESS:
        text = f"Pressed, and done after {course.seconds:.0f} s."
        yield Finding("its button U1", State.GOOD, text)
    else:
        yield Finding("its button U1", State.BROKEN, _unfinished(course))


async def seed(talk: Talk) -> AsyncGenerator[Finding]:
    """The number that the picture was made from."""
    if talk.drawn is None:
        return
    call = mjproxy.seed(talk.drawn.upstream_id, talk.options)
    try:
        found = mjproxy.seed_in(await talk.ask(call.method, call.path))
    except UpstreamError:
        found = ""
    if found:
        yield Finding("seed", State.GOOD, f"It is told: {found}.")
    else:
        yield Finding("seed", State.WARNING, "It is not told.")


PROBES: Final[tuple[Probe, ...]] = (picture, upscale, seed)


async def _handed(talk: Talk, work: Work, what: str) -> tuple[Accepted | None, Finding]:
    """Hand work over; what it was accepted as, or why it was not."""
    good = Finding(what, State.GOOD, "Accepted.")
    try:
        heard = await talk.hand(mjproxy.submit(work, talk.options))
        return mjproxy.answered(heard, follow_up=bool(work.parent)), good
    except Rejected as refused:
        return None, replace(good, state=State.BROKEN, text=f"Refused: {refused}.")
    except NotSent as error:
        return None, replace(good, state=State.BROKEN, text=f"Not sent: {what_failed(error)}.")
    except UpstreamError as error:
        text = f"Nobody knows whether it was accepted: {error}."
        return None, replace(good, state=State.BROKEN, text=text)


async def _followed(talk: Talk, upstream_id: str) -> _Course:
    """Look at a task until it ends or our patience does."""
    course, began = _Course(Report(upstream_id=upstream_id)), time.monotonic()
    call = mjproxy.look([upstream_id], talk.options)
    while course.seconds < talk.patience:
        try:
            reports = mjproxy.reports(await talk.ask(call.method, call.path, call.body))
        except UpstreamError:
            reports = []
        course.seconds = time.monotonic() - began
        for report in reports:
            if report.upstream_id == upstream_id:
                course.report = report
                course.progress += [] if report.progress is None else [report.progress]
        if course.report.status is not None and course.report.status.final:
            break
        await asyncio.sleep(talk.pause)
    return course


def _unfinished(course: _Course) -> str:
    if course.report.status is Status.FAILURE:
        return f"FAILURE: {course.report.fail_text or 'it does not say why'}."
    shown = course.report.status or "it was never told of"
    return f"It is not there after {course.seconds:.0f} s ({shown})."


def _progress(course: _Course) -> Finding:
    steps = ", ".join(f"{each}%" for each in dict.fromkeys(course.progress)) or "none"
    if course.fell:
        return Finding("progress", State.WARNING, f"It goes back ({steps}); clients see it rise.")
    return Finding("progress", State.GOOD, f"Seen: {steps}.")


async def _bytes(talk: Talk, report: Report) -> Finding:
    """Whether the picture can be had."""
    if not report.image_url:
        return Finding("its bytes", State.BROKEN, "A SUCCESS without the address of a picture.")
    try:
        heard = await talk.upstream.look(Endpoint(report.image_url), _GET)
    except UpstreamError as error:
        text = f"{report.image_url} does not answer: {what_failed(error)}."
        return Finding("its bytes", State.BROKEN, text)
    kind = sniff(heard.body[:64])
    if kind is None:
        text = f"{report.image_url} holds no picture (HTTP {heard.status})."
        return Finding("its bytes", State.BROKEN, text)
    return Finding("its bytes", State.GOOD, f"{kind}, {len(heard.body):,} bytes.")


def _first(report: Report | None) -> Button | None:
    """The button that enlarges the first picture."""
    buttons = (report.buttons or ()) if report else ()
    return next((each for each in buttons if each.label == "U1"), None)


def _buttons(report: Report) -> Finding:
    labels = " ".join(each.label or each.emoji for each in report.buttons or ())
    if not labels:
        text = "None are told; ours are shown, and asked for by their numbers where that is served."
        return Finding("its buttons", State.WARNING, text)
    return Finding("its buttons", State.GOOD, labels)
