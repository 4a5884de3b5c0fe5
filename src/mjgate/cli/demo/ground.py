"""What the demo stands on: a directory of its own, a user, a key and a channel."""

import contextlib
import fcntl
import shlex
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mjgate import home
from mjgate.cli.terminal import Failure
from mjgate.config import Config
from mjgate.domain.pricing import UNIT
from mjgate.manage import Desk
from mjgate.manage.channels import NewChannel, add_channel, move_channel
from mjgate.manage.tokens import NewToken, create_token, revoke_token
from mjgate.manage.users import MadeUser, NewUser, create_user, first_admin, topup
from mjgate.store import accounts, channels, tokens

ROOM: Final = 64 << 20
"""Bytes of free disk that a demo wants to begin with."""

DATA_DIR: Final = Path("demo-data")
MARKER: Final = "made-by-mjgate-demo"
NAME: Final = "demo"
CHANNEL: Final = "sandbox"
QUOTA: Final = 100 * UNIT


@dataclass(frozen=True, slots=True)
class Ground:
    """What was made; the admin only in the first run, when his password can be told."""

    key: str
    admin: MadeUser | None


def another(directory: Path) -> str:
    """The command for a demo in a directory beside this one, which is free or a demo's own."""
    number = 2
    while (beside := directory.with_name(f"{directory.name}-{number}")).exists():
        if (beside / MARKER).exists():
            break
        number += 1
    return shlex.join(["mjgate", "demo", "--data-dir", str(beside)])


@contextlib.contextmanager
def claimed(directory: Path) -> Generator[None]:
    """Have the directory to ourselves; refuse one that no demo made. Failure."""
    marker = directory / MARKER
    if directory.exists() and not marker.exists() and any(directory.iterdir()):
        raise Failure(
            f"{directory} was not made by a demo, so the demo leaves it alone.",
            another(directory),
        )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(directory).free < ROOM:
        raise Failure(
            f"{directory} has {shutil.disk_usage(directory).free >> 20} MiB left; a demo wants"
            f" {ROOM >> 20}.",
            f"df -h {shlex.quote(str(directory))}",
        )
    with marker.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(
                f"A demo is running in {directory} already.",
                another(directory),
            ) from None
        yield


async def laid(config: Config, *, upstream: str, secret: str) -> Ground:
    """Make what is missing, and lead the channel to where the sandbox is now."""
    async with await home.open_store(config, must_exist=False) as store:
        clock = store.clock
        desk = Desk(store=store, keys=home.load_keys(config), clock=clock, actor="demo")
        admin = await first_admin(desk)
        await _user(desk)
        await _channel(desk, upstream, secret)
        return Ground(await _key(desk), admin)


async def _user(desk: Desk) -> None:
    user = await accounts.user_named(desk.store.reader, NAME)
    if user is None:
        await create_user(desk, NewUser(username=NAME, quota=QUOTA))
    elif user.balance < QUOTA:
        await topup(desk, NAME, QUOTA - user.balance)


async def _channel(desk: Desk, upstream: str, secret: str) -> None:
    if await channels.named(desk.store.reader, CHANNEL) is not None:
        await move_channel(desk, CHANNEL, to=upstream, secret=secret)
        return
    await add_channel(
        desk,
        NewChannel(name=CHANNEL, provider="mjproxy", base_url=upstream, secret=secret, options={}),
    )


async def _key(desk: Desk) -> str:
    """A fresh key; those of earlier runs open nothing any more."""
    user = await accounts.user_named(desk.store.reader, NAME)
    for token in await tokens.every(desk.store.reader, user.id if user else 0):
        if token.name == NAME:
            await revoke_token(desk, token.id)
    return (await create_token(desk, NewToken(username=NAME, name=NAME))).key
