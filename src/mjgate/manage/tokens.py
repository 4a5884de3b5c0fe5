"""API keys: what one may do is said when it is made or changed; the key itself is told once."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from mjgate.domain import webhook
from mjgate.domain.account import OnLimit, Sees
from mjgate.domain.action import Action, Mode
from mjgate.keys import Purpose, fingerprint, new_key
from mjgate.manage import BadValue, Desk, NoSuch, checks
from mjgate.manage.people import Who, differences, found
from mjgate.store import tokens
from mjgate.store.database import Transaction, Value
from mjgate.store.tokens import Key

PREFIX = "sk-"
"""What keys begin with for people; it is no part of what is stored, and may be left out."""

_SECRET_LEAST, _SECRET_MOST = 24, 64
_HOOK_MOST: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a key may do. Without a quota it may spend all of its user's; empty means all."""

    name: str = ""
    enabled: bool = True
    quota: int | None = None
    actions: Iterable[str] = ()
    modes: Iterable[str] = ()
    networks: Iterable[str] = ()
    default_mode: str | None = None
    max_running: int | None = None
    on_limit: str = OnLimit.QUEUE
    sees: str = Sees.USER
    fallback: bool = False
    hook_url: str = ""
    hook_secret: str | None = None  # None: as it was
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken(Rights):
    """A key to be made, for the user of that name or id."""

    username: Who


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeToken:
    """A key that was made; `key` is told this once and never again."""

    id: int
    name: str
    key: str


async def create_token(desk: Desk, wanted: NewToken) -> MadeToken:
    """Make a key for a user. BadValue, NoSuch."""
    key = new_key()
    columns = _columns(desk, wanted)
    _check_end(desk, wanted)
    token_id = await desk.store.write(_create, desk, wanted, key, columns)
    return MadeToken(id=token_id, name=wanted.name, key=PREFIX + key)


async def change_token(desk: Desk, user_id: int, token_id: int, changes: Mapping[str, Any]) -> Key:
    """Change what is named of the user's key; as it then is. BadValue, NotFound."""
    return await desk.store.write(_change, desk, user_id, token_id, changes)


async def revoke_token(desk: Desk, token_id: int, *, user_id: int | None = None) -> None:
    """Take a key back for good, only if it is that user's where one is named. NoSuch."""
    await desk.store.write(_revoke, desk, token_id, user_id)


def hook_secret(text: str) -> str:
    """A secret that signs webhooks, in the form of Standard Webhooks. BadValue."""
    try:
        size = len(base64.b64decode(text.removeprefix(webhook.PREFIX), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not text.startswith(webhook.PREFIX) or not _SECRET_LEAST <= size <= _SECRET_MOST:
        raise BadValue(
            f"A webhook secret is {webhook.PREFIX} and {_SECRET_LEAST} to {_SECRET_MOST} bytes in"
            " base64.",
            field="webhook_secret",
        )
    return text


def _columns(desk: Desk, wanted: Rights, *, secret_enc: str = "") -> dict[str, Value]:
    """The columns of a key; `secret_enc` is what it has already. BadValue."""
    if wanted.name:
        checks.name(wanted.name)
    if wanted.quota is not None:
        checks.amount(wanted.quota, least=0)
    mode = wanted.default_mode and checks.word(Mode, wanted.default_mode, field="default_mode")
    modes = checks.words(Mode, wanted.modes, field="modes")
    if mode and modes and mode not in modes:
        raise BadValue(f"The key may not use its default mode {mode}.", field="default_mode")
    if wanted.hook_secret is not None:
        secret = wanted.hook_secret and hook_secret(wanted.hook_secret)
        secret_enc = desk.keys.encrypt(Purpose.WEBHOOK, secret) if secret else ""
    return {
        "name": wanted.name,
        "status": "enabled" if wanted.enabled else "disabled",
        "max_running": checks.count(wanted.max_running, field="max_concurrency"),
        "actions": " ".join(sorted(checks.words(Action, wanted.actions, field="actions"))),
        "modes": " ".join(sorted(modes)),
        "ips": " ".join(checks.networks(wanted.networks)),
        "default_mode": mode or None,
        "on_limit": checks.word(OnLimit, wanted.on_limit, field="on_limit"),
        "sees": checks.word(Sees, wanted.sees, field="sees"),
        "fallback": int(wanted.fallback),
        "hook_url": checks.text(wanted.hook_url, field="webhook_url", most=_HOOK_MOST),
        "hook_secret_enc": secret_enc,
        "expires_at": wanted.expires_at,
    }


def _check_end(desk: Desk, wanted: Rights) -> None:
    if wanted.expires_at is not None and wanted.expires_at <= desk.clock.now():
        raise BadValue("expires_at must lie in the future, in milliseconds.", field="expires_at")


def rights(key: Key) -> Rights:
    """What a key may do now."""
    return Rights(
        name=key.name,
        enabled=key.enabled,
        quota=key.balance if key.limited else None,
        actions=key.actions,
        modes=key.modes,
        networks=key.ips,
        default_mode=key.default_mode,
        max_running=key.max_running,
        on_limit=key.on_limit,
        sees=key.sees,
        fallback=key.fallback,
        hook_url=key.hook_url,
        expires_at=key.expires_at,
    )


def _told(columns: Mapping[str, Value], quota: int | None) -> dict[str, object]:
    """What the audit keeps: that there is a secret, not which; of the hook's address no query."""
    hook = str(columns["hook_url"])
    kept = {name: value for name, value in columns.items() if name != "hook_secret_enc"}
    return {
        **kept,
        "hook_url": webhook.endpoint(hook) if hook else "",
        "hook_secret": bool(columns["hook_secret_enc"]),
        "quota": quota,
    }


async def _create(
    tx: Transaction, desk: Desk, wanted: NewToken, key: str, columns: dict[str, Value]
) -> int:
    user, quota = await found(tx, wanted.username), wanted.quota
    token_id = await tokens.add(
        tx,
        {
            **columns,
            "user_id": user.id,
            "key_hash": fingerprint(key),
            "key_tail": key[-4:],
            "limited": int(quota is not None),
            "quota": quota or 0,
            "now": desk.clock.now(),
        },
    )
    await desk.audit(
        tx,
        "key created",
        f"key {token_id}",
        after={"user_id": user.id, "tail": key[-4:], **_told(columns, quota)},
    )
    return token_id


async def _change(
    tx: Transaction, desk: Desk, user_id: int, token_id: int, changes: Mapping[str, Any]
) -> Key:
    key = await tokens.locked(tx, token_id, user_id=user_id)
    before = rights(key)
    values: dict[str, Any] = {each.name: getattr(before, each.name) for each in fields(Rights)}
    wanted = Rights(**(values | dict(changes)))
    columns = _columns(desk, wanted, secret_enc=key.hook_secret_enc)
    if "expires_at" in changes:
        _check_end(desk, wanted)
    await tokens.write(tx, token_id, columns)
    if "quota" in changes:
        await tokens.set_quota(tx, token_id, wanted.quota)
    was = _told(_columns(desk, before, secret_enc=key.hook_secret_enc), before.quota)
    await desk.audit(
        tx, "key changed", f"key {token_id}", **differences(was, _told(columns, wanted.quota))
    )
    return await tokens.get(tx, token_id, user_id=user_id)


async def _revoke(tx: Transaction, desk: Desk, token_id: int, user_id: int | None) -> None:
    if not await tokens.revoke(tx, token_id, desk.clock.now(), user_id=user_id):
        raise NoSuch("key", str(token_id))
    await desk.audit(tx, "key revoked", f"key {token_id}")
