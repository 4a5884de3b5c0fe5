"""Passwords: hashed with argon2, off the event loop, since one takes a tenth of a second."""

import asyncio
from typing import Final

from argon2 import PasswordHasher

from mjgate.manage import BadValue

LEAST: Final = 12
MOST: Final = 256

_HASHER: Final = PasswordHasher()


async def hashed(password: str) -> str:
    """What is kept of a password."""
    check(password)
    return await asyncio.to_thread(_HASHER.hash, password)


def check(password: str) -> None:
    """Refuse what is too short to be safe or too long to be meant."""
    if not LEAST <= len(password) <= MOST:
        raise BadValue(f"A password has {LEAST} to {MOST} characters.", field="password")
