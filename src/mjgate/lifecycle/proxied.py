"""
The proxy of a channel: its submits, looks and results go through it, and nothing else does.

Never an address that a user chose: a hook, a link or a reference image does not travel through a
channel's proxy, whoever serves the task.
"""

from collections.abc import Callable
from functools import partial

from aiohttp import BaseConnector

from mjgate.domain.channel import Channel
from mjgate.keys import Purpose
from mjgate.lifecycle import Gateway
from mjgate.proxies import Proxied, Proxy


def proxy_of(gateway: Gateway, channel: Channel) -> Proxy | None:
    """The channel's proxy, if it has one. WrongKeyError."""
    if not channel.proxy_enc:
        return None
    return Proxy.read(gateway.keys.decrypt(Purpose.PROXY, channel.proxy_enc))


def via(gateway: Gateway, channel: Channel | None) -> Callable[[], BaseConnector] | None:
    """How to open an address that the channel gave us as a result; None: as usual."""
    proxy = None if channel is None else proxy_of(gateway, channel)
    return None if proxy is None else partial(Proxied, proxy)
