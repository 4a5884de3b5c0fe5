"""
Parties: one press that makes several tasks, and what its answer means for each of them.

The channel names a job for each, in their order. Who gets none has failed and costs nothing; a job
that nobody waits for any more is stopped; a job too many becomes a task that costs nothing.
"""

import uuid

from mjgate.domain.party import leads
from mjgate.domain.prompt import MOST_JOBS, jobs
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import Result, State, Task, way
from mjgate.lifecycle.finish import fail_in
from mjgate.lifecycle.work import decode
from mjgate.store import attempts, party, tasks
from mjgate.store.attempts import Attempt
from mjgate.store.attempts import Outcome as Ended
from mjgate.store.database import Transaction
from mjgate.store.moves import create, move


async def submitted_in(
    tx: Transaction, task_id: int, *ids: str, now: int, by: Attempt | None = None, said: str = ""
) -> Task | None:
    """
    The channel has the task and all that were sent with it; `ids` are its names for them.

    `by` is the attempt that was answered; None where the jobs were found.
    """
    lead = await tasks.locked(tx, task_id)
    if by is not None and await attempts.taken_over(tx, by):
        return None
    await attempts.end(tx, task_id, Ended.ACCEPTED, now, hint=ids[0], answer=said)
    if lead is None or way(lead, State.SUBMITTED) is None:
        return None
    members = await party.locked(tx, task_id) if leads(lead) else [lead]
    named = tuple(dict.fromkeys(ids))
    theirs = dict(zip((each.id for each in members), named, strict=False))
    for each in members:
        if each.id != lead.id and not each.state.final:
            await _answered(tx, each, theirs.get(each.id), now)
    if len(named) > len(members) and _asks_for_several(lead):
        for upstream_id in named[len(members) : MOST_JOBS]:
            await _one_more(tx, lead, upstream_id, now)
        lead = lead._replace(lead_id=lead.id)
    return await _answered(tx, lead, theirs.get(lead.id), now)


async def _answered(tx: Transaction, task: Task, upstream_id: str | None, now: int) -> Task | None:
    """The task has a job of its own, or there is none for it."""
    if upstream_id is None:
        text = "The provider made fewer tasks than were asked for; this one costs nothing."
        reason = FailReason.UPSTREAM_FAILED
        return await fail_in(tx, task.id, reason, actor="sender", now=now, text=text)
    return await move(
        tx,
        task.id,
        State.SUBMITTED,
        actor="sender",
        now=now,
        ended=None,
        known=task,
        upstream_id=upstream_id,
        lead_id=task.lead_id,
    )


def _asks_for_several(task: Task) -> bool:
    """Whether the client could expect more jobs than one, and has paid for them."""
    return task.lead_id is not None or jobs(decode(task.request).prompt) > 1


async def _one_more(tx: Transaction, lead: Task, upstream_id: str, now: int) -> None:
    """A job beyond those that were paid for: followed like any, at no price."""
    extra = lead._replace(
        id=await _free_id(tx, now),
        job_uuid=str(uuid.uuid4()),
        state=State.SENDING,
        price=0,
        lead_id=lead.id,
        cancel_wanted=False,
        admin_text="",
        result=Result(),
    )
    await create(tx, extra, actor="upstream", now=now, over=True)
    await move(tx, extra.id, State.SUBMITTED, actor="sender", now=now, upstream_id=upstream_id)


async def _free_id(tx: Transaction, now: int) -> int:
    while await tasks.by_id(tx, number := tasks.mint(now)) is not None:
        pass
    return number
