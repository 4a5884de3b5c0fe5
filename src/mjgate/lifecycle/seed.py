"""Seeds: the number a picture was made from, asked for once and then kept with the task."""

import logging
from typing import Final

from mjgate.domain.account import Caller
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import (
    NoChannel,
    ParentChannelGone,
    ParentNotFinished,
    Refused,
    Unanswered,
    Unsupported,
    UpstreamRefused,
)
from mjgate.domain.task import State, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.routing import line
from mjgate.store import tasks

log = logging.getLogger(__name__)

_NONE: Final = "The provider of this task has no seed to tell."


async def seed(gateway: Gateway, task_id: str, *, by: Caller) -> str:
    """The seed of the caller's finished task. Raises Refused."""
    task = await tasks.get(gateway.store.reader, task_id, seen_by=by)
    if task.state is not State.SUCCESS:
        msg = "Only a task that has finished with success has a seed."
        raise ParentNotFinished(msg)
    if task.result.seed.strip("0"):
        return task.result.seed
    found = await gateway.seeds.run(
        task.user_id, task.id, lambda: gateway.senders.start(_look_up(gateway, task))
    )
    if isinstance(found, Refused):
        raise found
    return found


async def _look_up(gateway: Gateway, task: Task) -> str | Refused:
    """Ask the channel and keep what it says; why not, if it says nothing."""
    try:
        to = await line(gateway, task.channel_id or 0, task.credential_id or 0)
    except NoChannel:
        return ParentChannelGone()
    call = to.provider.dialect.seed(task.upstream_id, to.channel.options)
    if call is None:
        return Unsupported(_NONE)
    try:
        heard = await gateway.upstream.look(to.endpoint, call, limit=gateway.timing.seed / SECOND)
        found = to.provider.dialect.seed_in(heard)
    except Unanswered as error:
        log.warning("no answer to who asked for a seed", extra=task.log_context | {"why": error})
        return UpstreamRefused("The provider has not told the seed; ask again in a moment.")
    if not found:
        return Unsupported(_NONE)
    await gateway.store.write(tasks.keep_seed, task.id, found)
    return found
