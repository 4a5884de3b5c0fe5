"""Trying a channel without spending anything: a look that names no task."""

import time
from dataclasses import dataclass
from http import HTTPStatus

from mjgate.dialects import Heard
from mjgate.domain.channel import Channel
from mjgate.domain.errors import UpstreamError
from mjgate.keys import Purpose, WrongKeyError
from mjgate.manage import Desk
from mjgate.manage.channels import found
from mjgate.manage.proxies import proxy_of
from mjgate.providers import PROVIDERS, auth_headers
from mjgate.store import channels
from mjgate.upstream import Endpoint, Upstream, what_failed

_NO_KEY = "The key of the channel cannot be read: it was encrypted with another master key."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it, in a sentence for the operator."""

    id: int
    name: str
    ok: bool
    text: str
    milliseconds: int


async def try_channel(desk: Desk, upstream: Upstream, name: str | int) -> Trial:
    """Ask a channel, known by name or id, whether it knows its key. NoSuch."""
    channel = await found(desk.store.reader, name)
    began = time.monotonic()
    ok, text = await _ask(desk, upstream, channel)
    took = round((time.monotonic() - began) * 1000)
    return Trial(id=channel.id, name=channel.name, ok=ok, text=text, milliseconds=took)


async def _ask(desk: Desk, upstream: Upstream, channel: Channel) -> tuple[bool, str]:
    kept = await channels.present_credential(desk.store.reader, channel.id)
    try:
        secret = "" if kept is None else desk.keys.decrypt(Purpose.CHANNEL, kept.secret_enc)
        proxy = proxy_of(desk, channel)
    except WrongKeyError:
        return False, _NO_KEY
    dialect = PROVIDERS[channel.provider].dialect
    endpoint = Endpoint(channel.base_url, auth_headers(channel.options, secret), proxy)
    try:
        heard = await upstream.look(endpoint, dialect.look([], channel.options))
    except UpstreamError as error:
        return False, f"{channel.base_url} does not answer: {what_failed(error)}."
    try:
        dialect.reports(heard)
    except UpstreamError as error:
        if heard.status != HTTPStatus.OK:
            return False, _said(heard, channel.base_url)
        return False, f"{channel.base_url} does not speak this provider's format: {error}."
    return True, f"{channel.base_url} answers and takes the key."


def _said(heard: Heard, address: str) -> str:
    match heard.status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return f"{address} refuses the key (HTTP {heard.status})."
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            return f"{address} has no task list (HTTP {heard.status}): is the base URL right?"
        case status if 300 <= status < 400:  # noqa: PLR2004  redirects
            return f"{address} sends us elsewhere (HTTP {status}): use the address it leads to."
        case status:
            return f"{address} is in trouble (HTTP {status})."
