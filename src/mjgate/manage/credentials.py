"""The keys of a channel: those before the present one serve what they began, until they end."""

from mjgate.domain.channel import Channel
from mjgate.manage import Desk, NoSuch, Prevented
from mjgate.manage.channels import found
from mjgate.store import channel_edits, channels
from mjgate.store.channel_edits import Held
from mjgate.store.database import Transaction


async def held(desk: Desk, which: str | int) -> tuple[Channel, list[Held]]:
    """A channel and its keys, the present one first. NoSuch."""
    channel = await found(desk.store.reader, which)
    return channel, await channel_edits.held(desk.store.reader, channel.id)


async def end(desk: Desk, which: str | int, credential_id: int, *, force: bool = False) -> Channel:
    """
    Forget a retired key for good. One that tasks still need goes only with `force`.

    Those tasks then fail as `channel_gone`, and are not paid. NoSuch, Prevented.
    """
    return await desk.store.write(_end, desk, which, credential_id, force=force)


async def _end(
    tx: Transaction, desk: Desk, which: str | int, credential_id: int, *, force: bool
) -> Channel:
    channel = await found(tx, which)
    keys = {each.id: each for each in await channel_edits.held(tx, channel.id)}
    key = keys.get(credential_id)
    if key is None:
        raise NoSuch("key of this channel", str(credential_id))
    if key.retired_at is None:
        raise Prevented(
            "This is the key that the channel is reached with; give it another one first.",
            field="credential",
        )
    if key.tasks and not force:
        raise Prevented(
            f"{key.tasks} tasks still need this key; with force=1 it goes, and they fail.",
            field="force",
        )
    await channels.drop_credential(tx, key.id)
    await desk.audit(
        tx,
        "channel key ended",
        f"channel {channel.id}",
        before={"credential": key.id, "secret": f"****{key.tail}", "tasks": key.tasks},
    )
    return channel
