"""The loop guard: nothing is taken that has been here, and nothing is sent to ourselves."""

from functools import lru_cache

from mjgate.domain import hops
from mjgate.domain.address import Origin
from mjgate.domain.errors import Rejected
from mjgate.domain.reasons import Reason, Verdict
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.lines import Line
from mjgate.store import installation


async def arrived(gateway: Gateway, header: str) -> tuple[str, ...]:
    """The gateways that a request has come through, as its header names them. Loop."""
    found = hops.read(header)
    hops.check(found, await _own(gateway))
    return found


async def onward(gateway: Gateway, came_through: tuple[str, ...], to: Line) -> Line:
    """The line with the header that a submit carries. Rejected where it leads to ourselves."""
    if _origin(to.endpoint.base_url) == _origin(gateway.links.public_url):
        msg = "the channel leads to this gateway itself"
        raise Rejected(Verdict.CHANNEL, msg, reason=Reason.LOOP)
    header = {hops.HEADER: hops.onward(came_through, await _own(gateway))}
    return Line(to.channel, to.provider, to.endpoint.with_headers(header))


@lru_cache(maxsize=256)
def _origin(url: str) -> Origin:
    """Where a base address leads; there are few, and each is asked about with every submit."""
    return Origin.of(url)


async def _own(gateway: Gateway) -> str:
    """Our own id, drawn when it is asked for first."""

    async def look_up() -> str:
        found = await installation.identity(gateway.store.reader)
        return found or await gateway.store.write_surely(installation.drawn)

    return await gateway.installation.value(gateway.clock.now(), look_up)
