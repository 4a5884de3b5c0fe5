"""
A gateway that is moved by hand, without a network: a test says what clients and channels say.

Everything is written by the functions that a request, an answer or a look would use.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress

from mjgate.dialects import Accepted
from mjgate.domain.account import Caller
from mjgate.domain.action import RULES
from mjgate.domain.order import Order, read_order
from mjgate.domain.task import Report, Result, State, Status, Task
from mjgate.keys import fingerprint
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.inputs import Inputs
from mjgate.lifecycle.look import Look
from mjgate.lifecycle.queue import assigned, note_turns, start_in
from mjgate.lifecycle.routing import Route, attempt_at, need_of, routes
from mjgate.lifecycle.submit import _accept, _write
from mjgate.lifecycle.verdict import NOBODY, taken
from mjgate.lifecycle.work import Request, encode
from mjgate.store import accounts, attempts, lanes, tasks
from mjgate.store.books import SlotTakenError
from mjgate.store.database import Row
from mjgate.store.follow import Followed, Kind
from mjgate.store.moves import create
from tests.rig import PRICE, Person
from tests.tasks import a_task

LANE = "default FAST MID_JOURNEY"
PICTURE = Result(image_url="http://upstream.test/picture.png")
NOTHING = Inputs((), {}, {})


async def caller_of(gateway: Gateway, person: Person) -> Caller:
    """Who asks, as the front door finds him."""
    door = await accounts.door(gateway.store.reader, fingerprint(person.key.removeprefix("sk-")))
    assert door is not None
    return door.caller


async def accept(
    gateway: Gateway, person: Person, *, price: int = PRICE, hook: bool = True
) -> Task:
    """A submit up to the moment where it would be sent: SENDING, or QUEUED. Refused."""
    caller = await caller_of(gateway, person)
    draft = a_draft(gateway, caller, price, hook=hook)
    found: list[Route] = []
    if not await lanes.waits(gateway.store.reader, LANE):
        _, found = await routes(gateway, need_of(draft))
    task, _ = await _accept(gateway, caller, draft, found, NOTHING, None)
    return task


async def open_window(
    gateway: Gateway, person: Person, route: Route, *, price: int = PRICE, hook: bool = True
) -> Task:
    """A button that asks first: a window that we keep. Refused."""
    caller = await caller_of(gateway, person)
    draft = a_draft(gateway, caller, price, hook=hook)._replace(
        state=State.WINDOW,
        channel_id=route.channel_id,
        credential_id=route.credential_id,
    )
    task, _ = await _write(gateway, draft, None, NOTHING, None)
    return task


async def done_here(gateway: Gateway, draft: Task) -> Task:
    """Work that needs no channel: the task is born finished."""
    now = gateway.clock.now()
    done = draft._replace(
        id=tasks.mint(now),
        state=State.SUCCESS,
        result=PICTURE,
        progress=100,
        finish_at=now,
    )
    return await gateway.store.write(create, done, actor="user", now=now)


def confirmation(task: Task) -> Order:
    """The modal for a window."""
    return read_order(RULES["submit/modal"], {"taskId": str(task.id), "prompt": "a blue fox"})


async def hand_on(gateway: Gateway) -> list[Task]:
    """Let every waiting task start that can: the queue's step without the sending."""
    started: list[Task] = []
    for task, route in await assigned(gateway):
        number = len(await attempts.of_task(gateway.store.reader, task.id)) + 1
        attempt = attempt_at(gateway, task, number, route)
        with suppress(SlotTakenError):
            now = gateway.clock.now()
            moved = await gateway.store.write(start_in, task.id, attempt, now=now)
            started += [] if moved is None else [moved]
    await note_turns(gateway, started)
    return started


async def submitted(gateway: Gateway, person: Person, upstream_id: str = "") -> Task:
    """A task that a channel has taken."""
    task = await accept(gateway, person)
    upstream_id = upstream_id or f"job-{task.id}"
    return (await taken(gateway, task, Accepted(ids=(upstream_id,)), NOBODY)).task


async def fresh(gateway: Gateway, task: Task) -> Task:
    """The task as it stands now."""
    found = await tasks.by_id(gateway.store.reader, task.id)
    assert found is not None
    return found


def look_at(task: Task, report: Report | None, *, began: int, since: int) -> Look:
    """What a look has shown of the task as it stood when the look began."""
    row = Followed(
        task_id=task.id,
        kind=Kind.LOOK,
        channel_id=task.channel_id or 0,
        credential_id=task.credential_id or 0,
        upstream_id=task.upstream_id,
        due_at=since,
        looks=0,
        misses=0,
        since=since,
        moved_at=since,
    )
    return Look(row, task, report, began)


def told(task: Task, status: Status | None, progress: int | None = None) -> Report:
    """What the upstream says of the task; with its picture if it says SUCCESS."""
    done = status is Status.SUCCESS
    return Report(
        upstream_id=task.upstream_id,
        status=status,
        progress=progress,
        image_url=PICTURE.image_url if done else None,
    )


async def rows_of(gateway: Gateway, task: Task) -> tuple[Sequence[Row], Sequence[Row]]:
    """The task's ledger rows and outbox rows, in the order they were written."""
    reader = gateway.store.reader
    ledger = await reader.rows(
        "SELECT kind, hold_no, amount FROM ledger WHERE task_id = :id ORDER BY id", id=task.id
    )
    outbox = await reader.rows(
        "SELECT kind, seq, state FROM outbox WHERE task_id = :id ORDER BY seq", id=task.id
    )
    return ledger, outbox


def a_draft(gateway: Gateway, caller: Caller, price: int = PRICE, *, hook: bool = True) -> Task:
    """The task as a submit would write it, but for its id, state, channel and turn."""
    return a_task(
        id=0,
        job_uuid=str(uuid.uuid4()),
        user_id=caller.user_id,
        token_id=caller.token_id,
        group_id=caller.group_id,
        price=price,
        hook_url="http://hooks.test/" if hook else "",
        request=encode(Request(path="submit/imagine", prompt="a fox", group=caller.group)),
        submit_at=gateway.clock.now(),
        state=State.QUEUED,
        version=0,
        hold_no=0,
        hold_open=False,
        lane=LANE,
        channel_id=None,
        credential_id=None,
    )
