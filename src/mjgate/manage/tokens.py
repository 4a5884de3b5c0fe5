"""API keys: what one may do is said when it is made; the key itself is told once."""

from collections.abc import Iterable
from dataclasses import dataclass

from mjgate.domain.account import OnLimit, Sees
from mjgate.domain.action import Action, Mode
from mjgate.keys import fingerprint, new_key
from mjgate.manage import Desk, NoSuch, checks
from mjgate.store import accounts, settings
from mjgate.store.database import Transaction

PREFIX = "sk-"
"""What keys begin with for people; it is no part of what is stored, and may be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A key to be made. Without a quota it may spend all of its user's; empty means all."""

    username: str
    name: str = ""
    quota: int | None = None
    actions: Iterable[str] = ()
    modes: Iterable[str] = ()
    networks: Iterable[str] = ()
    max_running: int | None = None
    on_limit: str = OnLimit.QUEUE
    sees: str = Sees.USER
    fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeToken:
    """A key that was made; `key` is told this once and never again."""

    id: int
    name: str
    key: str


async def create_token(desk: Desk, wanted: NewToken) -> MadeToken:
    """Make a key for a user. BadValue, NoSuch."""
    if wanted.name:
        checks.name(wanted.name)
    if wanted.quota is not None:
        checks.amount(wanted.quota, least=0)
    key = new_key()
    rights: dict[str, str | int | None] = {
        "limited": int(wanted.quota is not None),
        "quota": wanted.quota or 0,
        "max_running": checks.count(wanted.max_running, field="max_running"),
        "actions": " ".join(sorted(checks.words(Action, wanted.actions, field="action"))),
        "modes": " ".join(sorted(checks.words(Mode, wanted.modes, field="mode"))),
        "ips": " ".join(checks.networks(wanted.networks)),
        "on_limit": checks.word(OnLimit, wanted.on_limit, field="on_limit"),
        "sees": checks.word(Sees, wanted.sees, field="sees"),
        "fallback": int(wanted.fallback),
    }
    token_id = await desk.store.write(_create, desk, wanted, key, rights)
    return MadeToken(id=token_id, name=wanted.name, key=PREFIX + key)


async def revoke_token(desk: Desk, token_id: int) -> None:
    """Take a key back for good. NoSuch."""
    await desk.store.write(_revoke, desk, token_id)


async def _create(
    tx: Transaction, desk: Desk, wanted: NewToken, key: str, rights: dict[str, str | int | None]
) -> int:
    user = await accounts.user_named(tx, wanted.username)
    if user is None:
        raise NoSuch("user", wanted.username)
    now = desk.clock.now()
    token_id = await accounts.add_token(
        tx,
        {
            "user_id": user.id,
            "name": wanted.name,
            "key_hash": fingerprint(key),
            "key_tail": key[-4:],
            "now": now,
            **rights,
        },
    )
    await settings.audit(
        tx,
        actor=desk.actor,
        act="key created",
        subject=f"key {token_id}",
        now=now,
        after={"user_id": user.id, "name": wanted.name, "tail": key[-4:], **rights},
    )
    return token_id


async def _revoke(tx: Transaction, desk: Desk, token_id: int) -> None:
    now = desk.clock.now()
    if not await accounts.revoke_token(tx, token_id, now):
        raise NoSuch("key", str(token_id))
    await settings.audit(
        tx, actor=desk.actor, act="key revoked", subject=f"key {token_id}", now=now
    )
