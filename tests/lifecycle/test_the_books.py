"""Any walk of any tasks: whatever comes, in whatever order and however often, the books balance."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mjgate.dialects import Accepted
from mjgate.domain.clock import HOUR, MINUTE, SECOND
from mjgate.domain.errors import NotSent, Refused, Rejected, Unanswered
from mjgate.domain.reasons import FailReason, Verdict
from mjgate.domain.task import State, Status, Task
from mjgate.domain.timing import Timing
from mjgate.lifecycle import Gateway, queue, window
from mjgate.lifecycle.cancel import _end, cancel
from mjgate.lifecycle.dispatch import _elsewhere, _Tour
from mjgate.lifecycle.finish import fail, succeed
from mjgate.lifecycle.look import Look, apply
from mjgate.lifecycle.nodes import clear_up
from mjgate.lifecycle.refused import refused
from mjgate.lifecycle.rescue import _deliver
from mjgate.lifecycle.routing import Route, line
from mjgate.lifecycle.verdict import Waiting, taken, unknown
from mjgate.store import attempts, channels, follow, ledger
from mjgate.store.columns import encode_result, from_row
from mjgate.store.database import Row, Transaction
from mjgate.store.moves import note_progress
from tests.domain.test_task_walk import ONWARDS
from tests.lifecycle import hands
from tests.lifecycle.hands import PICTURE, caller_of, confirmation, fresh, look_at, told
from tests.rig import HandClock, Person, a_channel, a_gateway, a_person

T = TypeVar("T")

BALANCE = 250_000


@dataclass(frozen=True)
class Wish:
    """What a client asks for."""

    kind: str
    who: int
    price: int
    hook: bool


ORDERS = st.builds(
    Wish,
    kind=st.sampled_from((*(4 * ("a picture",)), "a button that asks", "done here")),
    who=st.integers(0, 1),
    price=st.sampled_from((0, 25_000, 50_000, 100_000)),
    hook=st.booleans(),
)
PICKS = st.integers(0, 99)
HALF, LIKELY = 50, 85
MOST = 8
THERE = (State.SUBMITTED, State.RUNNING)
JOBS = st.one_of(st.none(), st.integers(0, 3))
TAKEN = Accepted(ids=())
Answer: TypeAlias = Accepted | Unanswered | NotSent | Rejected
ANSWERS: st.SearchStrategy[Answer] = st.sampled_from(
    (
        *(5 * (TAKEN,)),
        Accepted(ids=(), window=True, final_prompt="a fox"),
        Unanswered("cut"),
        NotSent("nobody there"),
        Rejected(Verdict.CONTENT, "not this"),
        Rejected(Verdict.BUSY, "full", retry_after=7),
        Rejected(Verdict.CREDENTIAL, "no money"),
    )
)
STATUSES = st.sampled_from((None, *Status, *(5 * (Status.IN_PROGRESS,)), *(3 * (Status.SUCCESS,))))
PAUSES = st.sampled_from(
    (*(4 * (0, 2 * SECOND, 10 * SECOND)), 80 * SECOND, 20 * MINUTE, 70 * MINUTE, 7 * HOUR)
)


@dataclass
class World:
    """One open database for all walks; each walk brings people of its own."""

    runner: asyncio.Runner
    gateway: Gateway
    clock: HandClock
    routes: list[Route] = field(default_factory=list[Route])
    walks: int = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open(self) -> None:
        for name, room in (("small", 1), ("large", 3)):
            url = f"http://{name}.test"
            channel_id = await a_channel(self.gateway, name, url, max_running=room)
            keys = await channels.present_credentials(self.gateway.store.reader)
            self.routes.append(Route(channel_id, keys[channel_id]))

    async def people(self) -> list[Person]:
        """Alice with an unlimited key; Bob with a limited one, and few tasks at a time."""
        self.walks += 1
        self.clock.pass_by(HOUR)
        await self.gateway.store.write(begin_anew)
        alice = await a_person(self.gateway, f"alice {self.walks}", quota=BALANCE)
        bob = await a_person(self.gateway, f"bob {self.walks}", quota=BALANCE)

        async def limit(tx: Transaction) -> None:
            await tx.run("UPDATE users SET max_running = 2 WHERE id = :id", id=bob.user_id)
            await tx.run(
                """
                UPDATE tokens SET limited = 1, granted = :some, balance = :some, max_running = 2
                WHERE id = :id
                """,
                some=BALANCE * 3 // 4,
                id=bob.token_id,
            )

        await self.gateway.store.write(limit)
        return [alice, bob]


async def begin_anew(tx: Transaction) -> None:
    """No task is left of the walk before; the ledger can only grow."""
    await tx.script(
        """
        DELETE FROM tasks; DELETE FROM jobs; DELETE FROM attempts; DELETE FROM follow;
        DELETE FROM timers; DELETE FROM events; DELETE FROM outbox; DELETE FROM tally_delta;
        UPDATE channel_modes SET running = 0, busy_until = 0;
        """
    )


class Books(RuleBasedStateMachine):
    """Two users, two channels with few slots, and everybody who may change a task."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.run = world.run
        self.clock = world.clock
        self.gateway = world.gateway
        self.routes = world.routes
        self.people = world.run(world.people())
        self.shown: dict[int, Task] = {}
        self.looks: list[Look] = []
        self.known = world.run(ledger.check(self.gateway.store.reader)).broken

    # What clients do

    @initialize(orders=st.lists(ORDERS, min_size=1, max_size=4))
    def begins(self, orders: list[Wish]) -> None:
        for wish in orders:
            self._made(self._asked(wish))

    @precondition(lambda self: len(self.shown) < MOST)
    @rule(wish=ORDERS)
    def asks(self, wish: Wish) -> None:
        self._made(self._asked(wish))

    @precondition(lambda self: self.shown)
    @rule(pick=PICKS, confirms=st.booleans(), stopped=st.booleans())
    def decides(self, pick: int, *, confirms: bool, stopped: bool) -> None:
        """A window is confirmed, or anything cancelled."""

        async def decided() -> None:
            task = await self._task(pick, State.WINDOW)
            if confirms or pick < HALF:
                caller = await caller_of(self.gateway, self._owner(task))
                await window.confirm(self.gateway, caller, confirmation(task))
            else:
                await self._cancelled(task, stopped=stopped)

        self._may_be_refused(decided())

    # What channels answer

    @precondition(lambda self: self.shown)
    @rule(pick=PICKS, answer=ANSWERS, job=JOBS, here=st.booleans())
    def is_answered(self, pick: int, answer: Answer, job: int | None, *, here: bool) -> None:
        """By the one who sends, or too late; perhaps with the job that another task has or had."""

        async def answered() -> None:
            task = await self._task(pick, State.SENDING, State.UNKNOWN)
            sent = await attempts.of_task(self.gateway.store.reader, task.id)
            waiting = client(here=here)
            if not sent or task.state in {State.QUEUED, State.WINDOW}:
                return
            match answer:
                case Accepted():
                    name = f"job of {task.id}" if job is None else f"job {job}"
                    accepted = replace(answer, ids=(name,))
                    await taken(self.gateway, task, accepted, waiting, by=sent[-1])
                case Unanswered():
                    await unknown(self.gateway, task, sent[-1], answer)
                case Rejected(verdict=Verdict.CONTENT):
                    await refused(self.gateway, task, sent[-1], answer, (), waiting)
                case _:
                    await _elsewhere(self.gateway, task, answer, _Tour(sent[-1]), waiting)

        self.run(answered())

    # What looks find

    @precondition(lambda self: self._there())
    @rule(
        pick=PICKS,
        status=STATUSES,
        progress=st.one_of(st.none(), st.integers(0, 100)),
        ago=PAUSES,
        picture=st.sampled_from((True, True, False)),
        again=st.one_of(st.none(), st.integers(0, 9)),
    )
    def is_looked_at(
        self,
        pick: int,
        status: Status | None,
        progress: int | None,
        ago: int,
        *,
        picture: bool,
        again: int | None,
    ) -> None:
        """What is found is applied at once; or what an earlier look has found, which is old."""
        there = self._there()
        task = there[pick % len(there)]
        report = told(task, status, progress)
        if not picture:
            report = replace(report, image_url=None)
        now = self.clock.now()
        self.looks.append(look_at(task, report, began=now, since=now - ago))
        self.run(self._applied(self.looks[-1 if again is None else again % len(self.looks)]))

    @precondition(lambda self: self._there())
    @rule(pick=PICKS, stopped=st.booleans(), progress=st.integers(0, 99), old=st.integers(0, 9))
    def several_act_at_once(self, pick: int, progress: int, old: int, *, stopped: bool) -> None:
        there = self._there()
        task = there[pick % len(there)]
        further = {task.id: (progress, encode_result(PICTURE))}
        work: list[Coroutine[Any, Any, object]] = [
            self.gateway.store.write(note_progress, further, now=self.clock.now()),
            hands.hand_on(self.gateway),
        ]
        if self.looks:
            work.append(self._applied(self.looks[old % len(self.looks)]))
        if pick < HALF:
            work.append(_end(self.gateway, task, confirmed=stopped))
            work.append(succeed(self.gateway, task, PICTURE, actor="look"))

        async def all_at_once() -> None:
            await asyncio.gather(*work)

        self.run(all_at_once())

    # What the gateway does by itself

    @rule(pause=PAUSES)
    def time_passes(self, pause: int) -> None:
        async def clear() -> None:
            await queue.expire(self.gateway)
            await window.expire(self.gateway)
            await clear_up(self.gateway, lambda _: None)
            await hands.hand_on(self.gateway)

        self.clock.pass_by(pause)
        self.run(clear())

    @precondition(lambda self: self.shown)
    @rule(pick=PICKS, ends=st.sampled_from(("late", "late", "lost", "by the operator")))
    def comes_to_another_end(self, pick: int, ends: str) -> None:
        async def ended() -> None:
            task = await self._task(pick, State.FAILURE if ends == "late" else State.UNKNOWN)
            match ends:
                case "late":
                    name = task.upstream_id or f"job of {task.id}"
                    await _deliver(self.gateway, task, name, PICTURE)
                case "lost":
                    orphan, lost = FailReason.ORPHAN, State.UNKNOWN
                    await fail(self.gateway, task, orphan, actor="adoption", still=lost)
                case _:
                    await fail(self.gateway, task, FailReason.ADMIN, actor="admin")

        self.run(ended())

    def teardown(self) -> None:
        """Whatever is left ends; then nobody holds anything, and every unit is accounted for."""

        async def end() -> None:
            for task in await self._all():
                await fail(self.gateway, task, FailReason.ADMIN, actor="admin")

        self.run(end())
        self.everything_is_in_order()
        for row in self.run(self._accounts()):
            assert (row["held"], row["running"]) == (0, 0)

    @invariant()
    def everything_is_in_order(self) -> None:
        self.run(self._in_order())

    async def _in_order(self) -> None:
        reader = self.gateway.store.reader
        assert (await ledger.check(reader)).broken == self.known
        for row in await self._accounts():
            assert row["granted"] == row["balance"] + row["held"] + row["spent"]
            assert min(row["balance"], row["held"], row["spent"], row["running"]) >= 0
        rows = Rows(
            await reader.rows(
                "SELECT task_id, kind FROM events WHERE task_id IN each(:ids)", ids=list(self.shown)
            ),
            await reader.rows(
                "SELECT task_id, kind FROM outbox WHERE task_id IN each(:ids)", ids=list(self.shown)
            ),
            await reader.rows(
                "SELECT task_id, outcome FROM attempts WHERE task_id IN each(:ids)",
                ids=list(self.shown),
            ),
            await reader.rows(
                "SELECT task_id, kind FROM follow WHERE task_id IN each(:ids)", ids=list(self.shown)
            ),
        )
        for task in await self._all():
            self._goes_on(task)
            rows.agree_with(task)

    def _goes_on(self, task: Task) -> None:
        """What a client has seen of a task never goes back."""
        before = self.shown[task.id]
        self.shown[task.id] = task
        assert task.progress >= before.progress
        assert task.version >= before.version
        if task.status is not before.status:
            assert reachable(before.status, task.status)
        if before.state.final:
            assert task.state is before.state or (task.rescued and not before.rescued)

    async def _asked(self, wish: Wish) -> Task:
        person = self.people[wish.who]
        price, hook = wish.price, wish.hook
        match wish.kind:
            case "a button that asks":
                to = self.routes[wish.who]
                return await hands.open_window(self.gateway, person, to, price=price, hook=hook)
            case "done here":
                caller = await caller_of(self.gateway, person)
                draft = hands.a_draft(self.gateway, caller, price, hook=hook)
                return await hands.done_here(self.gateway, draft)
            case _:
                return await hands.accept(self.gateway, person, price=price, hook=hook)

    async def _cancelled(self, task: Task, *, stopped: bool) -> None:
        if task.state in THERE:
            await _end(self.gateway, task, confirmed=stopped)
            return
        caller = await caller_of(self.gateway, self._owner(task))
        await cancel(self.gateway, str(task.id), by=caller)

    def _there(self) -> list[Task]:
        """Those that a channel has."""
        return [task for task in self.shown.values() if task.state in THERE]

    async def _applied(self, look: Look) -> None:
        task = look.task
        to = await line(self.gateway, task.channel_id or 0, task.credential_id or 0)
        seen = await apply(self.gateway, to, [look])
        await self.gateway.store.write(follow.plan, seen)

    def _made(self, submit: Coroutine[Any, Any, Task]) -> None:
        self.clock.pass_by(1)  # so that ids rise, and none is drawn twice
        task = self._may_be_refused(submit)
        self.clock.pass_by(1)
        if task is not None:
            self.shown[task.id] = task

    def _may_be_refused(self, submit: Coroutine[Any, Any, T]) -> T | None:
        """A refusal changes nothing for anybody."""
        before = self.run(self._money())
        try:
            return self.run(submit)
        except Refused:
            assert self.run(self._money()) == before
            return None

    async def _money(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._accounts()]

    async def _accounts(self) -> list[Row]:
        """Both users and both keys."""
        reader = self.gateway.store.reader
        return [
            *await reader.rows(
                """
                SELECT id, granted, balance, held, spent, running FROM users
                WHERE id IN each(:ids) ORDER BY id
                """,
                ids=[person.user_id for person in self.people],
            ),
            *await reader.rows(
                """
                SELECT id, granted, balance, held, spent, running FROM tokens
                WHERE id IN each(:ids) AND limited = 1 ORDER BY id
                """,
                ids=[person.token_id for person in self.people],
            ),
        ]

    def _owner(self, task: Task) -> Person:
        return next(person for person in self.people if person.user_id == task.user_id)

    async def _task(self, pick: int, *likely: State) -> Task:
        """One that stands where this is likely to happen; now and then any other."""
        tasks = list(self.shown.values())
        there = [task for task in tasks if task.state in likely and pick < LIKELY]
        chosen = there or tasks
        return await fresh(self.gateway, chosen[pick % len(chosen)])

    async def _all(self) -> list[Task]:
        rows = await self.gateway.store.reader.rows(
            "SELECT * FROM tasks WHERE id IN each(:ids)", ids=list(self.shown)
        )
        return [from_row(row) for row in rows]


class Rows:
    """What is written beside the tasks of a walk, by task."""

    def __init__(
        self,
        events: Sequence[Row],
        outbox: Sequence[Row],
        attempts: Sequence[Row],
        followed: Sequence[Row],
    ) -> None:
        self.events = Counter((task_id, kind) for task_id, kind in events)
        self.outbox = Counter((task_id, kind) for task_id, kind in outbox)
        self.attempts = Counter(task_id for task_id, outcome in attempts if outcome is None)
        self.followed = {row[0]: row[1] for row in followed}

    def agree_with(self, task: Task) -> None:
        ends = sum(self.events[task.id, state] for state in State if state.final)
        assert ends == task.state.final + task.rescued
        told = task.state.final and not task.quiet
        assert self.outbox[task.id, "final"] == (told + task.rescued if task.hook_url else 0)
        assert self.outbox[task.id, "submitted"] <= 1
        if task.state is State.SENDING:
            assert self.attempts[task.id] == 1, "nobody would notice that the sender died"
        elif not task.state.final:
            assert self.attempts[task.id] == 0
        assert self.followed.get(task.id) == follow.kind_of(task)


def reachable(before: Status, after: Status) -> bool:
    """Whether a client may see the one after the other; between two looks much may happen."""
    found = {before}
    while more := {onward for each in found for onward in ONWARDS[each]} - found:
        found |= more
    return after in found


def client(*, here: bool) -> Waiting:
    """Whether the client still waits for its answer."""
    waiting = Waiting()
    if not here:
        waiting.leave()
    return waiting


def in_world(world: World) -> type[Books]:
    """Walks as Hypothesis wants them: made of nothing."""

    class Walk(Books):
        def __init__(self) -> None:
            super().__init__(world)

    return Walk


@pytest.mark.timeout(300)  # a walk that breaks something is made short before it is shown
@pytest.mark.parametrize(
    ("walks", "steps"), [(12, 30), pytest.param(60, 40, marks=pytest.mark.slow)]
)
def test_the_books_balance_whatever_happens(
    database_url: str, tmp_path: Path, walks: int, steps: int
) -> None:
    async def opened() -> World:
        clock = HandClock()
        gateway = await a_gateway(stack, database_url, tmp_path, clock, Timing())
        world = World(runner, gateway, clock)
        await world.open()
        return world

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world = runner.run(opened())
        try:
            run_state_machine_as_test(
                in_world(world),
                settings=settings(
                    max_examples=walks,
                    stateful_step_count=steps,
                    deadline=None,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                ),
            )
        finally:
            runner.run(stack.aclose())
