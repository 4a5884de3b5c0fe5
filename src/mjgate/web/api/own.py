"""/api/user/login and its kin: coming in, and what everybody may change of his own account."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from mjgate.keys import fingerprint
from mjgate.manage import own, sessions
from mjgate.store import people
from mjgate.store.people import Person
from mjgate.web.api.rows import Call, Row, Who, acts, looks, takes
from mjgate.web.respond import done
from mjgate.web.visitors import form_token, set_cookie

NAME_MOST: Final = 256


class Login(Struct, frozen=True, forbid_unknown_fields=True):
    """Who, and what only he knows."""

    username: str
    password: str


class LoggedIn(Struct, frozen=True):
    """`csrf_token` goes along with every change, in the header `X-CSRF-Token`."""

    id: int
    must_change_password: bool
    csrf_token: str


class Self(Struct, frozen=True, omit_defaults=True):
    """One's own account. Money in quota units."""

    id: int
    username: str
    role: str
    group: str
    quota: int
    held: int
    used: int
    running: int
    must_change_password: bool
    access_token: str
    access_until: int | None
    created_at: int
    csrf_token: str | None = None


class NewPassword(Struct, frozen=True, forbid_unknown_fields=True):
    """The old one too, so that an open window is not enough."""

    old_password: str
    password: str


class NewToken(Struct, frozen=True, forbid_unknown_fields=True):
    """When the new access token expires, in epoch milliseconds; null for never."""

    expires_at: int | UnsetType | None = UNSET


class MadeToken(Struct, frozen=True):
    """Told this once and never again."""

    access_token: str


async def _login(call: Call, body: Login) -> Response:
    opened = await sessions.login(
        call.desk,
        call.context.passwords,
        body.username[:NAME_MOST],
        body.password,
        address=call.request.state.address,
    )
    token = form_token(call.context, fingerprint(opened.id))
    told = LoggedIn(opened.user_id, opened.must_change, token)
    response = done(told)
    set_cookie(call.context, response, opened.id)
    return response


async def _logout(call: Call) -> Response:
    if call.visitor.session:
        await sessions.logout(call.desk, call.visitor.session)
    response = done(None)
    set_cookie(call.context, response, "")
    return response


async def _self(call: Call) -> Self:
    visitor = call.visitor
    found = await people.get(call.gateway.store.reader, visitor.user_id)
    token = form_token(call.context, visitor.session) if visitor.session else None
    return shown(found, visitor.must_change, token)


def shown(person: Person, must_change: bool, token: str | None) -> Self:  # noqa: FBT001  a column
    """An account as its owner sees it."""
    return Self(
        id=person.id,
        username=person.username,
        role=person.role,
        group=person.group,
        quota=person.balance,
        held=person.held,
        used=person.spent,
        running=person.running,
        must_change_password=must_change,
        access_token=f"****{person.access_tail}",
        access_until=person.access_until,
        created_at=person.created_at,
        csrf_token=token,
    )


async def _password(call: Call, body: NewPassword) -> None:
    await own.change_password(
        call.desk, call.context.passwords, call.visitor, old=body.old_password, new=body.password
    )


async def _token(call: Call, body: NewToken) -> MadeToken:
    until = None if body.expires_at is UNSET else body.expires_at
    return MadeToken(await own.rotate_access_token(call.desk, call.visitor.user_id, until=until))


ROWS: Final[tuple[Row, ...]] = (
    takes(
        "POST",
        "/api/user/login",
        Who.ANYONE,
        Login,
        _login,
        "Begin a session; its id comes in a cookie.",
        gives=LoggedIn,
    ),
    acts("POST", "/api/user/logout", Who.USER, _logout, "End the session.", early=True),
    looks("/api/user/self", Who.USER, _self, "One's own account.", gives=Self, early=True),
    takes(
        "POST",
        "/api/user/self/password",
        Who.USER,
        NewPassword,
        _password,
        "Change one's own password. All other sessions end.",
        early=True,
    ),
    takes(
        "POST",
        "/api/user/token",
        Who.USER,
        NewToken,
        _token,
        "A new access token in place of the old one, which opens nothing from now on.",
        gives=MadeToken,
    ),
)
