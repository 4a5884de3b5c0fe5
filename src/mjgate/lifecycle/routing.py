"""Which channel takes a task, and the attempt that says so."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from mjgate.domain.channel import Channel, Choice, Manner, Need, Strategy, choose
from mjgate.domain.errors import BadField, NoChannel, ParentChannelGone, Refused, Unsupported
from mjgate.domain.task import Task
from mjgate.domain.timing import SEND_GRACE, SEND_LATEST, SEND_LIMIT
from mjgate.keys import Purpose
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.proxied import proxy_of
from mjgate.lifecycle.settings import in_force
from mjgate.lifecycle.work import decode
from mjgate.providers import PROVIDERS, auth_headers
from mjgate.store import broken, channels
from mjgate.store.attempts import Attempt, Step
from mjgate.upstream import Endpoint

_CHANCE: Final = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Route:
    """A channel to hand a task to, the key to open it with, and why it is this one."""

    channel_id: int
    credential_id: int
    why: Mapping[str, object] = field(default_factory=dict[str, object], compare=False)


async def channels_in_use(gateway: Gateway) -> Sequence[Channel]:
    """Every channel, as it was a moment ago."""
    look_up = partial(channels.all_in_use, gateway.store.reader)
    return await gateway.channels.value(gateway.clock.now(), look_up)


async def present_keys(gateway: Gateway) -> Mapping[int, int]:
    """The key that new work goes out with, by channel, as it was a moment ago."""
    look_up = partial(channels.present_credentials, gateway.store.reader)
    return await gateway.credentials.value(gateway.clock.now(), look_up)


async def manner(gateway: Gateway) -> Manner:
    """How channels of one priority are chosen among, as the settings say."""
    strategy = Strategy((await in_force(gateway)).routing)
    return Manner(strategy=strategy, chance=_CHANCE.random, latest=gateway.rounds.latest)


def need_of(task: Task, *, without: frozenset[int] = frozenset()) -> Need:
    """What a written task asks of a channel."""
    request = decode(task.request)
    return Need(
        action=task.action,
        mode=task.mode,
        group=request.group,
        bot=task.bot,
        instance_id=request.instance_id,
        prefers=frozenset(request.prefers),
        without=without,
    )


async def choice_of(gateway: Gateway, need: Need) -> Choice:
    """Who could take it as things stand; looking changes nothing."""
    known = await channels_in_use(gateway)
    loads = await channels.loads(gateway.store.reader, need.mode)
    return choose(need, known, loads, gateway.clock.now(), await manner(gateway))


async def routes(gateway: Gateway, need: Need) -> tuple[Choice, list[Route]]:
    """The channels that could take it now, best first, each with its present key."""
    choice = await choice_of(gateway, need)
    return choice, await ways(gateway, choice)


async def anywhere(gateway: Gateway, need: Need) -> list[Route]:
    """Where new work may go at once, if it need not wait. Refused where nobody could take it."""
    choice, found = await routes(gateway, need)
    refused = refusal(choice, need)
    if refused is not None:
        raise refused
    return found


async def home(gateway: Gateway, task: Task) -> list[Route]:
    """
    A task's own channel and key, for what follows on it: in service for new work or not.

    Nowhere for now while the channel is broken: no other can take it, and that one may come back.
    ParentChannelGone.
    """
    channel = await channels.present(gateway.store.reader, task.channel_id or 0)
    if channel is None or task.credential_id is None:
        raise ParentChannelGone(field="taskId")
    pinned = Route(channel.id, task.credential_id, {"strategy": "pinned"})
    return [] if channel.broken_times else [pinned]


async def ways(gateway: Gateway, choice: Choice) -> list[Route]:
    """How to get to the channels that were chosen; a broken one goes first to be tried."""
    keys = await present_keys(gateway)
    ready = [each for each in choice.ready if each.id in keys]
    found = [each for each in ready if not each.broken_times]
    for each in ready:
        if found and each.priority < found[0].priority:
            break
        if each.broken_times and await may_try(gateway, each.id):
            found.insert(0, each)
            break
    if found:
        gateway.rounds.note(found[0].id)
    return [Route(each.id, keys[each.id], choice.why) for each in found]


async def may_try(gateway: Gateway, channel_id: int) -> bool:
    """
    Be the one submit that tries a broken channel.

    The place is kept for as long as it may take to begin; `trying` keeps it while it is sent.
    """
    now = gateway.clock.now()
    return await gateway.store.write(broken.claim_trial, channel_id, now, now + SEND_LATEST)


async def trying(gateway: Gateway, channel: Channel) -> None:
    """Nobody else tries a broken channel while this submit is on its way."""
    if channel.broken_times:
        until = gateway.clock.now() + SEND_LIMIT + SEND_GRACE
        await gateway.store.write(broken.keep_trial, channel.id, until)


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
    found = gateway.lines.get((channel_id, credential_id), now)
    if found is not None:
        return found
    channel = await channels.get(gateway.store.reader, channel_id)
    credential = await channels.credential(gateway.store.reader, credential_id)
    if channel is None or credential is None:
        raise NoChannel
    secret = gateway.keys.decrypt(Purpose.CHANNEL, credential.secret_enc)
    endpoint = Endpoint(
        channel.base_url,
        auth_headers(channel.options, secret),
        proxy_of(gateway, channel),
        channel_id,
    )
    fresh = Line(channel, PROVIDERS[channel.provider], endpoint)
    return gateway.lines.keep((channel_id, credential_id), fresh, now)


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
        why=route.why,
    )
