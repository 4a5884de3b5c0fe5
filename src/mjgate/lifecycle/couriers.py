"""
Couriers: who is told next, and how much at once, so that one receiver delays no other.

A receiver (an address without its query) has a line of its own, and all receivers at one host and
port share another. Who fails again and again is tried with one event at a time, ever more rarely.
A host counts as failing only when many different receivers there fail and none does well: what
hangs at one path of a server costs the other paths nothing but places.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Final

from mjgate.domain.clock import SECOND
from mjgate.domain.webhook import host
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.notify import LIMITS, deliver
from mjgate.store import webhooks
from mjgate.store.webhooks import Event

log = logging.getLogger(__name__)

LEASE: Final = 20 * SECOND
"""After so long somebody else delivers what was claimed: whoever claimed it is dead."""

BATCH: Final = 8
OF_A_RECEIVER: Final = 16
OF_A_HOST: Final = 48
"""Events on their way at once, from one process."""

FAULTS: Final = 3
"""So many different events fail in a row before a receiver rests."""

DEAF: Final = 8
"""So many different receivers fail in a row before a host rests."""

REST_LEAST: Final = 1 * SECOND
REST_MOST: Final = 60 * SECOND
"""The rest is twice as long each time."""


@dataclass(slots=True)
class Addressee:
    """A receiver, or a host: how it has been, as seen from this process."""

    most: int  # events at once
    bears: int  # different failures in a row
    busy: int = 0
    failed: set[str] = field(default_factory=set[str])
    rests: int = 0
    rests_until: int = 0
    crowded: bool = False  # somebody there had to wait for a place

    @property
    def down(self) -> bool:
        """Whether it fails again and again."""
        return len(self.failed) >= self.bears

    def free(self, now: int) -> int:
        """How many events it may be sent now."""
        if now < self.rests_until:
            return 0
        if self.down:
            return 0 if self.busy else 1
        return max(self.most - self.busy, 0)

    def heard(self, name: str, *, well: bool, now: int) -> None:
        """Note how an attempt went with the event, or the receiver, of that name."""
        if well:
            self.failed.clear()
            self.rests = 0
            return
        if not self.down:
            self.failed.add(name)
        if self.down and now >= self.rests_until:
            self.rests_until = now + min(REST_LEAST * 2 ** min(self.rests, 10), REST_MOST)
            self.rests += 1


class Courier:
    """Deliveries under way; `step` starts what is due and never waits for one."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._receivers: dict[str, Addressee] = {}
        self._hosts: dict[str, Addressee] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._asked = False  # somebody waits for a turn already
        self._closing = False

    async def step(self) -> bool:
        """Start for every receiver what is due there; True if anything was started."""
        async with self._turn:
            self._asked = False
            gateway = self._gateway
            due = await webhooks.due_receivers(gateway.store.reader, gateway.clock.now())
            events = await self._claim(self._places(due))
            for name, batch in groupby(events, key=attrgetter("endpoint")):
                self._start(name, list(batch))
        return bool(events)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.gather(*self._running)

    async def close(self) -> None:
        """Finish what is under way: it takes ten seconds at most, and what is lost is repeated."""
        self._closing = True
        running = tuple(self._running)
        if running:
            await asyncio.wait(running, timeout=LIMITS.total)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _places(self, due: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        """How many events each receiver gets now: first those that have none on their way."""
        now = self._gateway.clock.now()
        self._forget({name for name, _ in due}, now)
        for place in self._hosts.values():
            place.crowded = False
        taken: dict[str, int] = {}
        found: list[tuple[str, int]] = []
        for name, count in sorted(due, key=lambda each: self._receiver(each[0]).busy > 0):
            place, at = self._host(name), host(name)
            left = place.free(now) - taken.get(at, 0)
            wanted = min(count, BATCH, self._receiver(name).free(now))
            place.crowded |= wanted > left
            if (given := min(wanted, left)) > 0:
                taken[at] = taken.get(at, 0) + given
                found.append((name, given))
        return found

    def _forget(self, due: set[str], now: int) -> None:
        """Drop what is known of those for whom nothing is due any more, and nothing under way."""
        for known, names in ((self._receivers, due), (self._hosts, set(map(host, due)))):
            for name, each in tuple(known.items()):
                if name not in names and not each.busy and now >= each.rests_until + REST_MOST:
                    del known[name]

    def _receiver(self, name: str) -> Addressee:
        return self._receivers.setdefault(name, Addressee(OF_A_RECEIVER, FAULTS))

    def _host(self, name: str) -> Addressee:
        return self._hosts.setdefault(host(name), Addressee(OF_A_HOST, DEAF))

    async def _claim(self, places: Sequence[tuple[str, int]]) -> list[Event]:
        if not places or self._closing:
            return []
        now = self._gateway.clock.now()
        return await self._gateway.store.write(webhooks.claim, places, now=now, until=now + LEASE)

    def _start(self, name: str, events: Sequence[Event]) -> None:
        task = asyncio.create_task(self._serve(name, events))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        self._count(name, len(events))

    def _count(self, name: str, events: int) -> None:
        self._receiver(name).busy += events
        self._host(name).busy += events

    async def _serve(self, name: str, events: Sequence[Event]) -> None:
        """Deliver to one receiver, batch by batch, until nothing is due there or it fails."""
        try:
            while events:
                try:
                    went = await deliver(self._gateway, events)
                finally:
                    self._count(name, -len(events))
                self._hear(name, went)
                events = await self._more(name)
                self._count(name, len(events))
            await self._next(name)
        except Exception:
            log.exception("webhooks could not be delivered", extra={"receiver": name})

    def _hear(self, name: str, went: Sequence[tuple[Event, bool]]) -> None:
        now = self._gateway.clock.now()
        for event, well in went:
            self._receiver(name).heard(str(event.id), well=well, now=now)
            self._host(name).heard(name, well=well, now=now)

    async def _more(self, name: str) -> list[Event]:
        """The next batch for the same receiver, if nobody else waits for the place."""
        now = self._gateway.clock.now()
        receiver, place = self._receiver(name), self._host(name)
        if receiver.down or place.down or place.crowded:
            return []
        free = min(BATCH, receiver.free(now), place.free(now))
        return await self._claim([(name, free)] if free else [])

    async def _next(self, name: str) -> None:
        """Give a place that has become free to those who wait for one at that host."""
        if self._host(name).crowded and not self._asked:
            self._asked = True
            await self.step()
