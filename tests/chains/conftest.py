"""
Gateways in a row: what a client asks of the top one, the sandbox at the bottom does.

make_chain  two gateways and a sandbox, each a real server, on either database
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mjgate.domain.clock import SECOND
from mjgate.sandbox.server import running
from tests.chains.line import Line
from tests.level import served
from tests.postgres import Stock
from tests.rig import PLAIN, HandClock, Rig, a_channel

Json = Any


@dataclass
class Chain:
    """The gateway that a client calls, the one behind it, and the line between them."""

    top: Rig
    bottom: Rig
    line: Line

    async def look(self, after: int = 2 * SECOND) -> None:
        """Let time pass; the bottom looks first, then the top at what the bottom knows."""
        self.top.clock.pass_by(after)
        for rig in (self.bottom, self.top):
            await rig.tracker.step()
            await rig.tracker.settle()
            await rig.gateway.senders.settle()  # a look may find what is to be sent

    async def finished(self, task_id: str) -> Json:
        """Look until the task has ended at the top."""
        for _ in range(20):
            task = await self.top.fetch(task_id)
            if task["status"] in {"SUCCESS", "FAILURE"}:
                return task
            await self.look()
        raise AssertionError(await self.top.fetch(task_id))

    async def below(self, task_id: str) -> Json:
        """The same task as the bottom shows it to its client, the top."""
        task = await self.top.task(task_id)
        return await self.bottom.fetch(task.upstream_id)

    async def balances(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Balance, held and spent of who pays, at the top and at the bottom."""
        return await self.top.balance(), await self.bottom.balance()

    async def sound(self) -> bool:
        """Whether both ledgers balance."""
        return await self.top.books() == await self.bottom.books() == ()


MakeChain = Callable[..., Awaitable[Chain]]


@pytest.fixture
def two_databases(
    database_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Generator[tuple[str, str]]:
    """Two databases of the same engine."""
    if database_url.startswith("sqlite"):
        yield database_url, f"sqlite:///{tmp_path / 'bottom.db'}"
        return
    stock: Stock = request.getfixturevalue("postgres_stock")
    with stock.lent() as below:
        yield database_url, below


@pytest.fixture
async def make_chain(
    two_databases: tuple[str, str], tmp_path: Path, loopback: None
) -> AsyncGenerator[MakeChain]:
    del loopback
    async with AsyncExitStack() as stack:

        async def make(
            *, upstream_url: str = "", provider: str = "mjproxy", **options: str
        ) -> Chain:
            if not upstream_url:
                port = await stack.enter_async_context(running(PLAIN))
                upstream_url = f"http://127.0.0.1:{port}"
            above, below = two_databases
            clock = HandClock()
            bottom, line = await served(stack, below, tmp_path / "bottom", clock)
            await a_channel(bottom.gateway, "sandbox", upstream_url)
            bottom = replace(bottom, upstream_url=upstream_url)
            top, _ = await served(stack, above, tmp_path / "top", clock)
            await a_channel(
                top.gateway,
                "gateway",
                line.url,
                provider=provider,
                options=options,
                secret=bottom.alice.key,
            )
            return Chain(replace(top, upstream_url=line.url), bottom, line)

        yield make
