"""/api/user/: everybody's accounts, for admins."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from mjgate.domain.account import Role
from mjgate.manage import checks, people, users
from mjgate.manage.users import MadeUser, NewUser
from mjgate.store import people as rows
from mjgate.store.people import Person
from mjgate.web.api.rows import Call, Page, Row, Who, acts, given, looks, takes
from mjgate.web.api.words import status


class UserView(Struct, frozen=True):
    """An account. Money in quota units; null for no limit."""

    id: int
    username: str
    role: str
    status: str
    group: str
    quota: int
    held: int
    used: int
    granted: int
    running: int
    max_running: int | None
    max_waiting: int
    max_windows: int
    created_at: int


class UserNew(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody new; without a password he gets a random one."""

    username: str
    password: str = ""
    role: str = "user"
    group: str = "default"
    quota: int = 0


class UserChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays. A new password ends his sessions."""

    username: str | UnsetType = UNSET
    password: str | UnsetType = UNSET
    role: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    group: str | UnsetType = UNSET
    max_running: int | UnsetType | None = UNSET
    max_waiting: int | UnsetType = UNSET
    max_windows: int | UnsetType = UNSET


class Topup(Struct, frozen=True, forbid_unknown_fields=True):
    """Units to add; a reference counts once, for ever."""

    units: int
    reference: str = ""


class Adjustment(Struct, frozen=True, forbid_unknown_fields=True):
    """Units to add or, negative, to take away, and why."""

    units: int
    reason: str
    reference: str = ""


class Balance(Struct, frozen=True):
    """What he has now."""

    id: int
    quota: int


def shown(person: Person) -> UserView:
    """An account as admins see it."""
    return UserView(
        id=person.id,
        username=person.username,
        role=person.role,
        status="enabled" if person.enabled else "disabled",
        group=person.group,
        quota=person.balance,
        held=person.held,
        used=person.spent,
        granted=person.granted,
        running=person.running,
        max_running=person.max_running,
        max_waiting=person.max_waiting,
        max_windows=person.max_windows,
        created_at=person.created_at,
    )


async def _list(call: Call) -> Page[UserView]:
    reader, page, words = call.gateway.store.reader, call.page(), call.asked("q")[:200]
    found = await rows.page(reader, words=words, size=page.size, skipped=page.skipped)
    total = await rows.count(reader, words=words)
    return Page([shown(person) for person in found], total, page.number, page.size)


async def _get(call: Call) -> UserView:
    return shown(await rows.get(call.gateway.store.reader, call.id))


async def _create(call: Call, body: UserNew) -> MadeUser:
    wanted = NewUser(
        username=body.username,
        role=checks.word(Role, body.role, field="role"),
        group=body.group,
        quota=body.quota,
        password=body.password,
    )
    return await users.create_user(call.desk, wanted)


async def _change(call: Call, body: UserChange) -> UserView:
    named = given(body)
    password = str(named.pop("password")) if "password" in named else None
    if "status" in named:
        named["enabled"] = status(str(named.pop("status")))
    if "role" in named:
        named["role"] = checks.word(Role, str(named["role"]), field="role")
    return shown(await people.change_user(call.desk, call.id, named, password=password))


async def _delete(call: Call) -> None:
    await people.delete_user(call.desk, call.id)


async def _topup(call: Call, body: Topup) -> Balance:
    return Balance(*await users.topup(call.desk, call.id, body.units, reference=body.reference))


async def _adjust(call: Call, body: Adjustment) -> Balance:
    done = await people.adjust(
        call.desk, call.id, body.units, reason=body.reason, reference=body.reference
    )
    return Balance(*done)


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/user/", Who.ADMIN, _list, "All users, the newest first; `q` stands in the name.",
          gives=Page[UserView], query=("p", "page_size", "q")),
    looks("/api/user/{id}", Who.ADMIN, _get, "One user.", gives=UserView),
    takes("POST", "/api/user/", Who.ADMIN, UserNew, _create,
          "Make a user. Access token and password are told this once.", gives=MadeUser),
    takes("PUT", "/api/user/{id}", Who.ADMIN, UserChange, _change,
          "Change a user. A new role, status or password ends his sessions.", gives=UserView),
    acts("DELETE", "/api/user/{id}", Who.ADMIN, _delete,
         "Take a disabled user away for good: keys, sessions, hooks and addresses at once, what he"
         " wrote soon after. The ledger keeps its rows, without his name."),
    takes("POST", "/api/user/{id}/topup", Who.ADMIN, Topup, _topup,
          "Give a user money: 1 to 10^15 units.", gives=Balance),
    takes("POST", "/api/user/{id}/adjust", Who.ADMIN, Adjustment, _adjust,
          "Put a balance right; more than is free cannot be taken (409).", gives=Balance),
)  # fmt: skip
