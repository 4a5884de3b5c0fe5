import asyncio
from collections.abc import Iterator

import pytest

from mjgate.domain.errors import Overloaded
from mjgate.web.bodies import RESERVE, SMALL, Room

LARGE = 2 * SMALL
MOST = 4 * LARGE


@pytest.fixture
def room() -> Iterator[Room]:
    """Room for three large bodies and the part that is kept for small ones; whole at the end."""
    reserve = MOST // (RESERVE - 1)
    made = Room(MOST + reserve, patience=60)
    yield made
    made.take(MOST, of=MOST)
    made.take(reserve, of=SMALL)


def test_what_was_refused_takes_no_room(room: Room) -> None:
    with room.share() as share:
        share.take(LARGE)
        with pytest.raises(Overloaded):
            share.take(MOST)

    with room.share() as share:
        share.take(MOST)
        assert share.taken == MOST


async def test_promises_of_large_bodies_leave_room_for_small_ones(room: Room) -> None:
    with room.share() as large, room.share() as grows, room.share() as small:
        await large.wait(MOST)

        await small.wait(SMALL // 4)
        grows.take(SMALL // 4)
        with pytest.raises(Overloaded):
            grows.take(SMALL)


async def test_who_finds_no_room_waits_for_his_turn_and_small_ones_pass(room: Room) -> None:
    order = list[str]()

    async def come(name: str, size: int, leave: asyncio.Event) -> None:
        with room.share() as share:
            await share.wait(size)
            order.append(name)
            await leave.wait()

    async with asyncio.TaskGroup() as group:
        one, rest = asyncio.Event(), asyncio.Event()
        group.create_task(come("one", MOST - LARGE, one))
        for name, size in (("two", MOST), ("three", LARGE), ("small", SMALL)):
            group.create_task(come(name, size, rest))
        await asyncio.sleep(0)
        before = tuple(order)
        one.set()
        rest.set()

    assert before == ("one", "small")
    assert order[2:] == ["two", "three"]


async def test_who_waits_too_long_or_leaves_has_taken_nothing() -> None:
    room = Room(2 * MOST, patience=0.01)

    with room.share() as share, room.share() as late, room.share() as gone:
        await share.wait(MOST)
        with pytest.raises(Overloaded):
            await late.wait(MOST)
        leaving = asyncio.create_task(gone.wait(MOST))
        await asyncio.sleep(0)
        leaving.cancel()
    await asyncio.wait({leaving})

    with room.share() as again:
        again.take(MOST)


async def test_who_leaves_as_his_turn_comes_gives_it_back(room: Room) -> None:
    with room.share() as share:
        share.take(MOST)
        leaving = asyncio.create_task(room.wait(MOST))
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving})
