"""Clients that do not wait: what was begun goes on without them."""

import asyncio

from mjgate.domain.task import State
from tests.rig import RICH, MakeRig, Rig
from tests.web.held import Held, holding
from tests.web.shape import FOX, IMAGINE


async def leave(rig: Rig, held: Held, **headers: str) -> None:
    """Submit, and go when the channel has it but has not answered yet."""
    headers = {"mj-api-secret": rig.alice.key, **headers}
    asking = asyncio.create_task(rig.client.post(IMAGINE, json=FOX, headers=headers))
    await held.arrived.wait()
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled()


async def the_only_task(rig: Rig) -> str:
    (row,) = await rig.gateway.store.reader.rows("SELECT id FROM tasks")
    return str(row["id"])


async def test_a_client_that_goes_in_the_middle_of_a_submit_does_not_take_it_along(
    make_rig: MakeRig,
) -> None:
    async with holding() as held:
        rig = await make_rig(upstream_url=held.url)
        await leave(rig, held)

        held.answer.set()
        await rig.gateway.senders.settle()

    task = await rig.task(await the_only_task(rig))
    assert (task.state, task.upstream_id) == (State.SUBMITTED, "job-1")
    assert held.server.connections == 1
    assert await rig.balance() == (RICH - 50_000, 50_000, 0)
    assert await rig.books() == ()


async def test_a_repeat_of_a_submit_that_was_left_names_its_task(make_rig: MakeRig) -> None:
    async with holding() as held:
        rig = await make_rig(upstream_url=held.url)
        await leave(rig, held, **{"Idempotency-Key": "once"})
        held.answer.set()
        await rig.gateway.senders.settle()

        headers = {"mj-api-secret": rig.alice.key, "Idempotency-Key": "once"}
        answer = await rig.client.post(IMAGINE, json=FOX, headers=headers)

    assert answer.json()["result"] == await the_only_task(rig)
    assert answer.headers["idempotent-replayed"] == "true"
    assert held.server.connections == 1
