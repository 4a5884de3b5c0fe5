"""
The rate table: how often a key may ask for what, each row under settings that an admin may change.

Questions about tasks have no row: clients end their polling on any status but 200. Each process
counts for itself. A key that stays below its rate may save up for a burst.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mjgate.domain.clock import MINUTE, SECOND
from mjgate.domain.errors import RateLimited
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.settings import in_force

REMEMBERED: Final = 10_000
"""Keys and rows that are counted at once; who asked longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` and `burst` name settings; without a burst as many may come at once as in a `per`."""

    limit: str
    per: int  # milliseconds
    burst: str = ""


SUBMIT: Final = "submit"
DRY_RUN: Final = "dryRun"

_LIST = Rate("lists_per_second", SECOND)
_EXPORT = Rate("exports_per_minute", MINUTE)

RATES: Final[Mapping[str, Rate]] = MappingProxyType(
    {
        SUBMIT: Rate("submits_per_second", SECOND, burst="submit_burst"),
        DRY_RUN: Rate("dry_runs_per_second", SECOND),
        "/api/mj/": _LIST,
        "/api/mj/self": _LIST,
        "/api/mj/export": _EXPORT,
        "/api/mj/self/export": _EXPORT,
        "/api/webhook/test": Rate("webhook_tests_per_minute", MINUTE),
    }
)
"""What is limited, by its word or its path; rows with the same settings share what they allow."""


class Rates:
    """When everybody's next request of each kind is due, were they to come evenly."""

    def __init__(self) -> None:
        self._due: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def take(self, gateway: Gateway, what: str, who: str) -> None:
        """Count one request of `who`; what has no row is free. RateLimited."""
        rate = RATES.get(what)
        if rate is None:
            return
        settings = await in_force(gateway)
        limit: int = getattr(settings, rate.limit)
        if not limit:
            return
        burst: int = getattr(settings, rate.burst) if rate.burst else limit
        every, now, key = rate.per / limit, gateway.clock.now(), (rate.limit, who)
        due = max(self._due.get(key, 0.0), now)
        early = due - now - max(burst - 1, 0) * every
        if early > 0:
            unit = "second" if rate.per == SECOND else "minute"
            msg = f"Too many requests of this kind, at most {limit} a {unit}; slow down."
            raise RateLimited(msg, retry_after=math.ceil(early / SECOND))
        self._due[key] = due + every
        self._due.move_to_end(key)
        if len(self._due) > REMEMBERED:
            self._due.popitem(last=False)
