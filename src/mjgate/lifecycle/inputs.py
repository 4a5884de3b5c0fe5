"""The images of an order: kept before the task is written, so that it can always be sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from mjgate.domain.image import Picture
from mjgate.domain.order import Image, Order
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.work import Stored


@dataclass(frozen=True, slots=True)
class Inputs:
    """Images as the request names them, and the contents that were kept, by hash."""

    images: tuple[Stored, ...]
    named: dict[str, Stored]
    pictures: Mapping[str, Picture]


async def keep(gateway: Gateway, order: Order) -> Inputs:
    """Store every image of the order that came as bytes."""
    pictures: dict[str, Picture] = {}

    async def kept(image: Image) -> Stored:
        if isinstance(image, str):
            return Stored(url=image)
        content_hash = await gateway.files.put(image.data)
        pictures[content_hash] = image
        return Stored(hash=content_hash)

    images = tuple([await kept(image) for image in order.images])
    named = {role: await kept(image) for role, image in order.named_images.items()}
    return Inputs(images, named, pictures)
