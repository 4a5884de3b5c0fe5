"""Reading bodies: bounded in bytes and time, and JSON whatever the client calls it."""

import asyncio
from collections.abc import Mapping
from typing import Final, cast

import msgspec
from starlette.requests import ClientDisconnect, Request

from mjgate.domain.errors import BadJson, MediaType, TooLarge

SMALL: Final = 256 * 1024
"""The limit for everything but submits."""

DEADLINE: Final = 60.0
"""Seconds that a client may take to send a body."""

Body = Mapping[str, object]


async def read(request: Request, most: int) -> bytes:
    """The raw body. TooLarge, MediaType, BadJson for one that does not come."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaType
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not kind.endswith("json"):
        raise MediaType
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > most:
        raise _too_large(most)
    body = bytearray()
    try:
        async with asyncio.timeout(DEADLINE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise _too_large(most)
    except (TimeoutError, ClientDisconnect) as error:
        msg = f"The body did not arrive within {DEADLINE:.0f} s."
        raise BadJson(msg) from error
    return bytes(body)


def decode(body: bytes) -> Body:
    """The JSON object in `body`; `null` and nothing at all are an empty one. BadJson."""
    try:
        value: object = msgspec.json.decode(body) if body.strip() else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"The body is not JSON: {str(error)[:200]}."
        raise BadJson(msg) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadJson
    return cast("Body", value)


def _too_large(most: int) -> TooLarge:
    msg = f"The body is too large; at most {most} bytes are taken."
    return TooLarge(msg, properties={"limit": most})
