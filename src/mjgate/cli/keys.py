"""`mjgate keys`: the master key."""

import asyncio

import typer

from mjgate import home
from mjgate.cli.place import Place, placed
from mjgate.cli.shared import ACTOR, Json, at_desk, explained, refuse_missing
from mjgate.cli.terminal import answer, pairs, say, tell
from mjgate.config import Config
from mjgate.lifecycle.hooks import global_secrets
from mjgate.manage import Desk, rotation

commands = typer.Typer()


@commands.command()
@placed
def rotate(place: Place, *, as_json: Json = False) -> None:
    """
    Write every secret anew with a new master key, while no gateway runs.

    Without MJGATE_SECRET_KEY a new key is made in the data directory. With it, set the new key
    there and the old one in MJGATE_RETIRED_SECRET_KEYS first. Signatures of old keys still verify.
    """
    settings = place.load()
    refuse_missing(settings, place)
    with explained(settings, "keys rotate", place):
        key_id, counts = asyncio.run(_rotate(settings))
    if as_json:
        answer({"key_id": key_id, "secrets": sum(counts.values())})
        return
    say(f"The master key is {key_id} from now on. Written anew:", "bold")
    pairs(counts)


@commands.command()
@placed
def webhook(place: Place, *, as_json: Json = False) -> None:
    """
    Tell the secret that signs what goes to addresses of the operator: his webhook, and alerts.

    It is made from the master key, and is another one when that is replaced.
    """

    async def work(desk: Desk) -> str:
        return global_secrets(desk.keys)[0]

    secret = at_desk("keys webhook", place, work)
    tell({"secret": secret}, secret, as_json=as_json)


async def _rotate(config: Config) -> tuple[str, dict[str, int]]:
    async with await home.open_for_rotation(config) as store:
        keys = home.load_keys(config)
        desk = Desk(store=store, keys=keys, clock=store.clock, actor=ACTOR)
        await rotation.refuse_running(desk)
        keys = await home.with_new_key(config, store)
        desk = Desk(store=store, keys=keys, clock=store.clock, actor=ACTOR)
        return keys.current.id, dict(await rotation.rotate(desk))
