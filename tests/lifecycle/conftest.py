"""
bench   a gateway without a network, one channel with room, and Alice who can pay

Its tasks are moved by `hands`; nothing is ever sent.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from mjgate.domain.timing import Timing
from mjgate.lifecycle import Gateway
from mjgate.store import ledger
from tests.rig import HandClock, Person, a_channel, a_gateway, a_person


@dataclass(frozen=True)
class Bench:
    """A gateway to move by hand."""

    gateway: Gateway
    clock: HandClock
    alice: Person
    channel_id: int

    async def books(self) -> tuple[str, ...]:
        """Everything that is broken in the books."""
        return (await ledger.check(self.gateway.store.reader)).broken


@pytest.fixture
async def bench(database_url: str, tmp_path: Path) -> AsyncGenerator[Bench]:
    async with AsyncExitStack() as stack:
        clock = HandClock()
        gateway = await a_gateway(stack, database_url, tmp_path, clock, Timing())
        channel_id = await a_channel(gateway, "main", "http://main.test", max_running=100)
        alice = await a_person(gateway, "alice")
        yield Bench(gateway, clock, alice, channel_id)
