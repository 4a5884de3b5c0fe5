"""What every handler needs."""

from dataclasses import dataclass, field
from typing import Final

from mjgate.lifecycle import Gateway
from mjgate.manage.passwords import Checker
from mjgate.web.auth import Doors
from mjgate.web.bodies import Room
from mjgate.web.rates import Rates
from mjgate.web.recent import Recent
from mjgate.web.watching import Watching

MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """
    What an operator may set about answering.

    `bodies_at_once` are the bytes of bodies in memory, which take up to three times as much while
    they are read, and `bodies_patience` the seconds that one waits for its room;
    `origins` are the web pages that may call us, or `*`, or nothing where a proxy adds the header;
    `hosts` the names that we answer under, or nothing for any; `proxies` the addresses and CIDRs
    whose forwarded headers count; `documents` whether /openapi.json and /docs are served;
    `metrics_token` opens /metrics to other machines.
    """

    body_limit: int = 48 * MEBIBYTE
    bodies_at_once: int = 256 * MEBIBYTE
    bodies_patience: float = 8.0
    origins: tuple[str, ...] = ("*",)
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    documents: bool = True
    metrics_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Context:
    """The gateway, its doors and rates, room for bodies, settings, and who watches and checks."""

    gateway: Gateway
    doors: Doors
    room: Room
    settings: WebSettings
    watching: Watching
    passwords: Checker = field(default_factory=Checker)
    recent: Recent = field(default_factory=Recent)
    rates: Rates = field(default_factory=Rates)
    papers: dict[str, bytes] = field(default_factory=dict[str, bytes])
    started: int = 0  # epoch milliseconds
