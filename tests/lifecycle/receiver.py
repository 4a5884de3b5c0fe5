"""
A real receiver of webhooks that answers as a test wants, and keeps what it got.

receiver   one that listens
hooked     a gateway that may call this machine
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from mjgate.lifecycle.couriers import Courier
from tests.rig import MakeRig, Rig
from tests.served import accepting

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def status(code: int, text: str = "no", *, more: str = "") -> bytes:
    """An answer of that status."""
    head = f"HTTP/1.1 {code} X\r\nContent-Length: {len(text)}\r\nConnection: close\r\n{more}\r\n"
    return (head + text).encode()


@dataclass(frozen=True)
class Got:
    """One request: its path, its headers in small letters, and its body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  whatever was sent
        return json.loads(self.body)

    @property
    def told(self) -> tuple[str, str]:
        """Status and progress."""
        return self.json["status"], self.json["progress"]


Answer = Callable[[Got], bytes | None]
"""What is answered; None: nothing until it is released, then OK."""


@dataclass
class Receiver:
    """Where it is, what it got, and what it answers from now on."""

    answer: Answer = lambda _: OK
    port: int = 0
    got: list[Got] = field(default_factory=list[Got])
    came: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def told(self) -> list[tuple[str, str]]:
        return [each.told for each in self.got]

    def release(self) -> None:
        """Answer at last."""
        self.released.set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hear one request and answer it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in rest)}
        body = await reader.readexactly(int(headers["content-length"]))
        got = Got(line.split()[1], headers, body)
        self.got.append(got)
        self.came.set()
        said = self.answer(got)
        if said is None:
            await self.released.wait()
        writer.write(said or OK)
        await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    """A receiver that listens for as long as the block lasts."""
    receiver = Receiver()
    async with accepting(receiver.talk) as receiver.port:
        yield receiver


@pytest.fixture
async def receiver(loopback: None) -> AsyncGenerator[Receiver]:
    del loopback
    async with receiving() as found:
        yield found


@pytest.fixture
async def hooked(make_rig: MakeRig) -> Rig:
    return await make_rig(allow_private=("127.0.0.1",))


async def deliver(rig: Rig, after: int = 0) -> None:
    """Let time pass, then deliver whatever is due, until nothing more is."""
    rig.clock.pass_by(after)
    courier = Courier(rig.gateway)
    while await courier.step():
        await courier.settle()
