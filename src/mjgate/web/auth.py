"""
Who calls: an API key from `Authorization` or `mj-api-secret`, in any of the forms in use.

A looked-up key is remembered for a second, so that polling costs one read and a change or a
revocation is in force within that second.
"""

import ipaddress
from collections import OrderedDict
from typing import Final

from starlette.requests import Request

from mjgate.domain.account import Caller
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import BadKey, IpNotAllowed, KeyDisabled, Refused
from mjgate.keys import fingerprint
from mjgate.lifecycle import Gateway
from mjgate.store import accounts
from mjgate.store.accounts import Door

REMEMBER: Final = 1 * SECOND
REMEMBERED: Final = 10_000
KEY_MOST: Final = 256

_HEADERS: Final = ("authorization", "mj-api-secret")


class Doors:
    """Keys that were looked up a moment ago; unknown ones too, so that guessing costs little."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._known: OrderedDict[str, tuple[int, Door | None]] = OrderedDict()

    async def caller(self, request: Request) -> Caller:
        """The first valid key of the request. BadKey, KeyDisabled, IpNotAllowed."""
        trouble: Refused | None = None
        for key in _candidates(request):
            door = await self._door(key)
            if door is None:
                continue
            refused = self._barred(door, request)
            if refused is None:
                return door.caller
            trouble = refused
        raise trouble or BadKey()

    async def _door(self, key: str) -> Door | None:
        now = self._gateway.clock.now()
        found = self._known.get(key)
        if found is not None and found[0] > now:
            return found[1]
        door = await accounts.door(self._gateway.store.reader, fingerprint(key))
        self._known[key] = now + REMEMBER, door
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return door

    def _barred(self, door: Door, request: Request) -> Refused | None:
        """What keeps a known key from being used just now."""
        if door.expires_at is not None and door.expires_at <= self._gateway.clock.now():
            return BadKey("The key has expired; ask the operator for a new one.")
        if not door.enabled:
            return KeyDisabled()
        if door.ips and not _within(request.state.address, door.ips):
            return IpNotAllowed()
        return None


def bearer(text: str) -> str:
    """What a header says, without the word `Bearer` in front."""
    text = text.strip()
    return text[7:].strip() if text[:7].lower() == "bearer " else text


def _candidates(request: Request) -> list[str]:
    """Every key that the request carries, with and without `Bearer ` and `sk-`."""
    found: list[str] = []
    for each in (each for name in _HEADERS for each in request.headers.getlist(name)):
        key = bearer(each).removeprefix("sk-")
        if key and len(key) <= KEY_MOST:
            found.append(key)
    return found


def _within(host: str, ranges: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(each, strict=False) for each in ranges)
