import asyncio

import pytest

from mjgate.domain.errors import Overloaded
from mjgate.web.bodies import SMALL, Room


def test_what_was_refused_takes_no_room() -> None:
    room = Room(10)

    with room.share() as share:
        share.take(6)
        with pytest.raises(Overloaded):
            share.take(6)

    with room.share() as share:
        share.take(10)
        assert share.taken == 10


async def test_who_finds_no_room_waits_for_his_turn_and_small_ones_pass() -> None:
    room, order = Room(4 * SMALL, patience=60), list[str]()

    async def come(name: str, size: int, leave: asyncio.Event) -> None:
        with room.share() as share:
            await share.wait(size)
            order.append(name)
            await leave.wait()

    async with asyncio.TaskGroup() as group:
        one, rest = asyncio.Event(), asyncio.Event()
        group.create_task(come("one", 3 * SMALL, one))
        for name, size in (("two", 4 * SMALL), ("three", 2 * SMALL), ("small", SMALL)):
            group.create_task(come(name, size, rest))
        await asyncio.sleep(0)
        before = tuple(order)
        one.set()
        rest.set()

    assert before == ("one", "small")
    assert order[2:] == ["two", "three"]


async def test_who_waits_too_long_or_leaves_has_taken_nothing() -> None:
    room = Room(2 * SMALL, patience=0.01)

    with room.share() as share, room.share() as late, room.share() as gone:
        await share.wait(2 * SMALL)
        with pytest.raises(Overloaded):
            await late.wait(2 * SMALL)
        leaving = asyncio.create_task(gone.wait(2 * SMALL))
        await asyncio.sleep(0)
        leaving.cancel()
    await asyncio.wait({leaving})

    with room.share() as again:
        again.take(2 * SMALL)


async def test_who_leaves_as_his_turn_comes_gives_it_back() -> None:
    room = Room(2 * SMALL, patience=60)

    with room.share() as share:
        share.take(2 * SMALL)
        leaving = asyncio.create_task(room.wait(2 * SMALL))
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving})

    room.take(2 * SMALL)
