"""
What a server of the midjourney-proxy kind can do, found out by asking it.

The probes of `free` send nothing that could be taken for work: bodies without a single field, ids
that belong to nobody. Those of `paid` have one picture drawn and press one of its buttons. On the
way they learn the options that a channel to this server needs.
"""

from collections.abc import AsyncGenerator

from mjgate.conformance import free, paid
from mjgate.conformance.talk import Talk
from mjgate.domain.errors import UpstreamError
from mjgate.domain.finding import Finding, State
from mjgate.upstream import what_failed

__all__ = ["Talk", "checked"]


async def checked(talk: Talk, *, pay: bool) -> AsyncGenerator[Finding]:
    """Run the probes in order; `talk.options` has grown by what they learned."""
    async for finding in free.entrance(talk):
        yield finding
        if finding.state is State.BROKEN:  # nothing behind a shut door can be told
            return
    for probe in (*free.PROBES, *(paid.PROBES if pay else ())):
        try:
            async for finding in probe(talk):
                yield finding
        except UpstreamError as error:
            text = f"{talk.base_url} answers no more: {what_failed(error)}."
            yield Finding("address", State.BROKEN, text)
            return
