from collections.abc import AsyncGenerator

import pytest

from mjgate.domain.clock import SystemClock
from mjgate.keys import Keys, Master
from mjgate.manage import Desk
from mjgate.store.database import Database
from mjgate.store.migrate import migrate


@pytest.fixture
async def desk(database_url: str) -> AsyncGenerator[Desk]:
    """A desk over a fresh database, on each engine."""
    async with await Database.open(database_url) as store:
        clock = SystemClock(store.offset)
        await migrate(store, clock.now())
        yield Desk(store=store, keys=Keys(Master("m" * 40)), clock=clock, actor="test")
