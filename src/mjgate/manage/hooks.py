"""What the owner of webhooks does with them: tell again, hold back, and sign anew."""

import base64
import secrets
from typing import Final

from mjgate.domain.webhook import PREFIX, EventId
from mjgate.keys import Purpose
from mjgate.manage import Desk, NoSuch
from mjgate.store import accounts, deliveries, receivers
from mjgate.store.database import Transaction
from mjgate.store.receivers import Pause

_BYTES: Final = 24


def new_secret() -> str:
    """A fresh secret to sign with."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


async def replay(desk: Desk, user_id: int, event: str) -> None:
    """Deliver one event again. NoSuch."""
    known = EventId.read(event)
    if known is None or not await desk.store.write(_replay, desk, known, user_id):
        raise NoSuch("event", event)


async def replay_dead(desk: Desk, user_id: int, *, endpoint: str | None, since: int) -> int:
    """Deliver again whatever died; how many events that are."""
    return await desk.store.write(_replay_dead, desk, user_id, endpoint, since)


async def pause(desk: Desk, user_id: int, endpoint: str) -> None:
    """Send nothing more to a receiver; what comes for it waits."""
    await desk.store.write(_pause, desk, user_id, endpoint)


async def resume(desk: Desk, user_id: int, endpoint: str) -> int:
    """Send to it again; how many events had waited."""
    return await desk.store.write(_resume, desk, user_id, endpoint)


async def rotate_secret(desk: Desk, user_id: int) -> str:
    """
    A new secret for the user's events, told this once.

    The one before signs beside it until the next rotation, so that receivers can change over.
    """
    secret = new_secret()
    await desk.store.write(_rotate, desk, user_id, secret)
    return secret


async def _replay(tx: Transaction, desk: Desk, event: EventId, user_id: int) -> bool:
    there = await deliveries.replay(tx, event, user_id, desk.clock.now())
    if there:
        await desk.audit(tx, "event replayed", f"user {user_id}", after={"event": str(event)})
    return there


async def _replay_dead(
    tx: Transaction, desk: Desk, user_id: int, endpoint: str | None, since: int
) -> int:
    count = await deliveries.replay_dead(
        tx, user_id, endpoint=endpoint, since=since, now=desk.clock.now()
    )
    told = {"endpoint": endpoint, "since": since, "events": count}
    await desk.audit(tx, "dead events replayed", f"user {user_id}", after=told)
    return count


async def _pause(tx: Transaction, desk: Desk, user_id: int, endpoint: str) -> None:
    await receivers.pause(tx, user_id, endpoint, Pause.OWNER, desk.clock.now())
    await desk.audit(tx, "receiver paused", f"user {user_id}", after={"endpoint": endpoint})


async def _resume(tx: Transaction, desk: Desk, user_id: int, endpoint: str) -> int:
    waiting = await receivers.resume(tx, user_id, endpoint, desk.clock.now())
    await desk.audit(
        tx, "receiver resumed", f"user {user_id}", after={"endpoint": endpoint, "events": waiting}
    )
    return waiting


async def _rotate(tx: Transaction, desk: Desk, user_id: int, secret: str) -> None:
    sealed = await accounts.hook_secret(tx, user_id)
    before = desk.keys.decrypt(Purpose.WEBHOOK, sealed).split() if sealed else []
    both = " ".join([secret, *before[:1]])
    await accounts.set_hook_secret(tx, user_id, desk.keys.encrypt(Purpose.WEBHOOK, both))
    await desk.audit(tx, "webhook secret rotated", f"user {user_id}")
