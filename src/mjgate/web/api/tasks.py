"""/api/mj/{mj_id}/…: what its owner or an admin does to a task."""

from typing import Final

from msgspec import Struct

from mjgate.domain.errors import AlreadyFinished, NotFound
from mjgate.domain.task import State, Task
from mjgate.lifecycle.cancel import stop
from mjgate.manage import tasks as manage
from mjgate.store import tasks
from mjgate.web.api.rows import Call, Row, Who, acts, takes


class Acted(Struct, frozen=True):
    """How the task stands now."""

    mj_id: str
    status: str


class RefundAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Why, and how much, without an amount all that was paid; a reference counts once, for ever."""

    reason: str
    amount: int | None = None
    reference: str = ""


class Refunded(Struct, frozen=True):
    """What was given back."""

    mj_id: str
    refund: int


async def task_of(call: Call) -> Task:
    """The task that the path names: one's own, or for an admin anybody's. NotFound."""
    owner = None if call.visitor.admin else call.visitor.user_id
    task = await tasks.of(call.gateway.store.reader, call.text("mj_id"), user_id=owner)
    if task is None:
        raise NotFound("task not found")
    return task


async def _cancel(call: Call) -> Acted:
    task = await task_of(call)
    own = task.user_id == call.visitor.user_id
    try:
        ended = await stop(call.gateway, task, actor="user" if own else "admin")
    except AlreadyFinished:
        raise AlreadyFinished(field="mj_id") from None
    if not own:
        await manage.cancelled(call.desk, ended, task.state)
    return _acted(ended)


async def _refund(call: Call, body: RefundAsked) -> Refunded:
    task = await task_of(call)
    done = await manage.refund(
        call.desk, task, reason=body.reason, amount=body.amount, reference=body.reference
    )
    return Refunded(str(done.task_id), done.amount)


async def _refresh(call: Call) -> Acted:
    task = await task_of(call)
    await manage.refresh(call.desk, task)
    return _acted(task)


def _acted(task: Task) -> Acted:
    cancelled = task.state is State.CANCELLED
    return Acted(str(task.id), "CANCELLED" if cancelled else task.status)


ROWS: Final[tuple[Row, ...]] = (
    acts("POST", "/api/mj/{mj_id}/cancel", Who.USER, _cancel,
         "Cancel a task of one's own; an admin anybody's. One that has ended: 409.", gives=Acted),
    takes("POST", "/api/mj/{mj_id}/refund", Who.ADMIN, RefundAsked, _refund,
          "Give back what was paid for a task, whole or in part, once; of a released one: 409.",
          gives=Refunded),
    acts("POST", "/api/mj/{mj_id}/refresh", Who.ADMIN, _refresh,
         "Look at a running task now.", gives=Acted),
)  # fmt: skip
