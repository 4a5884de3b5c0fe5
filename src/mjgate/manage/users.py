"""Users: making them, the very first admin among them, and giving them money."""

from dataclasses import dataclass, replace
from typing import Final

from mjgate.domain.account import Role
from mjgate.domain.clock import DAY
from mjgate.keys import Purpose, fingerprint, new_key
from mjgate.manage import BadValue, Desk, checks, passwords
from mjgate.manage.hooks import new_secret
from mjgate.manage.people import Who, found
from mjgate.store import accounts, ledger
from mjgate.store.database import ConstraintBroken, Transaction

FIRST_ADMIN: Final = "admin"
ONE_TIME: Final = DAY
"""How long the first admin's random password is good."""

_PASSWORD_LENGTH: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to be made. Without a password he gets a random one."""

    username: str
    role: Role = Role.USER
    group: str = "default"
    quota: int = 0
    password: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUser:
    """A user who was made, with what is told this once and never again."""

    id: int
    username: str
    role: Role
    quota: int
    access_token: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What is decided before the transaction, so that a second run of it changes nothing."""

    made: MadeUser
    group: str
    password_hash: str
    password_until: int | None
    hook_secret_enc: str
    now: int


async def create_user(desk: Desk, wanted: NewUser) -> MadeUser:
    """Make a user, with his quota as his first grant. BadValue, NoSuch, Taken."""
    checks.name(wanted.username, field="username")
    checks.amount(wanted.quota, least=0)
    return await desk.store.write(_create, desk, await _draft(desk, wanted))


async def first_admin(desk: Desk, password: str = "") -> MadeUser | None:
    """
    Make the first admin unless there is one; None for all but the one caller who made him.

    A given password stays; a random one has to be changed within a day.
    """
    if await accounts.any_admin(desk.store.reader):
        return None
    wanted = NewUser(username=FIRST_ADMIN, role=Role.ADMIN, password=password)
    draft = await _draft(desk, wanted)
    if not password:
        draft = replace(draft, password_until=draft.now + ONE_TIME)
    return await desk.store.write(_create_first, desk, draft)


async def topup(desk: Desk, who: Who, units: int, *, reference: str = "") -> tuple[int, int]:
    """Give a user money; his id and new balance. A reference counts once, for ever."""
    checks.amount(units, field="units")
    checks.reference(reference)
    return await desk.store.write(_topup, desk, who, units, reference)


async def _draft(desk: Desk, wanted: NewUser) -> _Draft:
    made = MadeUser(
        id=0,
        username=wanted.username,
        role=wanted.role,
        quota=wanted.quota,
        access_token=new_key(),
        password=wanted.password or new_key(_PASSWORD_LENGTH),
    )
    return _Draft(
        made=made,
        group=wanted.group,
        password_hash=await passwords.hashed(made.password),
        password_until=None,
        hook_secret_enc=desk.keys.encrypt(Purpose.WEBHOOK, new_secret()),
        now=desk.clock.now(),
    )


async def _create_first(tx: Transaction, desk: Desk, draft: _Draft) -> MadeUser | None:
    await tx.lock_all()
    if await accounts.any_admin(tx):
        return None
    username, number = draft.made.username, 1
    while await accounts.user_named(tx, username) is not None:  # a user may be called so
        number += 1
        username = f"{draft.made.username}{number}"
    return await _create(tx, desk, replace(draft, made=replace(draft.made, username=username)))


async def _create(tx: Transaction, desk: Desk, draft: _Draft) -> MadeUser:
    made = draft.made
    group_id = await accounts.group_id(tx, draft.group, draft.now)
    if group_id is None:
        raise BadValue(f"There is no group {draft.group!r}.", field="group")
    values = {
        "username": made.username,
        "role": made.role,
        "group_id": group_id,
        "password_hash": draft.password_hash,
        "password_until": draft.password_until,
        "access_hash": fingerprint(made.access_token),
        "access_tail": made.access_token[-4:],
        "hook_secret_enc": draft.hook_secret_enc,
        "now": draft.now,
    }
    try:
        user_id = await accounts.add_user(tx, values)
    except ConstraintBroken as broken:
        raise checks.name_taken(broken, made.username) from None
    if made.quota:
        await ledger.grant(tx, user_id, made.quota, draft.now)
    await desk.audit(
        tx,
        "user created",
        f"user {user_id}",
        after={
            "username": made.username,
            "role": made.role,
            "group": draft.group,
            "quota": made.quota,
        },
    )
    return replace(made, id=user_id)


async def _topup(
    tx: Transaction, desk: Desk, who: Who, units: int, reference: str
) -> tuple[int, int]:
    user = await found(tx, who)
    try:
        await ledger.grant(tx, user.id, units, desk.clock.now(), reference=reference or None)
    except ConstraintBroken as broken:
        raise checks.used_before(broken, reference) from None
    await desk.audit(
        tx,
        "user topped up",
        f"user {user.id}",
        before={"balance": user.balance},
        after={"balance": user.balance + units, "units": units, "reference": reference},
    )
    return user.id, user.balance + units
