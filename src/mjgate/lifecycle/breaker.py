"""
Breaker: a channel that keeps failing gets no new work until it has shown that it works again.

Faults are counted by each process; that a channel is broken is written down for all. A free look
comes first, then one real submit at a time, until one succeeds; each relapse doubles the pause.
It guards submits only: tasks that run there are looked at as ever.
"""

import logging
from typing import Final

from mjgate.domain.alert import Alert, Cause
from mjgate.domain.channel import Channel
from mjgate.domain.errors import NoChannel, NotSent, Rejected, Unanswered
from mjgate.domain.reasons import Verdict
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.routing import line
from mjgate.store import alerts, broken, channels

log = logging.getLogger(__name__)

_FAULTS: Final = frozenset({Verdict.CHANNEL, Verdict.CREDENTIAL})
_DOUBLINGS: Final = 6


async def heard(gateway: Gateway, channel: Channel, trouble: Exception | None) -> None:
    """Note how a submit went: None for an answer, else what went wrong."""
    if isinstance(trouble, Rejected) and trouble.verdict is Verdict.CREDENTIAL:
        seen = [_shut_out(channel)]
        await gateway.store.write_surely(alerts.seen, seen, gateway.clock.now())
    if trouble is not None and is_fault(trouble):
        if gateway.faults.bad(channel.id, gateway.clock.now()) or channel.broken_times:
            await _open(gateway, channel)
        return
    gateway.faults.good(channel.id)
    if trouble is None:
        gateway.faults.had_room(channel.id)
    if not channel.broken_times:
        return
    if trouble is None:
        await gateway.store.write(broken.mend, channel.id)
        log.info("channel works again", extra={"channel": channel.id})
    else:  # it answered, but of the content, or that it is busy: the next submit may try it
        await gateway.store.write(broken.allow_trial, channel.id, gateway.clock.now())
    gateway.channels.forget()


def _shut_out(channel: Channel) -> Alert:
    text = f"The channel {channel.name} refuses our key, or its account there is empty."
    return Alert(Cause.CREDENTIAL_FAULT, channel.name, text)


def is_fault(trouble: Exception) -> bool:
    """Whether it was the channel that failed, and not the content or our own haste."""
    if isinstance(trouble, Rejected):
        return trouble.verdict in _FAULTS
    return isinstance(trouble, NotSent | Unanswered)


async def probe(gateway: Gateway) -> bool:
    """Look, for nothing, at broken channels whose pause is over; those that answer get a trial."""
    now = gateway.clock.now()
    due = await broken.due(gateway.store.reader, now)
    for channel in due:
        if await _answers(gateway, channel):
            await gateway.store.write(broken.allow_trial, channel.id, now)
            gateway.channels.forget()
        else:
            await _open(gateway, channel)
    return False


async def _open(gateway: Gateway, channel: Channel) -> None:
    pause = gateway.timing.cool_down * 2 ** min(channel.broken_times, _DOUBLINGS)
    probe_at = gateway.clock.now() + pause
    if await gateway.store.write(broken.shut, channel.id, channel.broken_times, probe_at):
        log.warning("channel is broken", extra={"channel": channel.id, "pause": pause})
    gateway.channels.forget()


async def _answers(gateway: Gateway, channel: Channel) -> bool:
    credential = await channels.present_credential(gateway.store.reader, channel.id)
    if credential is None:
        return False
    try:
        to = await line(gateway, channel.id, credential.id)
        call = to.provider.dialect.look([], to.channel.options)
        to.provider.dialect.reports(await gateway.upstream.look(to.endpoint, call))
    except (NoChannel, Unanswered):
        return False
    return True
