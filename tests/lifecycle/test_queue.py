"""The queue: who waits, in which order they go on, and who is passed over."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from mjgate.domain.action import Mode
from mjgate.domain.errors import QueueFull
from mjgate.domain.lane import Lane
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State, Task
from mjgate.lifecycle.finish import fail
from mjgate.lifecycle.place import ahead_of
from mjgate.lifecycle.queue import assigned
from mjgate.store import lanes, tokens
from mjgate.store.database import Transaction
from mjgate.store.moves import create
from mjgate.store.tasks import mint
from tests.lifecycle.conftest import Bench
from tests.lifecycle.hands import a_draft, accept, caller_of, fresh, hand_on
from tests.rig import Person, Rig, a_channel, a_key, a_person


async def set_limit(bench: Bench, what: str, limit: int | None, *, of: int) -> None:
    """Let a row of users, tokens or groups, or a channel's modes, run so many at a time."""

    async def write(tx: Transaction) -> None:
        match what:
            case "user":
                sql = "UPDATE users SET max_running = :limit WHERE id = :id"
            case "key":
                sql = "UPDATE tokens SET max_running = :limit WHERE id = :id"
            case "group":
                sql = "UPDATE groups SET max_running = :limit WHERE id = :id"
            case _:
                sql = "UPDATE channel_modes SET max_running = :limit WHERE channel_id = :id"
        await tx.run(sql, limit=limit, id=of)

    await bench.gateway.store.write(write)


async def submits(bench: Bench, *people: Person) -> list[Task]:
    """One after the other, a millisecond apart."""
    made: list[Task] = []
    for person in people:
        bench.clock.pass_by(1)
        made.append(await accept(bench.gateway, person, price=0))
    return made


async def ended(bench: Bench, *tasks: Task) -> None:
    for task in tasks:
        await fail(bench.gateway, task, FailReason.ADMIN, actor="admin")


async def served(bench: Bench, running: Task, times: int) -> list[Task]:
    """Who gets the one slot, again and again."""
    order: list[Task] = []
    for _ in range(times):
        await ended(bench, running)
        (running,) = await hand_on(bench.gateway)
        order.append(running)
    return order


async def places(bench: Bench, tasks: Sequence[Task]) -> list[int]:
    return [
        await lanes.ahead(bench.gateway.store.reader, await fresh(bench.gateway, task))
        for task in tasks
    ]


async def pinned(bench: Bench, person: Person) -> Task:
    """A follow-up that waits for the channel of its parent."""
    bench.clock.pass_by(1)
    caller = await caller_of(bench.gateway, person)
    keys = await bench.gateway.store.reader.rows("SELECT id FROM credentials")
    draft = a_draft(bench.gateway, caller, 0)._replace(
        id=mint(bench.clock.now()),
        pinned=True,
        channel_id=bench.channel_id,
        credential_id=keys[0]["id"],
        lane=Lane(Mode.FAST, channel_id=bench.channel_id).name,
    )

    async def wait(tx: Transaction) -> Task:
        turn, _ = await lanes.turn_in(tx, draft.lane, draft.user_id)
        return await create(tx, draft._replace(turn=turn), actor="user", now=bench.clock.now())

    return await bench.gateway.store.write(wait)


async def test_of_ten_submits_three_run_and_seven_wait_in_order(bench: Bench) -> None:
    await set_limit(bench, "channel", 3, of=bench.channel_id)

    tasks = await submits(bench, *10 * [bench.alice])
    before = await places(bench, tasks[3:])
    await ended(bench, tasks[1])
    handed = await hand_on(bench.gateway)

    assert [task.state for task in tasks] == 3 * [State.SENDING] + 7 * [State.QUEUED]
    assert before == [0, 1, 2, 3, 4, 5, 6]
    assert [task.id for task in handed] == [tasks[3].id]
    assert await places(bench, tasks[4:]) == [0, 1, 2, 3, 4, 5]
    assert await bench.books() == ()


async def test_two_users_alternate_though_one_came_first_with_many(bench: Bench) -> None:
    await set_limit(bench, "channel", 1, of=bench.channel_id)
    bob = await a_person(bench.gateway, "bob")
    first, *hers = await submits(bench, *5 * [bench.alice])
    his = await submits(bench, bob, bob)

    positions = await places(bench, [*hers, *his])
    order = await served(bench, first, 6)

    assert positions == [0, 2, 4, 5, 1, 3]
    assert [task.user_id == bob.user_id for task in order] == [False, True] * 2 + [False] * 2
    assert [task.id for task in order if task.user_id != bob.user_id] == [each.id for each in hers]


async def test_who_comes_again_and_again_does_not_pass_those_who_wait(bench: Bench) -> None:
    await set_limit(bench, "channel", 1, of=bench.channel_id)
    bob = await a_person(bench.gateway, "bob")
    running, *hers = await submits(bench, *4 * [bench.alice])

    order: list[int] = []
    for _ in range(6):
        await submits(bench, bob)
        (running,) = await served(bench, running, 1)
        order.append(running.user_id)

    assert [user_id == bob.user_id for user_id in order] == [False, True] * 3
    assert len(hers) == 3


async def test_who_is_at_a_limit_is_passed_over_and_keeps_his_place(bench: Bench) -> None:
    bob = await a_person(bench.gateway, "bob")
    other_key = await another_key(bench)
    await set_limit(bench, "key", 1, of=bench.alice.token_id)
    await set_limit(bench, "channel", 2, of=bench.channel_id)

    first, second, third = await submits(bench, *3 * [bench.alice])
    his, by_other_key, late = await submits(bench, bob, other_key, bob)
    await ended(bench, his)
    after_his = await hand_on(bench.gateway)
    await ended(bench, *after_his)
    by_her_other_key = await hand_on(bench.gateway)
    await ended(bench, first)
    after_first = await hand_on(bench.gateway)

    assert [task.state for task in (first, second, third)] == [State.SENDING, *2 * [State.QUEUED]]
    assert [task.state for task in (his, by_other_key, late)] == [
        State.SENDING,
        State.QUEUED,
        State.QUEUED,
    ]
    assert [task.id for task in after_his] == [late.id]
    assert [task.id for task in by_her_other_key] == [by_other_key.id]
    assert [task.id for task in after_first] == [second.id]
    assert await bench.books() == ()


async def test_a_full_group_waits_and_others_go_on(bench: Bench) -> None:
    reader = bench.gateway.store.reader
    bob = await a_person(bench.gateway, "bob")
    await move_to_group(bench, bob, "vip")
    rows = await reader.rows("SELECT id, name FROM groups ORDER BY name")
    groups = {row["name"]: row["id"] for row in rows}
    await set_limit(bench, "group", 2, of=groups["default"])

    running, _, waiting = await submits(bench, *3 * [bench.alice])
    (his,) = await submits(bench, bob)
    nobody = await hand_on(bench.gateway)
    await ended(bench, running)
    handed = await hand_on(bench.gateway)

    assert (waiting.state, his.state) == (State.QUEUED, State.SENDING)
    assert nobody == []
    assert [task.id for task in handed] == [waiting.id]
    assert await bench.books() == ()


async def test_a_user_at_his_limit_waits_with_all_his_keys(bench: Bench) -> None:
    other_key = await another_key(bench)
    await set_limit(bench, "user", 1, of=bench.alice.user_id)

    first, second = await submits(bench, bench.alice, other_key)
    nobody = await hand_on(bench.gateway)
    await ended(bench, first)
    (handed,) = await hand_on(bench.gateway)

    assert (first.state, second.state, nobody) == (State.SENDING, State.QUEUED, [])
    assert handed.id == second.id


async def test_a_key_that_rejects_is_refused_instead_of_waiting(bench: Bench) -> None:
    impatient = await a_person(bench.gateway, "impatient", on_limit="reject", max_running=1)
    await set_limit(bench, "user", 2, of=bench.alice.user_id)
    await submits(bench, *4 * [bench.alice])

    (taken,) = await submits(bench, impatient)  # those who wait are at a limit of their own
    refused = await refusals(bench, impatient)

    assert taken.state is State.SENDING
    assert refused == 1


async def test_over_the_caps_of_user_and_channels_a_submit_is_refused(bench: Bench) -> None:
    bob = await a_person(bench.gateway, "bob")

    async def cap(tx: Transaction) -> None:
        await tx.run("UPDATE users SET max_waiting = 2 WHERE id = :id", id=bench.alice.user_id)
        await tx.run("UPDATE channel_modes SET max_running = 1, max_waiting = 3")

    await bench.gateway.store.write(cap)
    bench.clock.pass_by(1_001)

    await submits(bench, *3 * [bench.alice])
    by_user = await refusals(bench, bench.alice)
    await submits(bench, bob)
    by_channels = await refusals(bench, bob)

    assert (by_user, by_channels) == (1, 1)
    assert await bench.books() == ()


async def test_the_cap_of_a_user_holds_when_his_submits_come_at_once(rig: Rig) -> None:
    async def cap(tx: Transaction) -> None:
        await tx.run("UPDATE users SET max_waiting = 4 WHERE id = :id", id=rig.alice.user_id)
        await tx.run("UPDATE channel_modes SET max_running = 0")

    await rig.gateway.store.write(cap)

    told = await asyncio.gather(
        *(rig.post("/mj/submit/imagine", {"prompt": "a fox"}) for _ in range(24))
    )

    assert Counter(each.json()["code"] for each in told) == {1: 4, 23: 20}
    assert await rig.books() == ()


async def test_pinned_and_general_lanes_alternate(bench: Bench) -> None:
    await set_limit(bench, "channel", 1, of=bench.channel_id)
    running, *_ = await submits(bench, *4 * [bench.alice])
    for _ in range(3):
        await pinned(bench, bench.alice)

    order = await served(bench, running, 6)

    kinds = [task.pinned for task in order]
    assert kinds in ([True, False] * 3, [False, True] * 3)


async def test_submits_of_a_channel_keep_their_distance(bench: Bench) -> None:
    async def space(tx: Transaction) -> None:
        await tx.run("UPDATE channel_modes SET submit_gap = 3000")

    await bench.gateway.store.write(space)

    first, second, third = await submits(bench, *3 * [bench.alice])
    too_soon = await hand_on(bench.gateway)
    bench.clock.pass_by(3_000)
    handed = await hand_on(bench.gateway) + await hand_on(bench.gateway)

    assert [task.state for task in (first, second, third)] == [
        State.SENDING,
        State.QUEUED,
        State.QUEUED,
    ]
    assert too_soon == []
    assert [task.id for task in handed] == [second.id]


async def test_the_event_says_which_channel_was_chosen_and_who_was_passed_over(
    bench: Bench,
) -> None:
    spare = await a_channel(bench.gateway, "spare", "http://spare.test", priority=-1)
    await set_limit(bench, "channel", 0, of=bench.channel_id)
    bench.clock.pass_by(1_001)

    (task,) = await submits(bench, bench.alice)

    row = await bench.gateway.store.reader.row(
        "SELECT data FROM events WHERE task_id = :id AND kind = 'SENDING'", id=task.id
    )
    assert row is not None
    assert json.loads(row["data"]) == {
        "price": 0,
        "strategy": "least_loaded",
        "tier": -1,
        "ready": [spare],
        "passed": {str(bench.channel_id): "full"},
    }


async def refusals(bench: Bench, person: Person) -> int:
    """Whether a submit is refused for want of room: 1 or 0."""
    try:
        await submits(bench, person)
    except QueueFull:
        return 1
    return 0


async def another_key(bench: Bench) -> Person:
    """A second key of Alice's."""
    secret = uuid.uuid4().hex
    now = bench.clock.now()
    values = a_key(bench.alice.user_id, secret, now)
    token_id = await bench.gateway.store.write(tokens.add, values)
    return replace(bench.alice, token_id=token_id, key=f"sk-{secret}")


async def move_to_group(bench: Bench, person: Person, name: str) -> None:
    async def move(tx: Transaction) -> None:
        row = await tx.row(
            "INSERT INTO groups (name, created_at) VALUES (:name, 0) RETURNING id", name=name
        )
        assert row is not None
        await tx.run(
            "UPDATE users SET group_id = :group_id WHERE id = :id",
            group_id=row["id"],
            id=person.user_id,
        )

    await bench.gateway.store.write(move)


async def test_the_ledgers_check_counts_the_slots_of_limited_groups(bench: Bench) -> None:
    async def miscount(tx: Transaction) -> None:
        await tx.run("UPDATE groups SET max_running = 5, running = 3")

    await submits(bench, bench.alice)
    await bench.gateway.store.write(miscount)

    (broken,) = await bench.books()

    assert broken.endswith("counts 3 running tasks, has 1")


async def test_heads_that_cannot_start_hide_nobody_behind_them(bench: Bench) -> None:
    bob = await a_person(bench.gateway, "bob")
    films = await a_channel(bench.gateway, "films", "http://films.test")

    async def divide(tx: Transaction) -> None:
        await tx.run("UPDATE channel_modes SET max_running = 0")
        await tx.run("UPDATE channels SET actions = 'IMAGINE' WHERE id <> :id", id=films)
        await tx.run("UPDATE channels SET actions = 'VIDEO' WHERE id = :id", id=films)

    async def wants_a_film(tx: Transaction) -> None:
        await tx.run("UPDATE tasks SET action = 'VIDEO' WHERE id = :id", id=hers.id)

    await bench.gateway.store.write(divide)
    bench.clock.pass_by(1_001)
    hers, his = await submits(bench, bench.alice, bob)
    await bench.gateway.store.write(wants_a_film)
    await set_limit(bench, "channel", 1, of=bench.channel_id)

    handed = await assigned(bench.gateway, (1, 10))

    assert [each.task.id for each in handed] == [his.id]


async def test_a_place_is_counted_at_most_once_a_second(bench: Bench) -> None:
    await set_limit(bench, "channel", 1, of=bench.channel_id)
    running, _, last = await submits(bench, *3 * [bench.alice])

    first = await ahead_of(bench.gateway, last)
    await served(bench, running, 1)
    at_once = await ahead_of(bench.gateway, last)
    bench.clock.pass_by(1_001)

    assert (first, at_once, await ahead_of(bench.gateway, last)) == (1, 1, 0)
