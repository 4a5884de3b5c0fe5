"""
The one door: the only statements that write a task's state.

`create` makes a task and `move` changes its state, and each writes in the same transaction all that
goes with it: event, follow row, webhook rows, tally, ledger entry, then money and slots last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypedDict, Unpack

import msgspec

from mjgate.domain.action import Action
from mjgate.domain.party import leads, led
from mjgate.domain.task import BY_ENDS, Edge, Hook, Money, Result, State, Task, way
from mjgate.store import attempts, follow, ledger, media, party, pressed, tally, tasks, webhooks
from mjgate.store.attempts import Outcome
from mjgate.store.books import Delta, Slot, shift
from mjgate.store.columns import INSERT, UPDATE, changes, columns
from mjgate.store.database import Transaction


class Facts(TypedDict, total=False):
    """What may become known with a move."""

    channel_id: int
    credential_id: int
    upstream_id: str
    progress: int
    result: Result
    reason: str
    fail_text: str
    admin_text: str
    quiet: bool
    confirmed: bool
    cancel_wanted: bool
    lane: str
    turn: int
    lead_id: int | None


async def create(
    tx: Transaction,
    task: Task,
    *,
    actor: str,
    now: int,
    note: Mapping[str, object] | None = None,
    over: bool = False,
) -> Task:
    """
    Insert `task`, born in its state. QuotaNotEnough, SlotTakenError, ConstraintBroken.

    What comes `over` the limits takes its slot although none is free: it cannot be sent alone.
    """
    edge = BY_ENDS[None, task.state]
    holds = edge.money in {Money.HOLD, Money.HOLD_AND_SETTLE}
    task = task._replace(
        version=1,
        hold_no=1 if holds else 0,
        hold_open=edge.money is Money.HOLD,
        announced=Hook.SUBMITTED in edge.hooks,
        settled=task.price if edge.money is Money.HOLD_AND_SETTLE else 0,
    )
    await tx.run(INSERT, **columns(task))  # an id that is taken is told by its name
    await _event(tx, task, now, actor, {"price": task.price, **(note or {})})
    if task.hook_url:
        await webhooks.enqueue(tx, task, edge, now, announced=False)
    await media.inputs(tx, task.id, task.request, now)
    if task.state is State.SUCCESS:
        await media.announce(tx, task, now)
    await tally.changed(tx, None, task)
    await _pay(tx, task, edge.money, now)
    delta = _delta(None, task, edge.money, over=over)
    await shift(tx, task, delta, before=None, after=_slot(task), now=now)
    tx.touch(task.id)
    tx.count(task)
    return task


async def move(  # noqa: PLR0913  each says one thing
    tx: Transaction,
    task_id: int,
    target: State,
    *,
    actor: str,
    now: int,
    note: Mapping[str, object] | None = None,
    rescue: bool = False,
    settle: bool = False,
    ended: Outcome | None = Outcome.UNKNOWN,
    known: Task | None = None,
    **facts: Unpack[Facts],
) -> Task | None:
    """
    Move the task to `target`; None if no edge leads there any more: somebody else was first.

    `settle` decides the money of a cancel, `ended` how the attempt of a task that was being sent
    has ended: none stays open behind; None where that is written already. `known` is the task as
    this transaction has locked it, if it has. SlotTakenError when the move needs a slot and none is
    free, ConstraintBroken when the upstream's job belongs to another task.
    """
    before = known or await tasks.locked(tx, task_id)
    if before is None or (edge := way(before, target, rescue=rescue)) is None:
        return None
    if before.state is State.SENDING and target is not State.SENDING and ended is not None:
        await attempts.end(tx, task_id, ended, now, hint=facts.get("upstream_id", ""))
    others = await party.locked(tx, task_id) if leads(before) else []
    step = _Step(actor, now, note or {}, _ruled(edge.money, settle=settle))
    after = await _moved(tx, before, edge, step, facts)
    if after is not None and others:
        await _bring_along(tx, after, others, step, facts)
    return after


@dataclass(frozen=True, slots=True)
class _Step:
    """Who moves a task when, what the event says of it besides, and what becomes of the money."""

    actor: str
    now: int
    note: Mapping[str, object]
    money: Money
    over: bool = False


async def _moved(
    tx: Transaction, before: Task, edge: Edge, step: _Step, facts: Facts
) -> Task | None:
    """Write one task's move, and all that goes with it."""
    now, target = step.now, edge.target
    after = _evolve(before, edge, step.money, now, facts)
    changed = await tx.run(UPDATE, was=before.state.value, **changes(after))
    if not changed:
        return None
    await _event(tx, after, now, step.actor, {"from": before.state, **step.note})
    if after.hook_url:
        await webhooks.enqueue(tx, after, edge, now, announced=before.announced)
    await _follow(tx, before, after, now)
    await tally.changed(tx, before, after)
    if target is State.SUCCESS:
        await media.announce(tx, after, now)
    if target.final and target is not State.SUCCESS and after.action is Action.UPSCALE:
        await pressed.forget(tx, after)
    await _pay(tx, after, step.money, now)
    delta = _delta(before, after, step.money, over=step.over)
    await shift(tx, after, delta, before=_slot(before), after=_slot(after), now=now)
    tx.touch(after.id)
    if target.final:
        tx.count(after)
    return after


async def _bring_along(
    tx: Transaction, lead: Task, party_of: Sequence[Task], step: _Step, facts: Facts
) -> None:
    """Those that have no ids upstream yet go where their leader goes, or get another leader."""
    others = [each for each in party_of if led(each) and not each.state.final]
    if lead.state is State.CANCELLED and others:
        await party.hand_over(tx, lead.id, others[0].id)
        return
    if lead.upstream_id:
        return
    for each in others:
        edge = way(each, lead.state)
        if edge is not None:
            await _moved(tx, each, edge, replace(step, money=edge.money, over=True), facts)


async def note_progress(
    tx: Transaction, progress: Mapping[int, tuple[int, str]], *, now: int
) -> None:
    """Raise progress, with the picture so far, of tasks that are not final: task -> (%, result)."""
    risen: list[dict[str, int]] = []
    for task_id, (percent, result) in sorted(progress.items()):
        changed = await tx.run(
            """
            UPDATE tasks SET progress = :percent, result = :result, version = version + 1
            WHERE id = :id AND progress < :percent AND state IN ('SUBMITTED', 'RUNNING')
            """,
            id=task_id,
            percent=percent,
            result=result,
        )
        if changed:
            risen.append({"id": task_id, "now": now})
            await webhooks.enqueue_progress(tx, task_id, now)
            tx.touch(task_id)
    await tx.many(_PROGRESS, risen)


_PROGRESS: Final = """
    INSERT INTO events (task_id, seq, at, kind, actor, data)
    SELECT id, version, CAST(:now AS BIGINT), 'progress', 'look',
           '{"progress":' || CAST(progress AS TEXT) || '}'
    FROM tasks WHERE id = :id
    """


def _evolve(before: Task, edge: Edge, money: Money, now: int, facts: Facts) -> Task:
    target, holds = edge.target, money is Money.HOLD
    started = target in {State.SUBMITTED, State.RUNNING, State.SUCCESS} and not before.start_at
    progress = 100 if target.final else max(before.progress, facts.get("progress", 0))
    derived = {
        "state": target,
        "version": before.version + 1,
        "progress": progress,
        "hold_no": before.hold_no + 1 if holds else before.hold_no,
        "settled": before.price if money is Money.SETTLE else before.settled,
        "hold_open": holds or (before.hold_open and money is Money.NONE),
        "announced": before.announced or Hook.SUBMITTED in edge.hooks,
        "rescued": before.rescued or before.state.final,
        "start_at": now if started else before.start_at,
        "finish_at": now if target.final else None,
    }
    return before._replace(**{**facts, **derived})


async def _event(tx: Transaction, task: Task, at: int, actor: str, data: object) -> None:
    await tx.add(
        """
        INSERT INTO events (task_id, seq, at, kind, actor, data)
        VALUES (:task_id, :seq, :at, :kind, :actor, :data)
        """,
        task_id=task.id,
        seq=task.version,
        at=at,
        kind=task.state,
        actor=actor,
        data=msgspec.json.encode(data).decode(),
    )


async def _follow(tx: Transaction, before: Task, after: Task, now: int) -> None:
    """Keep the follow row in step with the state, and give an upstream's job its task."""
    if after.upstream_id and after.upstream_id != before.upstream_id and after.channel_id:
        await tx.add(
            """
            INSERT INTO jobs (channel_id, upstream_id, task_id)
            VALUES (:channel_id, :upstream_id, :task_id)
            """,
            channel_id=after.channel_id,
            upstream_id=after.upstream_id,
            task_id=after.id,
        )
    was, kind = follow.kind_of(before), follow.kind_of(after)
    if kind is was:
        return
    if was is not None:
        await follow.stop(tx, after.id)
    if kind is not None:
        await follow.start(tx, after, kind, now)


async def _pay(tx: Transaction, task: Task, money: Money, now: int) -> None:
    """The ledger rows of a move."""
    match money:
        case Money.HOLD:
            await ledger.enter(tx, task, ledger.Kind.HOLD, now)
        case Money.SETTLE:
            await ledger.enter(tx, task, ledger.Kind.SETTLE, now)
        case Money.RELEASE:
            await ledger.enter(tx, task, ledger.Kind.RELEASE, now)
        case Money.HOLD_AND_SETTLE:
            await ledger.enter(tx, task, ledger.Kind.HOLD, now)
            await ledger.enter(tx, task, ledger.Kind.SETTLE, now)
        case Money.NONE | Money.RULED:
            pass


def _ruled(money: Money, *, settle: bool) -> Money:
    if money is Money.RULED:
        return Money.SETTLE if settle else Money.RELEASE
    return money


def _delta(before: Task | None, after: Task, money: Money, *, over: bool = False) -> Delta:
    """What the move does to the accounts of user and key."""
    price = after.price
    had_slot = before is not None and before.state.holds_slot
    running = int(after.state.holds_slot) - int(had_slot)
    match money:
        case Money.HOLD:
            return Delta(balance=-price, held=price, running=running, over=over)
        case Money.RELEASE:
            return Delta(balance=price, held=-price, running=running, over=over)
        case Money.SETTLE:
            return Delta(held=-price, spent=price, running=running, over=over)
        case Money.HOLD_AND_SETTLE:
            return Delta(balance=-price, spent=price, running=running, over=over)
        case Money.NONE | Money.RULED:
            return Delta(running=running, over=over)


def _slot(task: Task) -> Slot:
    if task.state.holds_slot and task.channel_id is not None:
        return task.channel_id, task.mode
    return None
