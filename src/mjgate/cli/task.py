"""`mjgate task`: looking at a task, stopping it, having it looked at, giving money back."""

import asyncio
from typing import Annotated

import typer

from mjgate import app
from mjgate.cli.place import Place, placed
from mjgate.cli.shared import ACTOR, Json, at_desk, explained, refuse_missing
from mjgate.cli.terminal import Failure, answer, pairs, tell
from mjgate.domain.errors import AlreadyFinished
from mjgate.domain.task import Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.cancel import stop
from mjgate.manage import Desk, NoSuch, tasks
from mjgate.store import tasks as rows
from mjgate.store.database import Reader

commands = typer.Typer()

TaskId = Annotated[str, typer.Argument(metavar="ID", help="The task's id.", show_default=False)]


@commands.command()
@placed
def show(place: Place, task_id: TaskId, *, as_json: Json = False) -> None:
    """Show all that is known of a task, with the channel's own words."""

    async def work(desk: Desk) -> Task:
        return await _found(desk.store.reader, task_id)

    task = at_desk("task show", place, work)
    if as_json:
        answer(_shown(task))
        return
    pairs(_shown(task))


@commands.command()
@placed
def cancel(place: Place, task_id: TaskId, *, as_json: Json = False) -> None:
    """Cancel a task: at once if it waits, else as far as its channel goes along."""
    task = _cancelled(place, task_id)
    facts = {"id": str(task.id), "status": task.status.value, "state": task.state.value}
    tell(facts, f"Task {task.id} is {task.state.value}.", as_json=as_json)


@commands.command()
@placed
def refresh(place: Place, task_id: TaskId, *, as_json: Json = False) -> None:
    """Have a running task looked at now, by whoever does the background work."""

    async def work(desk: Desk) -> Task:
        task = await _found(desk.store.reader, task_id)
        await tasks.refresh(desk, task)
        return task

    task = at_desk("task refresh", place, work)
    facts = {"id": str(task.id), "status": task.status.value}
    tell(facts, f"Task {task.id} will be looked at now.", as_json=as_json)


@commands.command()
@placed
def refund(
    place: Place,
    task_id: TaskId,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the audit.", show_default=False)],
    units: Annotated[
        int | None, typer.Option(help="How much; all that was paid, unless said.")
    ] = None,
    reference: Annotated[
        str, typer.Option(help="An invoice number, say; one counts only once.", show_default=False)
    ] = "",
    as_json: Json = False,
) -> None:
    """Give back what was paid for a task, once."""

    async def work(desk: Desk) -> tasks.Refund:
        task = await _found(desk.store.reader, task_id)
        return await tasks.refund(desk, task, reason=reason, amount=units, reference=reference)

    done = at_desk("task refund", place, work)
    facts = {"id": str(done.task_id), "refund": done.amount}
    tell(facts, f"Gave back {done.amount:,} units for task {done.task_id}.", as_json=as_json)


def _cancelled(place: Place, task_id: str) -> Task:
    """Cancel with all that a gateway has, for the channel has to be asked. Failure."""
    config = place.load()
    refuse_missing(config, place)

    async def work() -> Task:
        async with app.gateway_of(config, config.address()) as gateway:
            task = await _found(gateway.store.reader, task_id)
            ended = await stop(gateway, task, actor=ACTOR)
            await tasks.cancelled(_desk(gateway), ended, task.state)
            return ended

    with explained(config, "task cancel", place):
        try:
            return asyncio.run(work())
        except AlreadyFinished as error:
            raise Failure(error.description, place.command("task", "show", task_id)) from error


def _desk(gateway: Gateway) -> Desk:
    return Desk(store=gateway.store, keys=gateway.keys, clock=gateway.clock, actor=ACTOR)


async def _found(reader: Reader, task_id: str) -> Task:
    task = await rows.of(reader, task_id, user_id=None)
    if task is None:
        raise NoSuch("task", task_id)
    return task


def _shown(task: Task) -> dict[str, object]:
    return {
        "id": str(task.id),
        "user_id": task.user_id,
        "token_id": task.token_id,
        "channel_id": task.channel_id,
        "action": task.action.value,
        "mode": task.mode.value,
        "state": task.state.value,
        "status": task.status.value,
        "progress": task.progress,
        "price": task.price,
        "hold_open": task.hold_open,
        "paid": task.settled,
        "refunded": task.refunded,
        "upstream_id": task.upstream_id,
        "parent_id": None if task.parent_id is None else str(task.parent_id),
        "reason": task.reason,
        "fail_text": task.fail_text,
        "admin_text": task.admin_text,
        "submit_at": task.submit_at,
        "start_at": task.start_at,
        "finish_at": task.finish_at,
        "prompt": task.prompt,
    }
