"""The proxies of channels: kept encrypted, shown without who opens them."""

from mjgate.domain.channel import Channel
from mjgate.keys import Purpose, WrongKeyError
from mjgate.manage import BadValue, Desk
from mjgate.proxies import BadProxy, Proxy

UNREADABLE = "unreadable: it was encrypted with another master key"


def sealed_proxy(desk: Desk, text: str) -> str:
    """A proxy's address as it is kept; nothing for nothing. BadValue."""
    if not text:
        return ""
    try:
        Proxy.read(text)
    except BadProxy as wrong:
        raise BadValue(str(wrong), field="proxy") from None
    return desk.keys.encrypt(Purpose.PROXY, text)


def proxy_of(desk: Desk, channel: Channel) -> Proxy | None:
    """The channel's proxy, if it has one. WrongKeyError."""
    if not channel.proxy_enc:
        return None
    return Proxy.read(desk.keys.decrypt(Purpose.PROXY, channel.proxy_enc))


def shown_proxy(desk: Desk, channel: Channel) -> str:
    """The proxy as people may see it; empty without one."""
    try:
        proxy = proxy_of(desk, channel)
    except WrongKeyError:
        return UNREADABLE
    return "" if proxy is None else proxy.masked
