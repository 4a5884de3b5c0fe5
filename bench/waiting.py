"""
How the queue bears many who wait: a step of the scheduler, a place in the queue, the handing on.

Each figure is taken with a thousand waiting and again with all of them, in the same run and on the
same engine; the ratio says what the crowd costs. Nothing is sent: the upstream has no part in it.
"""

import argparse
import asyncio
import random
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import uvloop
from bench.world import databases

from mjgate.domain.action import Mode
from mjgate.domain.lane import Lane
from mjgate.domain.task import State, Task
from mjgate.domain.timing import Timing
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.queue import Handed, assigned, note_turns, start_in
from mjgate.lifecycle.routing import attempt_at
from mjgate.lifecycle.work import Request, encode
from mjgate.store import lanes, tokens
from mjgate.store.columns import INSERT, columns
from mjgate.store.database import Transaction
from tests.rig import HandClock, Person, a_channel, a_gateway, a_key, a_person
from tests.tasks import a_task

FEW = 1_000
USERS = 1_000
CHANNELS = 20
SLOTS = 50
GENERAL = "default FAST MID_JOURNEY"
REQUEST = encode(Request(path="submit/imagine", prompt="a fox", group="default"))


@dataclass
class Crowd:
    """A gateway with everybody who waits there."""

    gateway: Gateway
    clock: HandClock
    people: Sequence[Person]
    channels: Sequence[int]
    waiting: list[Task]


async def crowd(stack: AsyncExitStack, url: str, folder: Path, total: int) -> Crowd:
    """Make the users and the channels, and let `total` tasks wait: a fifth of them pinned."""
    clock = HandClock()
    gateway = await a_gateway(stack, url, folder, clock, Timing())
    first = await a_person(gateway, "user 0")
    people = [first, *await gateway.store.write(others, USERS - 1, clock.now())]
    channels = [
        await a_channel(gateway, f"channel {n}", "http://upstream.test", max_running=SLOTS)
        for n in range(CHANNELS)
    ]
    keys = {
        row["channel_id"]: row["id"]
        for row in await gateway.store.reader.rows("SELECT id, channel_id FROM credentials")
    }
    rows = await gateway.store.reader.rows("SELECT group_id FROM users LIMIT 1")
    waiting = [
        waits(n, people[n % USERS], channels, keys, rows[0]["group_id"], clock.now())
        for n in range(total)
    ]
    for start in range(0, total, 5_000):
        part = [columns(task) for task in waiting[start : start + 5_000]]
        await gateway.store.write(insert, part)
    return Crowd(gateway, clock, people, channels, waiting)


def waits(
    n: int, who: Person, channels: Sequence[int], keys: dict[int, int], group_id: int, now: int
) -> Task:
    """The nth task that waits: every fifth user waits for one channel only."""
    pinned = channels[n % CHANNELS] if n % 5 == 0 else None
    lane = GENERAL if pinned is None else Lane(Mode.FAST, channel_id=pinned).name
    return a_task(
        id=now * 1_000 + n,
        job_uuid=str(uuid.uuid4()),
        user_id=who.user_id,
        token_id=who.token_id,
        group_id=group_id,
        price=0,
        request=REQUEST,
        state=State.QUEUED,
        channel_id=pinned,
        credential_id=None if pinned is None else keys[pinned],
        pinned=pinned is not None,
        lane=lane,
        turn=n // USERS,
    )


async def others(tx: Transaction, number: int, now: int) -> list[Person]:
    """More users, each with a key."""
    made: list[Person] = []
    for n in range(1, number + 1):
        name = f"user {n}"
        row = await tx.row(
            """
            INSERT INTO users (username, role, group_id, access_hash, access_tail, created_at)
            SELECT :name, 'user', group_id, :name, '', :now FROM users LIMIT 1 RETURNING id
            """,
            name=name,
            now=now,
        )
        assert row is not None
        token_id = await tokens.add(tx, a_key(row["id"], name, now))
        made.append(Person(row["id"], token_id, name))
    return made


async def insert(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    await tx.many(INSERT, rows)


async def timed(times: int, work: Callable[[], Awaitable[object]]) -> float:
    """The median of so many times, in milliseconds."""
    took: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1_000)
    return median(took)


async def open_slots(made: Crowd, number: int) -> None:
    """Let each channel have so many free slots."""

    async def write(tx: Transaction) -> None:
        await tx.run("UPDATE channel_modes SET max_running = running + :n", n=number)

    await made.gateway.store.write(write)
    made.clock.pass_by(1_001)


async def start(gateway: Gateway, handed: Handed) -> Task | None:
    attempt = attempt_at(gateway, handed.task, 1, handed.route)
    now = gateway.clock.now()
    return await gateway.store.write(start_in, handed.task.id, attempt, now=now)


async def hand_on(made: Crowd) -> float:
    """Hand on until every slot is taken; tasks a second."""
    await open_slots(made, SLOTS)
    count, began = 0, time.perf_counter()
    while handed := await assigned(made.gateway):
        started = await asyncio.gather(*(start(made.gateway, each) for each in handed))
        gone = [task for task in started if task is not None]
        await note_turns(made.gateway, gone)
        count += len(gone)
    return count / (time.perf_counter() - began)


async def measure(engine: str, total: int) -> dict[str, float]:
    """Every figure, with so many waiting."""
    with tempfile.TemporaryDirectory() as folder, databases(engine) as url:
        async with AsyncExitStack() as stack:
            made = await crowd(stack, url, Path(folder), total)
            reader, pick = made.gateway.store.reader, random.Random(1)

            async def place() -> None:
                await lanes.ahead(reader, pick.choice(made.waiting))

            async def turn() -> None:
                await lanes.turn_in(reader, GENERAL, pick.choice(made.people).user_id)

            await open_slots(made, 0)
            full = await timed(20, lambda: assigned(made.gateway))
            await open_slots(made, 1)
            return {
                "a step, all slots taken (ms)": full,
                "a step, a slot free on each channel (ms)": await timed(
                    20, lambda: assigned(made.gateway)
                ),
                "a place in the queue (ms)": await timed(300, place),
                "the turn of a newcomer (ms)": await timed(300, turn),
                "handed on a second": await hand_on(made),
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=100_000)
    total = parser.parse_args().waiting
    print(f"{USERS:,} users, {CHANNELS} channels.\n")
    print(f"| engine | figure | {FEW:,} waiting | {total:,} waiting | ratio |")
    print("|---|---|--:|--:|--:|")
    for engine in ("sqlite", "postgresql"):
        few, many = (uvloop.run(measure(engine, each)) for each in (FEW, total))
        for name, before in few.items():
            ratio = many[name] / before
            print(f"| {engine} | {name} | {before:,.2f} | {many[name]:,.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
