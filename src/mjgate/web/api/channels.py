"""/api/channel/: the accounts at providers that do the work."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mjgate.domain.action import Mode
from mjgate.domain.channel import Channel, ChannelStatus
from mjgate.domain.errors import NotFound
from mjgate.manage import channel_changes, channels, credentials, trying
from mjgate.manage.channels import MadeChannel, NewChannel
from mjgate.manage.proxies import shown_proxy
from mjgate.manage.trying import Trial
from mjgate.store import channel_edits
from mjgate.store import channels as rows
from mjgate.store.channel_edits import Limits
from mjgate.web.api.rows import Call, Page, Row, Who, acts, given, looks, takes, whole


class ModeLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """How many may run and wait in a mode, and milliseconds between two submits."""

    max_running: int = 10
    max_waiting: int = 1_000
    submit_gap: int = 0


class ModeView(Struct, frozen=True):
    """The same, and how many run."""

    running: int
    max_running: int
    max_waiting: int
    submit_gap: int


class ChannelNew(Struct, frozen=True, forbid_unknown_fields=True):
    """A channel to add. Without modes, actions or groups it is open for all of them."""

    name: str
    base_url: str
    secret: str
    provider: str = "mjproxy"
    modes: dict[str, ModeLimits] | None = None
    actions: list[str] = []
    groups: list[str] = []
    priority: int = 0
    weight: int = 1
    proxy: str = ""
    options: dict[str, str] = {}


class ChannelChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays; `modes` names all modes that it offers from now on."""

    name: str | UnsetType = UNSET
    base_url: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    modes: dict[str, ModeLimits] | UnsetType = UNSET
    actions: list[str] | UnsetType = UNSET
    groups: list[str] | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    weight: int | UnsetType = UNSET
    proxy: str | UnsetType = UNSET
    options: dict[str, str] | UnsetType = UNSET


class ChannelView(Struct, frozen=True):
    """A channel; of its key only the last characters, of its proxy who opens it is left out."""

    id: int
    name: str
    instance_id: str
    provider: str
    base_url: str
    secret: str
    status: str
    broken_until: int | None
    modes: dict[str, ModeView]
    actions: list[str]
    groups: list[str]
    priority: int
    weight: int
    proxy: str
    options: dict[str, str]


class CredentialView(Struct, frozen=True):
    """A key of a channel, by its last characters; so many `tasks` that need it have not ended."""

    id: int
    secret: str
    created_at: int
    retired_at: int | None
    tasks: int


class Gone(Struct, frozen=True):
    """Whether it is gone, or goes when its last task has ended."""

    id: int
    deleted: bool
    status: str


async def _views(call: Call, found: list[Channel]) -> list[ChannelView]:
    reader = call.gateway.store.reader
    tails, limits = await channel_edits.tails(reader), await channel_edits.limits(reader)
    return [
        ChannelView(
            id=each.id,
            name=each.name,
            instance_id=each.instance_id,
            provider=each.provider,
            base_url=each.base_url,
            secret=f"****{tails.get(each.id, '')}",
            status=each.status,
            broken_until=each.broken_until if each.broken_times else None,
            modes=_modes(each, limits.get(each.id, {})),
            actions=sorted(each.actions),
            groups=sorted(each.groups),
            priority=each.priority,
            weight=each.weight,
            proxy=shown_proxy(call.desk, each),
            options=each.options,
        )
        for each in found
    ]


def _modes(channel: Channel, limits: Mapping[Mode, Limits]) -> dict[str, ModeView]:
    found: dict[str, ModeView] = {}
    for mode, each in limits.items():
        load = channel.loads.get(mode)
        running = 0 if load is None else load.running
        found[mode.value] = ModeView(running, each.max_running, each.max_waiting, each.submit_gap)
    return found


async def _list(call: Call) -> Page[ChannelView]:
    page = call.page()
    found = await rows.all_in_use(call.gateway.store.reader)
    shown = found[page.skipped : page.skipped + page.size]
    return Page(await _views(call, shown), len(found), page.number, page.size)


async def _get(call: Call) -> ChannelView:
    found = await rows.all_in_use(call.gateway.store.reader)
    views = await _views(call, [each for each in found if each.id == call.id])
    if not views:
        raise NotFound(f"There is no channel {call.id}.")
    return views[0]


async def _create(call: Call, body: ChannelNew) -> MadeChannel:
    modes = body.modes if body.modes is not None else {mode.value: ModeLimits() for mode in Mode}
    wanted = NewChannel(
        name=body.name,
        provider=body.provider,
        base_url=body.base_url,
        secret=body.secret,
        modes=[*modes],
        actions=body.actions,
        groups=body.groups,
        priority=body.priority,
        weight=body.weight,
        proxy=body.proxy,
        options=body.options,
        limits=channel_changes.limits(_plain(modes)),
    )
    made = await channels.add_channel(call.desk, wanted, ourselves=call.gateway.links.public_url)
    _forget(call)
    return made


async def _change(call: Call, body: ChannelChange) -> ChannelView:
    named = given(body)
    if not isinstance(body.modes, UnsetType):
        named["modes"] = _plain(body.modes)
    await channel_changes.change_channel(
        call.desk, call.id, named, ourselves=call.gateway.links.public_url
    )
    _forget(call)
    return await _get(call)


def _plain(modes: Mapping[str, ModeLimits]) -> dict[str, dict[str, int]]:
    return {name: msgspec.structs.asdict(each) for name, each in modes.items()}


async def _delete(call: Call) -> Gone:
    drain = call.asked("drain") in {"1", "true"}
    gone = await channel_changes.delete_channel(call.desk, call.id, drain=drain)
    _forget(call)
    return Gone(call.id, gone, "deleted" if gone else ChannelStatus.DRAINING)


async def _enable(call: Call) -> ChannelView:
    return await _switch(call, ChannelStatus.ENABLED)


async def _disable(call: Call) -> ChannelView:
    return await _switch(call, ChannelStatus.DISABLED)


async def _drain(call: Call) -> ChannelView:
    return await _switch(call, ChannelStatus.DRAINING)


async def _switch(call: Call, status: ChannelStatus) -> ChannelView:
    await channels.set_status(call.desk, call.id, status)
    _forget(call)
    return await _get(call)


async def _test(call: Call) -> Trial:
    return await trying.try_channel(call.desk, call.gateway.upstream, call.id)


async def _credentials(call: Call) -> Page[CredentialView]:
    _, found = await credentials.held(call.desk, call.id)
    return whole(
        [
            CredentialView(
                each.id, f"****{each.tail}", each.created_at, each.retired_at, each.tasks
            )
            for each in found
        ]
    )


async def _end_credential(call: Call) -> None:
    force = call.asked("force") in {"1", "true"}
    await credentials.end(call.desk, call.id, call.part("credential"), force=force)
    call.gateway.lines.forget()


def _forget(call: Call) -> None:
    """Here it is in force at once; elsewhere within a second."""
    call.gateway.channels.forget()
    call.gateway.credentials.forget()


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/channel/", Who.ADMIN, _list, "All channels and how busy they are.",
          gives=Page[ChannelView], query=("p", "page_size")),
    looks("/api/channel/{id}", Who.ADMIN, _get, "One channel.", gives=ChannelView),
    takes("POST", "/api/channel/", Who.ADMIN, ChannelNew, _create,
          "Add a channel. You choose its exact address; a private one is fine.",
          gives=MadeChannel),
    takes("PUT", "/api/channel/{id}", Who.ADMIN, ChannelChange, _change,
          "Change a channel. With a new `secret` the old one still serves what it began.",
          gives=ChannelView),
    acts("DELETE", "/api/channel/{id}", Who.ADMIN, _delete,
         "Take a channel away. One with tasks is refused (409), or with `drain=1` gets no new ones"
         " and goes after the last.", gives=Gone, query=("drain",)),
    acts("POST", "/api/channel/{id}/test", Who.ADMIN, _test,
         "Ask it whether it is there and takes its key. Costs nothing.", gives=Trial),
    acts("POST", "/api/channel/{id}/enable", Who.ADMIN, _enable, "Let it take new work.",
         gives=ChannelView),
    acts("POST", "/api/channel/{id}/disable", Who.ADMIN, _disable,
         "Give it no new work; what it began and what follows on that goes on.",
         gives=ChannelView),
    acts("POST", "/api/channel/{id}/drain", Who.ADMIN, _drain,
         "The same, for one that is on its way out.", gives=ChannelView),
    looks("/api/channel/{id}/credential/", Who.ADMIN, _credentials,
          "Its keys, the present one first; retired ones serve what they began.",
          gives=Page[CredentialView]),
    acts("DELETE", "/api/channel/{id}/credential/{credential}", Who.ADMIN, _end_credential,
         "End a retired key. One that tasks still need is refused (409), or with `force=1` goes,"
         " and they fail without costing anything.", query=("force",)),
)  # fmt: skip
