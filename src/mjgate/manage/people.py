"""
Users, as an admin changes them: role, status, group, limits, password; adjusting and deleting.

The last active admin stays one: he cannot be disabled, demoted or deleted.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from mjgate.domain.account import Role
from mjgate.domain.clock import DAY
from mjgate.domain.errors import NotFound
from mjgate.keys import fingerprint, new_key
from mjgate.manage import BadValue, Desk, NoSuch, Prevented, checks, passwords
from mjgate.store import accounts, ledger, people, sessions
from mjgate.store.database import ConstraintBroken, Transaction
from mjgate.store.people import Person

_LENGTH: Final = 20
_TEXT_MOST: Final = 200

Who = int | str
"""A user, by his id or his name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What may be changed of a user; what is not named stays."""

    username: str
    role: Role
    enabled: bool
    group: str
    max_running: int | None
    max_waiting: int
    max_windows: int


def named(changes: Mapping[str, Any], user: Person) -> Changes:
    """The user as he shall be. BadValue."""
    values: dict[str, Any] = {each.name: getattr(user, each.name) for each in fields(Changes)}
    wanted = Changes(**(values | dict(changes)))
    if wanted.username != user.username:
        checks.name(wanted.username, field="username")
    for field in ("max_running", "max_waiting", "max_windows"):
        checks.count(getattr(wanted, field), field=field)
    return wanted


async def change_user(
    desk: Desk, who: Who, changes: Mapping[str, Any], *, password: str | None = None
) -> Person:
    """
    Change what is named, and perhaps the password; how he then is.

    BadValue, NoSuch, Taken, Prevented.
    """
    kept = None if password is None else await passwords.hashed(password)
    return await desk.store.write(_change, desk, who, changes, kept)


async def set_password(desk: Desk, who: Who, password: str = "") -> tuple[Person, str]:
    """
    Give a user a password; it ends his sessions. A random one is good for a day and once.

    BadValue, NoSuch.
    """
    chosen = password or new_key(_LENGTH)
    until = None if password else desk.clock.now() + DAY
    kept = await passwords.hashed(chosen)
    return await desk.store.write(_set_password, desk, who, kept, until), chosen


async def adjust(
    desk: Desk, who: Who, units: int, *, reason: str, reference: str = ""
) -> tuple[int, int]:
    """Give or take money, with a reason; id and new balance. BadValue, Taken, Prevented."""
    checks.amount(abs(units), field="units")
    checks.text(reason, field="reason", least=1, most=_TEXT_MOST)
    checks.reference(reference)
    return await desk.store.write(_adjust, desk, who, units, reason, reference)


async def delete_user(desk: Desk, user_id: int) -> None:
    """
    Take a disabled user away: his keys, sessions and hooks at once, what he wrote soon after.

    The ledger keeps its rows, of a user without a name. NoSuch, Prevented.
    """
    await desk.store.write(_delete, desk, user_id, fingerprint(new_key()))


async def found(tx: Transaction, who: Who) -> Person:
    """The user, as he will stand until the transaction ends. NoSuch."""
    user_id = await people.id_of(tx, who) if isinstance(who, str) else who
    try:
        return await people.locked(tx, user_id or 0)
    except NotFound:
        raise NoSuch("user", str(who)) from None


async def _change(
    tx: Transaction, desk: Desk, who: Who, changes: Mapping[str, Any], kept: str | None
) -> Person:
    if {"role", "enabled"} & set(changes):
        await tx.lock_all()  # two admins who demote each other: one of them stays
    user = await found(tx, who)
    wanted = named(changes, user)
    if not (wanted.role is Role.ADMIN and wanted.enabled):
        await _keep_an_admin(tx, user)
    await _put(tx, desk, user.id, wanted)
    if kept is not None:
        await people.set_password(tx, user.id, kept, until=None)
    if kept is not None or (wanted.role, wanted.enabled) != (user.role, user.enabled):
        await sessions.end_all(tx, user.id)
    after = replace(user, **asdict(wanted))
    said = differences(asdict(user), asdict(after))
    if kept is not None:
        said["after"] |= {"password": "set"}
    await desk.audit(tx, "user changed", f"user {user.id}", **said)
    return after


async def _put(tx: Transaction, desk: Desk, user_id: int, wanted: Changes) -> None:
    """Write him down as he shall be. BadValue, Taken."""
    group_id = await accounts.group_id(tx, wanted.group, desk.clock.now())
    if group_id is None:
        raise BadValue(f"There is no group {wanted.group!r}.", field="group")
    values = {
        "username": wanted.username,
        "role": wanted.role,
        "status": "enabled" if wanted.enabled else "disabled",
        "group_id": group_id,
        "max_running": wanted.max_running,
        "max_waiting": wanted.max_waiting,
        "max_windows": wanted.max_windows,
    }
    try:
        await people.write(tx, user_id, values)
    except ConstraintBroken as broken:
        raise checks.name_taken(broken, wanted.username) from None


async def _keep_an_admin(tx: Transaction, user: Person) -> None:
    if user.role is Role.ADMIN and user.enabled and await accounts.admins(tx) <= 1:
        raise Prevented("This is the last active admin; make another one first.", field="role")


def differences(
    before: Mapping[str, object], after: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    """What an audit row says of a change: only what is another now."""
    changed = [name for name, value in after.items() if before.get(name) != value]
    return {
        "before": {name: before.get(name) for name in changed},
        "after": {name: after[name] for name in changed},
    }


async def _set_password(
    tx: Transaction, desk: Desk, who: Who, kept: str, until: int | None
) -> Person:
    user = await found(tx, who)
    await people.set_password(tx, user.id, kept, until=until)
    await sessions.end_all(tx, user.id)
    await desk.audit(tx, "password set", f"user {user.id}", after={"good_until": until})
    return user


async def _adjust(
    tx: Transaction, desk: Desk, who: Who, units: int, reason: str, reference: str
) -> tuple[int, int]:
    user = await found(tx, who)
    try:
        await ledger.adjust(tx, user.id, units, desk.clock.now(), reference=reference or None)
    except ConstraintBroken as broken:
        if broken.name == "a_balance_is_not_negative":
            msg = f"Only {user.balance} units are free: {-units} cannot be taken."
            raise Prevented(msg, field="units") from None
        raise checks.used_before(broken, reference) from None
    await desk.audit(
        tx,
        "user adjusted",
        f"user {user.id}",
        before={"balance": user.balance},
        after={
            "balance": user.balance + units,
            "units": units,
            "reason": reason,
            "reference": reference,
        },
    )
    return user.id, user.balance + units


async def _delete(tx: Transaction, desk: Desk, user_id: int, access_hash: str) -> None:
    user = await found(tx, user_id)
    if user.enabled:
        raise Prevented("Disable the user first, then delete him.", field="status")
    open_tasks = await people.open_tasks(tx, user_id)
    if open_tasks:
        raise Prevented(
            f"{open_tasks} of his tasks have not ended yet; wait or cancel them.", field="id"
        )
    await people.delete(
        tx, user_id, name=f"deleted {user_id}", access_hash=access_hash, now=desk.clock.now()
    )
    await sessions.end_all(tx, user_id)
    await desk.audit(tx, "user deleted", f"user {user_id}")
