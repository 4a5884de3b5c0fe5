"""Which addresses may be told of a task, and with which secret the operator's own is signed."""

from functools import partial

from mjgate.domain.address import Origin
from mjgate.domain.errors import BadAddress
from mjgate.domain.ourselves import same_place
from mjgate.keys import Keys
from mjgate.lifecycle import Gateway
from mjgate.store import channels


async def check_hook(gateway: Gateway, url: str, *, field: str = "notifyHook") -> None:
    """Raise BadAddress for what the guard refuses, for ourselves, and for a channel."""
    gateway.public.refuse(url, field=field)
    known = await gateway.channels.value(
        gateway.clock.now(), partial(channels.all_in_use, gateway.store.reader)
    )
    theirs = [each.base_url for each in known]
    place = Origin.of(url)
    for own in (gateway.links.public_url, *theirs):
        origin = _origin(own)
        if origin is not None and same_place(origin, place):
            msg = "A webhook may lead neither to this gateway nor to one of its channels."
            raise BadAddress(msg, field=field)


def global_secrets(keys: Keys) -> list[str]:
    """What signs events for the operator's own address; old master keys sign beside the new."""
    return keys.secrets("webhook of the operator")


def _origin(url: str) -> Origin | None:
    try:
        return Origin.of(url)
    except BadAddress:
        return None
