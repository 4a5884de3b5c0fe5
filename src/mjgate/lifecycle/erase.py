"""Forgetting a deleted user: his prompts, pictures and hooks, in parts that hold nobody up."""

from typing import Final

from mjgate.lifecycle import Gateway
from mjgate.store import erasing

BATCH: Final = 200


async def erase(gateway: Gateway) -> bool:
    """Take away a part of what a deleted user left; whether there may be more."""
    store = gateway.store
    user_id = await erasing.next_user(store.reader)
    if user_id is None:
        return False
    found = await erasing.tasks_left(store.reader, user_id, BATCH)
    if found:
        await store.write(erasing.blank, found, gateway.clock.now())
    else:
        await store.write(erasing.done, user_id, gateway.clock.now())
    return True
