"""/api/token/: one's own API keys."""

from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from mjgate.lifecycle.hooks import check_hook
from mjgate.manage import tokens as manage
from mjgate.manage.tokens import MadeToken, NewToken
from mjgate.store import tokens
from mjgate.store.tokens import Key
from mjgate.web.api.rows import Call, Page, Row, Who, acts, given, looks, takes
from mjgate.web.api.words import status

_NAMES: Final = {
    "ips": "networks",
    "webhook_url": "hook_url",
    "webhook_secret": "hook_secret",
    "max_concurrency": "max_running",
}


class KeyChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What a key may do; what is left out stays, or is not limited in a new key."""

    name: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    expires_at: int | UnsetType | None = UNSET
    quota: int | UnsetType | None = UNSET
    actions: list[str] | UnsetType = UNSET
    modes: list[str] | UnsetType = UNSET
    ips: list[str] | UnsetType = UNSET
    default_mode: str | UnsetType | None = UNSET
    max_concurrency: int | UnsetType | None = UNSET
    on_limit: str | UnsetType = UNSET
    sees: str | UnsetType = UNSET
    fallback: bool | UnsetType = UNSET
    webhook_url: str | UnsetType = UNSET
    webhook_secret: str | UnsetType = UNSET


class KeyView(Struct, frozen=True):
    """A key as its owner sees it; of key and secret only that they are there."""

    id: int
    name: str
    key: str
    status: str
    expires_at: int | None
    unlimited: bool
    quota: int | None
    held: int
    used: int
    running: int
    actions: list[str]
    modes: list[str]
    ips: list[str]
    default_mode: str | None
    max_concurrency: int | None
    on_limit: str
    sees: str
    fallback: bool
    webhook_url: str
    webhook_secret: str
    created_at: int


def shown(key: Key) -> KeyView:
    """A key without what opens anything."""
    return KeyView(
        id=key.id,
        name=key.name,
        key=f"sk-****{key.key_tail}",
        status="enabled" if key.enabled else "disabled",
        expires_at=key.expires_at,
        unlimited=not key.limited,
        quota=key.balance if key.limited else None,
        held=key.held,
        used=key.spent,
        running=key.running,
        actions=[*key.actions],
        modes=[*key.modes],
        ips=[*key.ips],
        default_mode=key.default_mode,
        max_concurrency=key.max_running,
        on_limit=key.on_limit,
        sees=key.sees,
        fallback=key.fallback,
        webhook_url=key.hook_url,
        webhook_secret="****" if key.hook_secret_enc else "",
        created_at=key.created_at,
    )


async def _list(call: Call) -> Page[KeyView]:
    reader, user_id, page = call.gateway.store.reader, call.visitor.user_id, call.page()
    found = await tokens.page(reader, user_id=user_id, size=page.size, skipped=page.skipped)
    total = await tokens.count(reader, user_id=user_id)
    return Page([shown(key) for key in found], total, page.number, page.size)


async def _get(call: Call) -> KeyView:
    reader = call.gateway.store.reader
    return shown(await tokens.get(reader, call.id, user_id=call.visitor.user_id))


async def _create(call: Call, body: KeyChange) -> MadeToken:
    wanted = NewToken(username=call.visitor.user_id, **await _wanted(call, body))
    return await manage.create_token(call.desk, wanted)


async def _change(call: Call, body: KeyChange) -> KeyView:
    wanted = await _wanted(call, body)
    return shown(await manage.change_token(call.desk, call.visitor.user_id, call.id, wanted))


async def _delete(call: Call) -> None:
    await manage.revoke_token(call.desk, call.id, user_id=call.visitor.user_id)


async def _wanted(call: Call, body: KeyChange) -> dict[str, Any]:
    """The rights that the body names. BadAddress for a webhook that may lead nowhere good."""
    named = given(body)
    if body.webhook_url:
        await check_hook(call.gateway, str(body.webhook_url), field="webhook_url")
    if "status" in named:
        named["enabled"] = status(str(named.pop("status")))
    return {_NAMES.get(name, name): value for name, value in named.items()}


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/token/", Who.USER, _list, "One's own API keys.", gives=Page[KeyView],
          query=("p", "page_size")),
    looks("/api/token/{id}", Who.USER, _get, "One of one's own API keys.", gives=KeyView),
    takes("POST", "/api/token/", Who.USER, KeyChange, _create,
          "Make an API key. It is told this once.", gives=MadeToken),
    takes("PUT", "/api/token/{id}", Who.USER, KeyChange, _change,
          "Change what a key may do. `quota` is what it may still spend, null for no limit.",
          gives=KeyView),
    acts("DELETE", "/api/token/{id}", Who.USER, _delete,
         "Take a key back for good. What runs ends and is charged; what waits is cancelled."),
)  # fmt: skip
