"""
Nodes: every process leaves beats; what a dead one left open is closed by the living.

A dead sender's task becomes UNKNOWN: nobody may send it again.
"""

import logging
from collections.abc import Callable
from typing import Final

from mjgate.domain.clock import SECOND
from mjgate.domain.timing import SEND_GRACE, SEND_LIMIT
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.settings import in_force
from mjgate.lifecycle.verdict import unknown_in
from mjgate.store import attempts, nodes

log = logging.getLogger(__name__)

BEAT: Final = 2 * SECOND

Alive = Callable[[str], bool | None]
"""Whether a node's process lives; None when only its beats can tell."""


async def join(gateway: Gateway, name: str) -> None:
    """Take a place among the nodes; after a time without any, deadlines wait."""
    now = gateway.clock.now()
    last, back_at = await nodes.last_heard_of(gateway.store.reader)
    back_at = gateway.absence.beat(now, last=last, back_at=back_at)
    await gateway.store.write(nodes.join, gateway.node, name, now, back_at)


async def leave(gateway: Gateway) -> None:
    """Say goodbye, so that nobody has to wait for our beats to stop."""
    await gateway.store.write(nodes.leave, gateway.node, gateway.clock.now())


async def beat(gateway: Gateway) -> bool:
    """Leave a beat, and notice if it comes late."""
    now = gateway.clock.now()
    await gateway.store.write(nodes.beat, gateway.node, now, gateway.absence.ended(now))
    gateway.absence.beat(now)  # one that could not be written is none
    return False


async def clear_up(gateway: Gateway, alive: Alive) -> bool:
    """Close what dead nodes left open. True if there was something."""
    now = gateway.clock.now()
    lease = (await in_force(gateway)).node_lease * SECOND
    for node, last in (await nodes.present(gateway.store.reader)).items():
        lives = alive(node)
        if node != gateway.node and (lives is False or (lives is None and now - last > lease)):
            log.warning("a node is gone", extra={"node": node})
            await gateway.store.write(nodes.leave, node, now)
    gone = await nodes.gone_with_open_attempts(gateway.store.reader)
    stuck = await attempts.stuck(gateway.store.reader, gone, now - SEND_LIMIT - SEND_GRACE)
    for attempt in stuck:
        await gateway.store.write(
            unknown_in, attempt, actor="sweeper", now=now, why="its sender is gone"
        )
    return bool(stuck)


async def abandon(gateway: Gateway) -> None:
    """We end: what we were still sending is UNKNOWN from now on, and looked for by others."""
    now = gateway.clock.now()
    for attempt in await attempts.stuck(gateway.store.reader, [gateway.node], 0):
        await gateway.store.write_surely(
            unknown_in, attempt, actor="sender", now=now, why="its sender was told to stop"
        )


async def set_clock(gateway: Gateway) -> bool:
    """Ask the database for the time, which is everybody's."""
    before = gateway.store.offset
    after = await gateway.store.measure_offset()
    if abs(after - before) > SECOND:
        log.warning("the clock of this machine was moved", extra={"by": before - after})
    return False
