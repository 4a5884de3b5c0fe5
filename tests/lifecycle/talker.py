"""A real upstream that says what a test wants, and remembers on which connection it was asked."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.served import accepting

JSON = "application/json"


@dataclass(frozen=True)
class Asked:
    """One request, and the number of the connection it came on; header names in lower case."""

    connection: int
    method: str
    path: str
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def submit(self) -> bool:
        return "/submit/" in self.path


Answer = Callable[[Asked], bytes | None]
"""The bytes of the answer; None to hang up without a word."""


@dataclass
class Talker:
    """Where it is, what it was asked, and what it answers from now on; `go` lets it answer."""

    answer: Answer
    keeps: bool  # the connection, for more requests
    port: int = 0
    asked: list[Asked] = field(default_factory=list[Asked])
    connections: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.go.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def submits(self) -> list[Asked]:
        return [each for each in self.asked if each.submit]


def says(
    body: object, status: str = "200 OK", headers: Mapping[str, str] | None = None, kind: str = JSON
) -> bytes:
    """An answer as bytes: JSON, or any text as it is."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Type": kind, "Content-Length": str(len(data))} | dict(headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + data


def takes(result: object = "job-1", **more: object) -> bytes:
    """The answer of an upstream that takes the task."""
    return says({"code": 1, "description": "ok", "result": result, **more})


@asynccontextmanager
async def talking(answer: Answer | bytes | None, *, keeps: bool = False) -> AsyncGenerator[Talker]:
    """Answer for as long as the block lasts, once on each connection unless it `keeps` them."""

    def always(asked: Asked) -> bytes | None:
        del asked
        return answer if isinstance(answer, bytes) else None

    talker = Talker(answer if callable(answer) else always, keeps)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talker.connections += 1
        number = talker.connections
        while True:
            asked = await _heard(talker, number, reader)
            await talker.go.wait()
            if (said := talker.answer(asked)) is None:
                break
            writer.write(said)
            await writer.drain()
            if not talker.keeps:
                break

    async with accepting(talk) as talker.port:
        yield talker


async def _heard(talker: Talker, connection: int, reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    named = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(named.get("content-length", "0")))
    method, path, _ = first.split(" ")
    asked = Asked(connection, method, path, json.loads(body) if body else None, named)
    talker.asked.append(asked)
    return asked
