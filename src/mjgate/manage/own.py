"""What somebody changes of his own account: his password, his access token."""

from mjgate.domain.account import Visitor
from mjgate.keys import fingerprint, new_key
from mjgate.manage import BadValue, Desk, passwords, sessions
from mjgate.manage.passwords import Checker
from mjgate.store import people
from mjgate.store import sessions as rows
from mjgate.store.database import Transaction


async def change_password(
    desk: Desk, checker: Checker, visitor: Visitor, *, old: str, new: str
) -> None:
    """Take a new password; his other sessions end. BadValue, TooMany."""
    passwords.check(new)
    if new == old:
        raise BadValue("The new password is the old one.", field="password")
    await sessions.confirm(desk, checker, visitor, old)
    kept = await passwords.hashed(new)
    await desk.store.write(_change, desk, visitor, kept)


async def rotate_access_token(desk: Desk, user_id: int, *, until: int | None) -> str:
    """A new access token, told this once; the old one opens nothing any more. BadValue."""
    if until is not None and until <= desk.clock.now():
        raise BadValue("expires_at must lie in the future, in milliseconds.", field="expires_at")
    token = new_key()
    await desk.store.write(_rotate, desk, user_id, token, until)
    return token


async def _change(tx: Transaction, desk: Desk, visitor: Visitor, kept: str) -> None:
    await people.set_password(tx, visitor.user_id, kept, until=None)
    await rows.end_all(tx, visitor.user_id, but=visitor.session)
    await desk.audit(tx, "password changed", f"user {visitor.user_id}")


async def _rotate(tx: Transaction, desk: Desk, user_id: int, token: str, until: int | None) -> None:
    tail = token[-4:]
    await people.set_access_token(
        tx, user_id, access_hash=fingerprint(token), tail=tail, until=until
    )
    await desk.audit(
        tx, "access token rotated", f"user {user_id}", after={"tail": tail, "expires_at": until}
    )
