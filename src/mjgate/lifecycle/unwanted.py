"""Jobs that nobody wants any more when the answer comes: the channel is told to stop."""

import logging
from collections.abc import Sequence
from typing import Final

from mjgate.domain.errors import NoChannel, Unanswered
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.cancel import carry_out
from mjgate.lifecycle.routing import line
from mjgate.store import party

log = logging.getLogger(__name__)

_STOPPED: Final = frozenset({FailReason.CANCELLED, FailReason.ADMIN})


async def stop_unwanted(gateway: Gateway, lead: Task, ids: Sequence[str]) -> None:
    """
    Stop what was cancelled, or ended by an admin, before the answer came.

    `ids` are the channel's names, in their order.
    """
    if lead.state.final and lead.reason == FailReason.ADMIN:
        await _stop(gateway, lead, ids[0])
    if lead.lead_id is None:
        return
    members = await party.members(gateway.store.reader, lead.lead_id)
    for task, upstream_id in zip(members, dict.fromkeys(ids), strict=False):
        if task.id == lead.id:
            continue
        if task.cancel_wanted and task.state is State.SUBMITTED:
            await carry_out(gateway, task)
        elif task.state.final and not task.upstream_id and task.reason in _STOPPED:
            await _stop(gateway, task, upstream_id)


async def _stop(gateway: Gateway, task: Task, upstream_id: str) -> None:
    """Ask the channel to stop a job whose task has ended meanwhile; nobody waits for its word."""
    try:
        to = await line(gateway, task.channel_id or 0, task.credential_id or 0)
        call = to.provider.dialect.cancel(upstream_id, to.channel.options)
        if call is not None:
            await gateway.upstream.look(to.endpoint, call)
    except (NoChannel, Unanswered) as error:
        log.info("a job that nobody wants goes on", extra=task.log_context | {"why": str(error)})
