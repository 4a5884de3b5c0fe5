"""Forgetting a deleted user: his prompts, pictures and hooks, in parts that hold nobody up."""

from typing import Final

from mjgate.lifecycle import Gateway
from mjgate.store import erasing

BATCH: Final = 200


async def erase(gateway: Gateway) -> bool:
    """
    Take away what a deleted user left, from his newest task on; whether there was somebody.

    Each part is a transaction of its own. Whoever is stopped in the middle begins anew next time.
    """
    store = gateway.store
    user_id = await erasing.next_user(store.reader)
    if user_id is None:
        return False
    below = erasing.NEWEST
    while found := await erasing.tasks_left(store.reader, user_id, below=below, most=BATCH):
        await store.write(erasing.blank, found, gateway.clock.now())
        below = found[-1]
    await store.write(erasing.done, user_id, gateway.clock.now())
    return True
