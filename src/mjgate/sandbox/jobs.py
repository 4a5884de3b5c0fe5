"""What the sandbox knows of a job, and the counts of all of them."""

import asyncio
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mjgate.domain.action import Action, Bot, Mode
from mjgate.domain.task import Status
from mjgate.sandbox import faults
from mjgate.sandbox.faults import Faults

FROZEN: Final = 40
"""Percent at which the fault `freeze` keeps a job."""


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A task as the sandbox knows it. Times are epoch milliseconds, None until they come."""

    id: str
    uuid: str
    action: Action
    mode: Mode
    bot: Bot = Bot.MID_JOURNEY
    prompt: str = ""
    asked: str = ""  # the prompt as the submit carried it; follow-ups have none of their own
    state: str = ""
    hook_url: str = ""
    base_url: str
    suffix: str = "jpg"  # of its pictures
    custom_id: str = ""
    parent: "Job | None" = None
    index: int = 0  # which picture of the parent, from 1
    seed: int = 0
    faults: Faults = field(default_factory=lambda: faults.NONE)
    images: tuple[str, ...] = ()  # names of kept inputs
    named_images: dict[str, str] = field(default_factory=dict[str, str])
    options: dict[str, str | int | bool] = field(default_factory=dict[str, str | int | bool])
    size: tuple[int, int] | None = None  # of its picture, once it is drawn
    scene: str = ""  # what its picture shows, once somebody drew it
    texts: tuple[str, ...] = ()  # what DESCRIBE and SHORTEN say
    window: bool = False  # it opened one, confirmed or not
    pressed: set[str] = field(default_factory=set[str])
    status: Status = Status.NOT_START
    fail_text: str = ""
    submit_at: int
    start_at: int | None = None
    finish_at: int | None = None
    seconds: float = 0.0
    timer: asyncio.TimerHandle | None = None
    preparing: "asyncio.Task[None] | None" = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two submits the same one."""
        return (self.parent.id if self.parent else "", self.custom_id, self.prompt)

    def progress(self, now: int) -> int:
        """Percent done, read off the clock; 99 is the most before the end."""
        if self.status.final:
            return 100
        if self.status is not Status.IN_PROGRESS:
            return 0
        if "freeze" in self.faults:
            return FROZEN
        spent = (now - (self.start_at or now)) / 1_000
        done = min(99, max(1, int(100 * spent / self.seconds))) if self.seconds else 99
        if "shuffle" in self.faults:
            return (done * 37 + int(spent * 10) * 53) % 99 + 1
        return done


@dataclass(slots=True)
class Counts:
    """What `/sandbox/stats` shows: proof of how often something was asked for, and made."""

    submits: int = 0
    jobs: int = 0
    per_nonce: dict[str, int] = field(default_factory=dict[str, int])
    per_prompt: dict[str, int] = field(default_factory=dict[str, int])

    def made(self, job: Job) -> None:
        """Count work that has been taken on."""
        self.jobs += 1
        self.per_nonce[job.state] = self.per_nonce.get(job.state, 0) + 1
        self.per_prompt[job.asked] = self.per_prompt.get(job.asked, 0) + 1


def new_uuid(job_id: str) -> str:
    """A UUID that belongs to an id."""
    return str(
        uuid.UUID(bytes=hashlib.blake2b(job_id.encode(), digest_size=16).digest(), version=4)
    )


def seed_from(parts: Iterable[object]) -> int:
    """A seed as the real ones look, 1 to 2^32 - 1, that belongs to these words."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest()) or 1
