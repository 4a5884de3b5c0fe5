"""Passwords: hashed with argon2, off the event loop, since one takes a tenth of a second."""

import asyncio
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from mjgate.manage import BadValue, TooMany

LEAST: Final = 12
MOST: Final = 256
AT_ONCE: Final = 2
WAITING_MOST: Final = 32

DEAR: Final = RFC_9106_LOW_MEMORY
"""What one costs whoever tries it: 64 MiB, three times over."""

_HASHER: Final = PasswordHasher.from_parameters(DEAR)


class Checker:
    """Checks passwords, two at a time: each takes a processor and 64 MiB for a while."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def right(self, password: str, kept: str) -> bool:
        """
        Whether `kept` was made of `password`.

        For a user who is not there give `""`: the answer is no and takes as long. TooMany when
        everybody wants to log in at once.
        """
        if self._waiting >= WAITING_MOST:
            raise TooMany("Too many are logging in at once; try again in a moment.", 2)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(_matches, password, kept)
        finally:
            self._waiting -= 1


async def hashed(password: str) -> str:
    """What is kept of a password."""
    check(password)
    return await asyncio.to_thread(_HASHER.hash, password)


def check(password: str, *, field: str = "password") -> None:
    """Refuse what is too short to be safe or too long to be meant."""
    if not LEAST <= len(password) <= MOST:
        raise BadValue(f"A password has {LEAST} to {MOST} characters.", field=field)


def _matches(password: str, kept: str) -> bool:
    try:
        fits = _HASHER.verify(kept or _nobodys(), password[:MOST])
    except (VerificationError, InvalidHashError):
        return False
    return fits and bool(kept) and len(password) <= MOST


@cache
def _nobodys() -> str:
    """A hash that costs as much to check as any, and that nothing fits."""
    return _HASHER.hash("nobody has this password, whatever is tried")
