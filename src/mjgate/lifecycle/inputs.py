"""
The images of an order: kept before the task is written, so that it can always be sent.

What came as bytes is bounded, freed of what it tells of its maker, and stored once under its hash.
What is named by an address travels on as it is, unless a setting or a channel wants our copy.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from mjgate.domain.errors import BadImage
from mjgate.domain.image import Picture
from mjgate.domain.order import Image, Order
from mjgate.imaging import BadPicture
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.fetched import fetched
from mjgate.lifecycle.own import content_of, in_prompt, own
from mjgate.lifecycle.settings import in_force
from mjgate.lifecycle.work import Stored
from mjgate.public_http import MEBIBYTE
from mjgate.store import channels

BYTES_ONLY: Final = "base64-only"
"""What a channel's option `images` says when it takes no addresses."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Images as the request names them, and the contents that were kept, by hash."""

    images: tuple[Stored, ...]
    named: dict[str, Stored]
    pictures: Mapping[str, Picture]
    in_prompt: dict[str, Stored] = field(default_factory=dict[str, Stored])  # own addresses in it


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a picture may be, and whether those that are named by an address become ours."""

    most: int  # bytes
    pixels: int
    ours: bool


async def keep(gateway: Gateway, order: Order, *, ours: bool = False) -> Inputs:
    """Store every image of the order that came as bytes; `ours`: all of them. Raises Refused."""
    prompted = {url: Stored(hash=kept) for url, kept in order.opened.items() if url in order.prompt}
    for url, named in in_prompt(gateway, order):
        prompted[url] = Stored(hash=await content_of(gateway, named, "prompt"))
    if not order.images and not order.named_images:
        return Inputs((), {}, {}, prompted)
    terms = await _terms(gateway, ours=ours)
    roles = list(order.named_images)
    named = [(order.image_fields["images"], image) for image in order.images]
    named += [(order.image_fields[role], order.named_images[role]) for role in roles]
    kept = await asyncio.gather(*(_kept(gateway, image, field, terms) for field, image in named))
    pictures = {stored.hash: picture for stored, picture in kept if picture is not None}
    first = len(order.images)
    return Inputs(
        tuple(stored for stored, _ in kept[:first]),
        {role: stored for role, (stored, _) in zip(roles, kept[first:], strict=True)},
        pictures,
        prompted,
    )


async def bounded(
    gateway: Gateway, picture: Picture, field: str, most: int, pixels: int
) -> Picture:
    """The picture without what it tells of its maker. BadImage when it is too large or broken."""
    if len(picture.data) > most:
        msg = f"{field}: a picture may have at most {most // MEBIBYTE} MiB."
        raise BadImage(msg, field=field)
    limits = replace(gateway.imaging.limits, pixels=pixels)
    try:
        data = await gateway.imaging.strip(picture.data, limits)
    except BadPicture as bad:
        raise BadImage(f"{field}: {bad.description}", field=field) from bad
    return Picture(data, picture.type)


async def _kept(
    gateway: Gateway, image: Image, field: str, terms: _Terms
) -> tuple[Stored, Picture | None]:
    if isinstance(image, str):
        if (named := own(gateway, image, field)) is not None:
            return Stored(hash=await content_of(gateway, named, field)), None
        if not terms.ours:
            return Stored(url=image), None
        image = await fetched(gateway, image, field, terms.most)
    picture = await bounded(gateway, image, field, terms.most, terms.pixels)
    return Stored(hash=await gateway.files.put(picture.data)), picture


async def _terms(gateway: Gateway, *, ours: bool) -> _Terms:
    settings = await in_force(gateway)
    return _Terms(
        settings.reference_mib * MEBIBYTE,
        settings.reference_megapixels * 1_000_000,
        ours or settings.rehost_references or await _takes_bytes_only(gateway),
    )


async def _takes_bytes_only(gateway: Gateway) -> bool:
    """Whether some channel needs bytes: which one takes the task is not known for certain yet."""
    known = await gateway.channels.value(
        gateway.clock.now(), partial(channels.all_in_use, gateway.store.reader)
    )
    return any(each.options.get("images") == BYTES_ONLY for each in known)
