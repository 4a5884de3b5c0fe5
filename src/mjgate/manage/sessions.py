"""
Logging in and out.

A session is a random id in a cookie, kept by its hash. Who guesses wrongly has to wait, ever
longer, whether he goes on with one account or from one address; a guess counts before it is
checked, so that many at once are no way around, and is taken back when it was right.
"""

import ipaddress
from dataclasses import dataclass
from typing import Final

from mjgate.domain.account import Visitor
from mjgate.domain.clock import HOUR, MINUTE, SECOND
from mjgate.keys import fingerprint, new_key
from mjgate.manage import BadValue, Desk, Forbidden, NotKnown, TooMany
from mjgate.manage.passwords import Checker
from mjgate.store import sessions, settings
from mjgate.store.database import Transaction
from mjgate.store.sessions import Tries

IDLE: Final = 12 * HOUR
ABSOLUTE: Final = 7 * 24 * HOUR
SEEN: Final = MINUTE
"""How exactly we know when somebody was seen last."""

FORGET: Final = HOUR
"""After so long without a wrong guess the counting begins anew."""

FREE: Final = {"user": 5, "address": 20}
"""Wrong guesses without a pause."""

LONGEST: Final = {"user": MINUTE, "address": 15 * MINUTE}
"""A stranger must not lock a user out for long, so the pause of an account stays short."""

_WRONG: Final = "The user name or the password is wrong."


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was begun; `id` goes into the cookie and is told nowhere else."""

    id: str
    user_id: int
    must_change: bool


async def login(
    desk: Desk, checker: Checker, username: str, password: str, *, address: str
) -> Opened:
    """Begin a session. NotKnown, Forbidden, TooMany."""
    store, now = desk.store, desk.clock.now()
    lock = await sessions.lock_of(store.reader, username)
    account = f"user {lock.user_id}" if lock else f"user named {fingerprint(username)}"
    subjects = [("user", account), ("address", f"address {network(address)}")]
    await store.write(_count, subjects, now)
    right = await checker.right(password, lock.password_hash if lock else "")
    void = lock is not None and lock.password_until is not None and lock.password_until <= now
    if lock is None or not right or void or not lock.enabled:
        await store.write(_note_failure, desk, lock, address)
    if lock is None or not right:
        raise NotKnown(_WRONG)
    if void:
        raise NotKnown(
            "This one-time password is void; the operator gives a new one with"
            " `mjgate user password`."
        )
    if not lock.enabled:
        raise Forbidden("This account is disabled; ask the operator.")
    opened = Opened(new_key(), lock.user_id, lock.password_until is not None)
    await store.write(_begin, desk, lock.user_id, opened, subjects)
    return opened


async def logout(desk: Desk, session: str) -> None:
    """End the session with that hash."""
    await desk.store.write(sessions.end, session)


async def forget_logins(tx: Transaction, now: int) -> None:
    """Drop sessions that have expired, and guesses that no longer count."""
    await sessions.forget_before(tx, sessions=now - ABSOLUTE, tries=now - FORGET)


async def confirm(desk: Desk, checker: Checker, visitor: Visitor, password: str) -> None:
    """Refuse who cannot repeat his own password; guesses are counted. BadValue, TooMany."""
    store = desk.store
    account = [("user", f"user {visitor.user_id}")]
    lock = await sessions.lock_of(store.reader, visitor.username)
    await store.write(_count, account, desk.clock.now())
    if lock is None or not await checker.right(password, lock.password_hash):
        raise BadValue("The old password is wrong.", field="old_password")
    await store.write(_take_back, account, desk.clock.now())


def network(address: str) -> str:
    """Whose guesses are counted together: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.ip_network(f"{found}/64", strict=False))


async def _count(tx: Transaction, subjects: list[tuple[str, str]], now: int) -> None:
    """Count a guess against account and address. TooMany while either has to wait."""
    known = [await sessions.tries(tx, subject) for _, subject in subjects]
    wait = max(each.open_at - now for each in known)
    if wait > 0:
        seconds = -(-wait // SECOND)
        raise TooMany(f"Too many wrong guesses; try again in {seconds} s.", seconds)
    for (kind, subject), before in zip(subjects, known, strict=True):
        failures = 1 if before.failed_at < now - FORGET else before.failures + 1
        await sessions.note_tries(tx, subject, Tries(failures, now, now + _pause(kind, failures)))


def _pause(kind: str, failures: int) -> int:
    """How long to wait after so many wrong guesses: nothing, then 1, 2, 4 … seconds."""
    over = failures - FREE[kind]
    return 0 if over < 0 else min(SECOND << min(over, 20), LONGEST[kind])


async def _note_failure(
    tx: Transaction, desk: Desk, lock: sessions.Lock | None, address: str
) -> None:
    """A name that nobody has is not written down: it may be a password in the wrong field."""
    await settings.audit(
        tx,
        actor="nobody",
        act="login failed",
        subject=f"user {lock.user_id}" if lock else "user unknown",
        now=desk.clock.now(),
        after={"address": address},
    )


async def _begin(
    tx: Transaction, desk: Desk, user_id: int, opened: Opened, subjects: list[tuple[str, str]]
) -> None:
    now = desk.clock.now()
    await _take_back(tx, subjects, now)
    await sessions.begin(tx, user_id, fingerprint(opened.id), now)
    await settings.audit(
        tx, actor=f"user {user_id}", act="logged in", subject=f"user {user_id}", now=now
    )


async def _take_back(tx: Transaction, subjects: list[tuple[str, str]], now: int) -> None:
    """It was no guess: forget what was counted against the account, and one of the address's."""
    for kind, subject in subjects:
        before = await sessions.tries(tx, subject)
        left = 0 if kind == "user" else max(before.failures - 1, 0)
        pause = _pause(kind, left) if left else 0
        await sessions.note_tries(tx, subject, Tries(left, before.failed_at, now + pause))
