"""
Background work: a table of steps, and the one loop that runs them.

A step does what is to be done now and says whether more may follow; it is an ordinary function,
which a test calls once.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from mjgate.domain.clock import DAY
from mjgate.lifecycle import Gateway, window
from mjgate.lifecycle.alerts import Mail, watch
from mjgate.lifecycle.archive import Archivist
from mjgate.lifecycle.barred import cancel_barred, leave
from mjgate.lifecycle.breaker import probe
from mjgate.lifecycle.couriers import Courier
from mjgate.lifecycle.erase import erase
from mjgate.lifecycle.hurry import hurry
from mjgate.lifecycle.nodes import Alive, abandon, beat, clear_up, set_clock
from mjgate.lifecycle.notify import sweep
from mjgate.lifecycle.pruning import prune
from mjgate.lifecycle.queue import expire, queue
from mjgate.lifecycle.retention import measure, purge
from mjgate.lifecycle.tallies import fold
from mjgate.lifecycle.track import Tracker
from mjgate.manage.sessions import forget_logins
from mjgate.store import idempotency, nodes

log = logging.getLogger(__name__)

DRAIN: Final = 30.0
"""Seconds that open sends get when the process is asked to stop."""

BREATH: Final = 0.05
"""Seconds that who found nothing to do rests in any case: many changes are one reason to look."""

BEAT: Final = "beat"

SERVING: Final = frozenset({BEAT, "alerts", "clock", "disk", "hurry"})
"""
Who works in a process that only answers requests: it sends, so it must be known to live, and it
hears what clients wait for, and takes no tasks when the disk is nearly full, of which it tells.
"""

NODES_KEPT: Final = 1 * DAY

Step = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Worker:
    """A step, and how many seconds to rest when it found nothing to do."""

    step: Step
    rest: float
    wakes: bool = False  # a changed task ends the rest


def crew(
    gateway: Gateway, tracker: Tracker, courier: Courier, alive: Alive, mail: Mail | None = None
) -> Mapping[str, Worker]:
    """Everybody who works in a process."""
    return {
        BEAT: Worker(partial(beat, gateway), rest=2),
        "clock": Worker(partial(set_clock, gateway), rest=60),
        "clear up": Worker(partial(clear_up, gateway, alive), rest=2),
        "queue": Worker(partial(queue, gateway), rest=0.5, wakes=True),
        "expire": Worker(partial(expire, gateway), rest=1),
        "windows": Worker(partial(window.expire, gateway), rest=1),
        "probe": Worker(partial(probe, gateway), rest=1),
        "barred": Worker(partial(cancel_barred, gateway), rest=2),
        "leave": Worker(partial(leave, gateway), rest=5),
        "erase": Worker(partial(erase, gateway), rest=5),
        "hurry": Worker(partial(hurry, gateway), rest=0.25),
        "track": Worker(tracker.step, rest=0.2),
        "notify": Worker(courier.step, rest=0.25, wakes=True),
        "sweep": Worker(partial(sweep, gateway), rest=600),
        "forget": Worker(partial(_forget, gateway), rest=600),
        "alerts": Worker(partial(watch, gateway, mail), rest=15),
    }


def keepers(gateway: Gateway, archivist: Archivist) -> Mapping[str, Worker]:
    """Those who look after what is kept."""
    return {
        "archive": Worker(archivist.step, rest=0.25, wakes=True),
        "tally": Worker(partial(fold, gateway), rest=0.5),
        "disk": Worker(partial(measure, gateway), rest=2),
        "purge": Worker(partial(purge, gateway), rest=60),
        "prune": Worker(partial(prune, gateway), rest=60),
    }


async def repeat(worker: Worker, name: str, stop: asyncio.Event, wake: asyncio.Event) -> None:
    """Run the step while it finds work, rest when it finds none, leave when `stop` is set."""
    while not stop.is_set():
        wake.clear()
        try:
            if await worker.step():
                await asyncio.sleep(0)
                continue
        except Exception:
            log.exception("a worker failed", extra={"worker": name})
        await asyncio.sleep(BREATH)
        with suppress(TimeoutError):
            async with asyncio.timeout(worker.rest - BREATH):
                await wake.wait()


@asynccontextmanager
async def working(
    gateway: Gateway,
    alive: Alive,
    *,
    only: frozenset[str] | None = None,
    stop: asyncio.Event | None = None,
    mail: Mail | None = None,
) -> AsyncGenerator[Tracker]:
    """
    Work in the background for as long as the block lasts; then stop claiming and drain.

    `only` names the workers of a process that leaves the rest to others; `stop` ends the claiming
    before the block does. Beats go on until the last answer is in.
    """
    tracker, courier = Tracker(gateway), Courier(gateway)
    stop, gone = stop or asyncio.Event(), asyncio.Event()
    archivist = Archivist(gateway)
    everybody = {**crew(gateway, tracker, courier, alive, mail), **keepers(gateway, archivist)}
    workers = {name: each for name, each in everybody.items() if only is None or name in only}
    wakes = {name: asyncio.Event() for name in workers}
    tasks = {
        name: asyncio.create_task(repeat(worker, name, gone if name == BEAT else stop, wakes[name]))
        for name, worker in workers.items()
    }

    def woken(_: int = 0) -> None:
        for name, worker in workers.items():
            if worker.wakes:
                wakes[name].set()

    def lost() -> None:
        gateway.forget()
        woken()

    try:
        with gateway.store.changes.heard_by(woken, lost=lost):
            yield tracker
    finally:
        beating = tasks.pop(BEAT)
        await _over(stop, wakes, tasks.values())
        await archivist.close()
        await tracker.close()
        await courier.close()
        await gateway.senders.drain(DRAIN)
        await abandon(gateway)
        await _over(gone, wakes, [beating])


async def _over(
    stop: asyncio.Event, wakes: Mapping[str, asyncio.Event], tasks: Iterable[asyncio.Task[None]]
) -> None:
    """Have these workers end after the step that they are at."""
    stop.set()
    for wake in wakes.values():
        wake.set()
    await asyncio.gather(*tasks)


async def _forget(gateway: Gateway) -> bool:
    """Drop what is too old to matter: idempotency keys, nodes of days gone by, logins."""
    now = gateway.clock.now()
    await gateway.store.write(idempotency.forget_before, now - gateway.timing.idempotency)
    await gateway.store.write(nodes.forget_before, now - NODES_KEPT)
    await gateway.store.write(forget_logins, now)
    return False
