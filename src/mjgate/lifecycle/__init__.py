"""
The life of a task, one module for each step:

submit -> dispatch -> track -> finish -> archive -> notify

submit    `plan` says what an order will be, `draft` which task that makes, `routing` which channel
          takes it, `place` where it waits; `rehearsal` does all of it for a dry run. Of the order:
          `inputs`, `own` and `fetched` its pictures, `words` its prompt, `hooks` who is told,
          `hops` where it came from. `ours` is work done here, `gone` what is left without the
          channel, `window` what asks first.
dispatch  `queue` hands on what waits. `handover` sends what `work` and `carry` make of a task, to a
          channel of `lines`, `proxied` or not; `sending` writes each attempt before it leaves.
          `verdict`, `refused` and `party` are what the answer means, `unwanted` what nobody wants
          any more, `breaker` and `faults` channels that keep failing.
track     `asking` a channel, a `look` at the answer; when is for `usual`, `hurry`, `turns` and
          `notice`. `adopt` finds jobs of lost answers, `rescue` late results; `cancel` and `seed`
          ask for one task.
archive   `copies` are under way; `retention` and `disk` say how long and how much is kept.
notify    `couriers` say who is told next, `hook_trial` sends an example.

Beside it: `nodes` and `absence` (processes that die or sleep), `barred`, `erase` and `pruning`
(what goes), `alerts`, `counting` and `tallies` (what is told of it), `settings`, `moments`,
`automaton`, `rounds` and `singles` (what a process remembers).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from mjgate.domain.action import Action, Mode
from mjgate.domain.channel import Channel
from mjgate.domain.clock import Clock
from mjgate.domain.day import UTC
from mjgate.domain.errors import Refused
from mjgate.domain.pricing import PriceTable
from mjgate.domain.settings import Settings
from mjgate.domain.timing import ANSWER_WAIT, Reading, Timing
from mjgate.files import Blobs
from mjgate.imaging import Imaging
from mjgate.keys import Keys
from mjgate.lifecycle.absence import Absence
from mjgate.lifecycle.automaton import Words
from mjgate.lifecycle.copies import Copies
from mjgate.lifecycle.counting import count
from mjgate.lifecycle.disk import Disk
from mjgate.lifecycle.faults import Faults
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.moments import Moment, Moments
from mjgate.lifecycle.rounds import Rounds
from mjgate.lifecycle.singles import Singles
from mjgate.lifecycle.turns import Turns
from mjgate.links import Links
from mjgate.metrics import Metrics
from mjgate.public_http import PublicHTTP
from mjgate.store.database import Database
from mjgate.upstream import Upstream

log = logging.getLogger(__name__)

T = TypeVar("T")

Kind = tuple[int, Action, Mode]
"""Of work: the channel, what is asked, and how fast."""


def nowhere(place: str) -> None:
    """Where a process under test may be made to die; in production nothing happens."""
    del place


class Senders:
    """Sends that are under way. They outlive the requests that caused them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin a send of its own."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a send went wrong", exc_info=error)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.gather(*tuple(self._running))

    async def drain(self, seconds: float) -> None:
        """Wait for what is under way, then give up on the rest."""
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=seconds)
        for task in tuple(self._running):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._running, return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What every step needs."""

    store: Database
    upstream: Upstream
    public: PublicHTTP
    files: Blobs
    clock: Clock
    keys: Keys
    links: Links
    node: str
    timing: Timing = field(default_factory=Timing)
    answer_wait: int = ANSWER_WAIT
    reading: Reading = field(default_factory=Reading)
    imaging: Imaging = field(default_factory=Imaging)
    senders: Senders = field(default_factory=Senders)
    absence: Absence = field(default_factory=Absence)
    faults: Faults = field(default_factory=Faults)
    rounds: Rounds = field(default_factory=Rounds)
    turns: Turns = field(default_factory=Turns)
    waiting: set[int] = field(default_factory=set[int])  # tasks that clients have just asked for
    lines: Moments[tuple[int, int], Line] = field(default_factory=Moments[tuple[int, int], Line])
    channels: Moment[Sequence[Channel]] = field(default_factory=Moment[Sequence[Channel]])
    credentials: Moment[Mapping[int, int]] = field(default_factory=Moment[Mapping[int, int]])
    words: Words = field(default_factory=Words)
    installation: Moment[str] = field(default_factory=Moment[str])
    prices: Moment[PriceTable] = field(default_factory=Moment[PriceTable])
    settings: Moment[Settings] = field(default_factory=Moment[Settings])
    counts: Moments[object, int] = field(default_factory=Moments[object, int])
    usual: dict[Kind, tuple[int, int | None]] = field(
        default_factory=dict[Kind, tuple[int, int | None]]
    )
    copies: Copies = field(default_factory=Copies)
    disk: Disk = field(default_factory=Disk)
    seeds: Singles[str | Refused] = field(default_factory=Singles[str | Refused])
    zone: ZoneInfo = UTC  # where days begin
    checkpoint: Callable[[str], None] = nowhere
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        """Count what is committed here, and time what is asked of channels."""
        self.store.changes.counted = partial(count, self.metrics)
        self.upstream.timed = self.metrics.timed

    def forget(self) -> None:
        """Look up anew what was looked up a moment ago."""
        for moment in (self.channels, self.credentials, self.prices, self.settings):
            moment.forget()
        self.lines.forget()
