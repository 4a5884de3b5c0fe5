"""
Addresses of our own pictures, in prompts and in place of images.

Their signature is checked, and then they are read from where we keep them; nothing of ours is ever
fetched over the network. A channel gets a fresh address instead, or the bytes.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from mjgate.domain.address import Origin
from mjgate.domain.errors import BadAddress, BadImage, GatewayError
from mjgate.domain.media import Kind, Size
from mjgate.domain.order import Order
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.archive import fetch, make
from mjgate.store import media, tasks

PATIENCE: Final = 20.0
"""Seconds that a submit waits for a picture that is just being copied from its channel."""

_PATH: Final = re.compile(r"/mj/image/([0-9]{1,20})(?:/([0-9]{1,4}))?")
_ENDS: Final = ">\"'<"
"""What cannot be part of an address in a prompt."""


class Own(NamedTuple):
    """A picture of a task of ours."""

    task_id: str
    n: int


def own(gateway: Gateway, url: str, field: str) -> Own | None:
    """What an address of ours names, None for any other. BadAddress when it opens nothing."""
    path = _below(gateway, url)
    if path is None:
        return None
    found = _PATH.fullmatch(path)
    query = parse_qs(urlsplit(url).query)
    given = {name: query.get(name, [""])[0] for name in ("sig", "v", "size", "until")}
    if found is None:
        msg = f"{field}: this address is ours, but not that of a picture."
        raise BadAddress(msg, field=field)
    n = int(found[2] or 0)
    opens = gateway.links.opens(
        "image", found[1], n, given["v"] or given["size"], given["sig"],
        until=given["until"], now=gateway.clock.now(),
    )  # fmt: skip
    if not opens:
        msg = f"{field}: the signature of this address is not ours; take it from the task again."
        raise BadAddress(msg, field=field)
    return Own(found[1], n)


def in_prompt(gateway: Gateway, order: Order) -> Iterator[tuple[str, Own]]:
    """Every address of a picture of ours in a prompt. BadAddress when one opens nothing."""
    for word in order.prompt.split() if "//" in order.prompt else ():
        url = word.strip(_ENDS)
        if url in order.opened:
            continue
        if url[:4].lower() == "http" and (found := own(gateway, url, "prompt")) is not None:
            yield url, found


def check_images(gateway: Gateway, order: Order) -> None:
    """Refuse what can be refused of an order's addresses without asking anybody. BadAddress."""
    for into, image in (*(("images", each) for each in order.images), *order.named_images.items()):
        field = order.image_fields[into]
        if isinstance(image, str) and own(gateway, image, field) is None:
            gateway.public.refuse(image, field=field)
    for _ in in_prompt(gateway, order):
        pass  # each was looked at


async def content_of(gateway: Gateway, named: Own, field: str) -> str:
    """The hash of the picture, waiting a while for one that is being copied. BadImage."""
    number = tasks.parse_id(named.task_id)
    reader = gateway.store.reader
    for last in (False, True):
        item = await media.find(reader, number or 0, Kind.IMAGE, named.n, Size.WHOLE)
        if item is not None and item.kept:
            return item.hash
        if item is None or item.purged or last:
            break
        with suppress(GatewayError, OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await (fetch if item.source else make)(gateway, item).finished()
    msg = f"{field}: the picture at this address is not kept, or not yet."
    raise BadImage(msg, field=field)


def _below(gateway: Gateway, url: str) -> str | None:
    """The path of an address below our own; None for one that is elsewhere."""
    base = gateway.links.public_url
    try:
        same = Origin.of(url) == Origin.of(base)
    except BadAddress:
        return None
    home, path = urlsplit(base).path, urlsplit(url).path
    return path.removeprefix(home) if same and path.startswith(f"{home}/") else None
