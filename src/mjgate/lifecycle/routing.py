"""Which channel takes a task, and the attempt that says so."""

import secrets
from dataclasses import dataclass
from functools import partial

from mjgate.domain.channel import Choice, Need, choose
from mjgate.domain.errors import BadField, NoChannel, Refused, Unsupported
from mjgate.domain.task import Task
from mjgate.domain.timing import SEND_GRACE, SEND_LIMIT
from mjgate.keys import Purpose
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.proxied import proxy_of
from mjgate.providers import PROVIDERS, auth_headers
from mjgate.store import broken, channels
from mjgate.store.attempts import Attempt, Step
from mjgate.upstream import Endpoint


@dataclass(frozen=True, slots=True)
class Route:
    """A channel to hand a task to, and the key to open it with."""

    channel_id: int
    credential_id: int


async def choice_of(gateway: Gateway, need: Need) -> Choice:
    """Who could take it as things stand; looking changes nothing."""
    reader, now = gateway.store.reader, gateway.clock.now()
    known = await gateway.channels.value(now, partial(channels.all_in_use, reader))
    return choose(need, known, await channels.loads(reader), now)


async def routes(gateway: Gateway, need: Need) -> tuple[Choice, list[Route]]:
    """The channels that could take it now, best first, each with its present key."""
    reader, now = gateway.store.reader, gateway.clock.now()
    choice = await choice_of(gateway, need)
    keys = await gateway.credentials.value(now, partial(channels.present_credentials, reader))
    ready = [each for each in choice.ready if each.id in keys]
    found = [Route(each.id, keys[each.id]) for each in ready if not each.broken_times]
    for each in ready:
        if each.broken_times and await _may_try(gateway, each.id):
            return choice, [Route(each.id, keys[each.id]), *found]
    return choice, found


async def _may_try(gateway: Gateway, channel_id: int) -> bool:
    """Be the one submit that tries a broken channel, which then goes there first."""
    now = gateway.clock.now()
    until = now + SEND_LIMIT + SEND_GRACE
    return await gateway.store.write(broken.claim_trial, channel_id, now, until)


def refusal(choice: Choice, need: Need, *, patient: bool = False) -> Refused | None:
    """Why nobody can take it as things stand; who is `patient` waits for what is broken."""
    if choice.whole or (patient and choice.enabled):
        return None
    if choice.configured:
        return NoChannel()
    if need.instance_id:
        msg = f"No channel of this instanceId offers {need.action} in mode {need.mode}."
        return BadField(msg, field="instanceId")
    msg = f"No configured channel offers {need.action} in mode {need.mode}."
    return Unsupported(msg)


async def line(gateway: Gateway, channel_id: int, credential_id: int) -> Line:
    """Look up how to reach the channel. NoChannel if it has no key any more."""
    now = gateway.clock.now()
    found = gateway.lines.get(channel_id, credential_id, now)
    if found is not None:
        return found
    channel = await channels.get(gateway.store.reader, channel_id)
    credential = await channels.credential(gateway.store.reader, credential_id)
    if channel is None or credential is None:
        raise NoChannel
    secret = gateway.keys.decrypt(Purpose.CHANNEL, credential.secret_enc)
    endpoint = Endpoint(
        channel.base_url, auth_headers(channel.options, secret), proxy_of(gateway, channel)
    )
    fresh = Line(channel, PROVIDERS[channel.provider], endpoint)
    return gateway.lines.keep(channel_id, credential_id, fresh, now)


def attempt_at(gateway: Gateway, task: Task, no: int, route: Route) -> Attempt:
    """The attempt to hand `task` to `route`, to be written before anything is sent."""
    window = task.upstream_id != ""  # it stands open there: only the modal is left to send
    return Attempt(
        task_id=task.id,
        no=no,
        channel_id=route.channel_id,
        credential_id=route.credential_id,
        nonce=secrets.token_urlsafe(18),
        owner=gateway.node,
        opened_at=gateway.clock.now(),
        step=Step.MODAL if window else Step.SUBMIT,
    )
