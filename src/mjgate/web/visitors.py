"""
Who manages: a session's cookie from our own pages, or `Authorization: [Bearer ]<access token>`.

API keys open nothing here. A cookie goes along with whatever a browser sends, so a change by it
needs more: it comes from a page of ours, and carries what only such a page can know.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from mjgate.domain.account import Visitor
from mjgate.domain.errors import BadKey, KeyDisabled
from mjgate.keys import Purpose, fingerprint
from mjgate.manage import Forbidden
from mjgate.manage.sessions import ABSOLUTE, IDLE, SEEN
from mjgate.store import sessions
from mjgate.web.auth import bearer
from mjgate.web.context import Context

TOKEN_MOST: Final = 256
FORM_TOKEN: Final = "x-csrf-token"  # noqa: S105  the name of a header
NEW_API_USER: Final = "new-api-user"

_LOOKS: Final = frozenset({"GET", "HEAD"})
_LOG_IN: Final = "Log in, or send an access token as 'Authorization: Bearer <access token>'."


async def visitor_of(context: Context, request: Request) -> Visitor:
    """Who asks. BadKey, KeyDisabled, and Forbidden for a change that a foreign page sent."""
    token = bearer(request.headers.get("authorization", ""))
    visitor = await (_by_token(context, token) if token else _by_cookie(context, request))
    if visitor is None:
        raise BadKey(_LOG_IN)
    named = request.headers.get(NEW_API_USER)
    if named is not None and bearer(named) != str(visitor.user_id):
        raise BadKey("New-Api-User names another user than the access token or the session.")
    if not visitor.enabled:
        raise KeyDisabled("This account is disabled; ask the operator.")
    if visitor.session and request.method not in _LOOKS:
        check_page(context, request)
        check_form_token(context, visitor, request.headers.get(FORM_TOKEN, ""))
    return visitor


def check_page(context: Context, request: Request) -> None:
    """Refuse what a page of another origin sends. Forbidden."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = {urlsplit(context.gateway.links.public_url).netloc, request.headers.get("host", "")}
    from_here = origin is None or (origin != "null" and urlsplit(origin).netloc in ours)
    known = site is not None or origin is not None
    if not known or not from_here or site not in {None, "same-origin"}:
        raise Forbidden("This came from a page of another origin; nothing was changed.")


def form_token(context: Context, session: str) -> str:
    """What a page of ours sends along with a change, in the header `X-CSRF-Token`."""
    return context.gateway.keys.sign(Purpose.FORM, session)


def check_form_token(context: Context, visitor: Visitor, given: str) -> None:
    """Refuse a change by cookie that does not carry its session's token. Forbidden."""
    if not context.gateway.keys.verify(Purpose.FORM, given, visitor.session):
        raise Forbidden("X-CSRF-Token is missing or of another session; load the page again.")


def cookie_name(context: Context) -> str:
    """Under https a name that browsers take from this very host alone."""
    return "__Host-mjgate" if _secure(context) else "mjgate"


def set_cookie(context: Context, response: Response, session_id: str) -> None:
    """Hand out a session's id; with `""` take it back."""
    response.set_cookie(
        cookie_name(context),
        session_id,
        max_age=ABSOLUTE // 1000 if session_id else 0,
        path="/",
        secure=_secure(context),
        httponly=True,
        samesite="lax",
    )


def _secure(context: Context) -> bool:
    return context.gateway.links.public_url.startswith("https://")


async def _by_token(context: Context, token: str) -> Visitor | None:
    if len(token) > TOKEN_MOST:
        return None
    gateway = context.gateway
    return await sessions.with_token(gateway.store.reader, fingerprint(token), gateway.clock.now())


async def _by_cookie(context: Context, request: Request) -> Visitor | None:
    session_id = request.cookies.get(cookie_name(context), "")
    if not session_id or len(session_id) > TOKEN_MOST:
        return None
    gateway, now = context.gateway, context.gateway.clock.now()
    id_hash = fingerprint(session_id)
    found = await sessions.logged_in(
        gateway.store.reader, id_hash, begun_after=now - ABSOLUTE, seen_after=now - IDLE
    )
    if found is None:
        return None
    visitor, seen_at = found
    if seen_at < now - SEEN:
        await gateway.store.write(sessions.seen, id_hash, now)
    return visitor
