"""`mjgate channel`: the accounts at providers that do the work."""

from dataclasses import asdict
from typing import Annotated

import typer

from mjgate.cli import channel_changes as changes
from mjgate.cli.channel_changes import Key, ProxyUrl, Which, key_given, proxy_given
from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk, listed
from mjgate.cli.terminal import Failure, answer, say, suggest, table
from mjgate.domain.channel import Channel
from mjgate.manage import Desk, channels, trying
from mjgate.manage.proxies import shown_proxy
from mjgate.providers import PROVIDERS
from mjgate.store import channels as rows
from mjgate.upstream import Upstream

commands = typer.Typer()

OFFERS = "What it offers (all, unless said)"
_OPTIONS = "; ".join(
    f"{name}: "
    + " ".join(f"{option}={'|'.join(row.values) or 'N'}" for option, row in each.options.items())
    for name, each in PROVIDERS.items()
)

Name = Annotated[str, typer.Option(help="What to call it.", show_default=False)]
ProviderName = Annotated[str, typer.Option(help=f"One of: {', '.join(PROVIDERS)}.")]
BaseUrl = Annotated[str, typer.Option(help="Where it is.", show_default=False)]
Modes = Annotated[
    list[str] | None,
    typer.Option(help="FAST,RELAX,TURBO", rich_help_panel=OFFERS, show_default=False),
]
Actions = Annotated[
    list[str] | None,
    typer.Option(help="IMAGINE,UPSCALE,…", rich_help_panel=OFFERS, show_default=False),
]
MaxRunning = Annotated[
    int, typer.Option(help="Tasks at a time in each mode.", rich_help_panel=OFFERS)
]
MaxWaiting = Annotated[
    int, typer.Option(help="Tasks that may wait in each mode.", rich_help_panel=OFFERS)
]
SubmitGap = Annotated[
    int, typer.Option(help="Milliseconds between two submits of a mode.", rich_help_panel=OFFERS)
]
Priority = Annotated[int, typer.Option(help="The highest is asked first.")]
Weight = Annotated[int, typer.Option(help="Share among equals, where shares are used.")]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", help=f"name=value. {_OPTIONS}.", show_default=False),
]


@commands.command()
@placed
def add(
    place: Place,
    *,
    name: Name,
    provider: ProviderName = "mjproxy",
    base_url: BaseUrl,
    key: Key = None,
    modes: Modes = None,
    actions: Actions = None,
    max_running: MaxRunning = 10,
    max_waiting: MaxWaiting = 1_000,
    submit_gap: SubmitGap = 0,
    priority: Priority = 0,
    weight: Weight = 1,
    proxy: ProxyUrl = None,
    option: Options = None,
    as_json: Json = False,
) -> None:
    """Add a channel. You choose its exact address; a private one is fine."""
    wanted = channels.NewChannel(
        name=name,
        provider=provider,
        base_url=base_url,
        secret=key_given(key, "add"),
        modes=listed(modes),
        actions=listed(actions),
        max_running=max_running,
        max_waiting=max_waiting,
        submit_gap=submit_gap,
        priority=priority,
        weight=weight,
        proxy=proxy_given(proxy),
        options=dict(map(_option, option or ())),
    )
    made = _added(place, wanted)
    if as_json:
        answer(asdict(made))
    else:
        _tell(made, place)


@commands.command("list")
@placed
def list_(place: Place, *, as_json: Json = False) -> None:
    """Show every channel and how busy it is."""

    async def work(desk: Desk) -> list[tuple[Channel, str]]:
        known = await rows.all_in_use(desk.store.reader)
        return [(channel, shown_proxy(desk, channel)) for channel in known]

    found = at_desk("channel list", place, work)
    if as_json:
        answer({"channels": [_shown(*each) for each in found]})
        return
    table(
        ("id", "name", "provider", "address", "status", "running", "actions"),
        [
            (
                channel.id,
                channel.name,
                channel.provider,
                channel.base_url,
                channel.status.value,
                ", ".join(
                    f"{mode.lower()} {load.running}/{load.max_running}"
                    for mode, load in channel.loads.items()
                ),
                " ".join(sorted(channel.actions)) or "all",
            )
            for channel, _ in found
        ],
    )


@commands.command("test")
@placed
def try_(place: Place, which: Which, *, as_json: Json = False) -> None:
    """Ask a channel whether it is there and takes its key. Costs nothing."""

    async def work(desk: Desk) -> trying.Trial:
        upstream = await Upstream.open()
        try:
            return await trying.try_channel(desk, upstream, which)
        finally:
            await upstream.close()

    trial = at_desk("channel test", place, work)
    if as_json:
        answer(asdict(trial))
    elif trial.ok:
        say(f"{trial.text} ({trial.milliseconds} ms)")
    else:
        raise Failure(trial.text, place.command("channel", "list"))
    if not trial.ok:
        raise typer.Exit(1)


commands.command("enable")(changes.enable)
commands.command("disable")(changes.disable)
commands.command("drain")(changes.drain)
commands.command("limit")(changes.limit)
commands.command("set-secret")(changes.set_secret)
commands.command("secrets")(changes.secrets)
commands.command("drop-secret")(changes.drop_secret)
commands.command("proxy")(changes.set_proxy)


def _added(place: Place, wanted: channels.NewChannel) -> channels.MadeChannel:
    ourselves = place.load().public_url or None

    async def work(desk: Desk) -> channels.MadeChannel:
        return await channels.add_channel(desk, wanted, ourselves=ourselves)

    return at_desk("channel add", place, work)


def _tell(made: channels.MadeChannel, place: Place) -> None:
    say(f"Added channel {made.name} (id {made.id}, instance {made.instance_id}).", "bold")
    say("Next, see whether it takes the key:")
    suggest(place.command("channel", "test", made.name))


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Failure(
            f"The option {text!r} must be written as name=value.",
            "mjgate channel add --help",
            code=2,
        )
    return name, value


def _shown(channel: Channel, proxy_shown: str) -> dict[str, object]:
    return {
        "id": channel.id,
        "name": channel.name,
        "provider": channel.provider,
        "base_url": channel.base_url,
        "instance_id": channel.instance_id,
        "status": channel.status.value,
        "priority": channel.priority,
        "weight": channel.weight,
        "proxy": proxy_shown,
        "options": channel.options,
        "actions": sorted(channel.actions),
        "modes": {mode.value: asdict(load) for mode, load in channel.loads.items()},
    }
