"""A new master key: every secret is written anew with it; old keys still verify."""

from collections.abc import Mapping

from mjgate.domain.clock import SECOND
from mjgate.manage import Desk, Prevented
from mjgate.store import nodes, secrets
from mjgate.store.database import Transaction

ALIVE = 30 * SECOND
"""A process whose last beat is younger may run; it would not know the new key."""


async def rotate(desk: Desk) -> Mapping[str, int]:
    """
    Encrypt every secret with the key that is current at this desk; how many of each there were.

    Prevented while a gateway runs on the data.
    """
    await refuse_running(desk)
    return await desk.store.write(_rotate, desk)


async def refuse_running(desk: Desk) -> None:
    """Nobody may be at work with the old key. Prevented."""
    since = desk.clock.now() - ALIVE
    if any(beat > since for beat in (await nodes.present(desk.store.reader)).values()):
        raise Prevented("A gateway runs on this data; stop every one of them first.")


async def _rotate(tx: Transaction, desk: Desk) -> Mapping[str, int]:
    await tx.lock_all()
    keys, now = desk.keys, desk.clock.now()

    def anew(purpose: str, sealed: str) -> str:
        return keys.encrypt(purpose, keys.decrypt(purpose, sealed))

    counts = await secrets.encrypt_anew(tx, anew, keys.current.id)
    await secrets.replace_master(tx, keys.current.id, keys.check_value(), now)
    await desk.audit(tx, "master key rotated", f"master key {keys.current.id}", after=dict(counts))
    return counts
