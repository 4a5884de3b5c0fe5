"""A picture at an address that a user chose: fetched through the guard, and never by a proxy."""

import asyncio
from typing import Final

from mjgate.domain.errors import BadAddress, BadImage
from mjgate.domain.image import Picture, sniff
from mjgate.lifecycle import Gateway
from mjgate.public_http import MEBIBYTE, PASSES, Limits
from mjgate.public_http.errors import AnswerTooLarge, FetchError

PAUSES: Final = (0.0, 0.2, 0.6)
"""Seconds before each try: hosts of pictures are flaky, and a client waits."""

WORTH: Final = 5.0
"""Seconds after which another try would keep the client waiting for too long."""

LIMITS: Final = {"connect": 5.0, "first_byte": 8.0, "idle": 8.0, "total": 15.0}
_OK: Final = 200


async def fetched(gateway: Gateway, url: str, field: str, most: int) -> Picture:
    """The picture, of at most `most` bytes, from one of three tries. BadAddress, BadImage."""
    why, loop = "", asyncio.get_running_loop()
    began = loop.time()
    for pause in PAUSES:
        if loop.time() - began > WORTH:
            break
        await asyncio.sleep(pause)
        try:
            found = await _once(gateway, url, field, most)
        except AnswerTooLarge as error:
            msg = f"{field}: a picture may have at most {most // MEBIBYTE} MiB."
            raise BadImage(msg, field=field) from error
        except BadAddress as error:
            raise BadAddress(f"{field}: {error.description}", field=field) from error
        except FetchError as error:
            why = error.description
            continue
        if isinstance(found, Picture):
            return found
        why = f"It answers with HTTP {found}."
        if found not in PASSES:
            break
    msg = f"{field}: the picture at this address cannot be had. {why}"
    raise BadImage(msg, field=field)


async def _once(gateway: Gateway, url: str, field: str, most: int) -> Picture | int:
    """The picture, or the status of an answer that has none."""
    limits = Limits(**LIMITS, max_bytes=most, redirects=3)
    async with gateway.public.open("GET", url, limits=limits) as answer:
        if answer.status != _OK:
            return answer.status
        data = await answer.read()
    kind = sniff(data)
    if kind is None:
        msg = f"{field}: at this address is no PNG, JPEG, WebP or GIF."
        raise BadImage(msg, field=field)
    return Picture(data, kind)
