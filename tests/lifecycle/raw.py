"""Upstreams that speak bytes: what they were asked, and one answer after the other."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from tests.served import accepting


@dataclass
class Raw:
    """Such an upstream. It answers once a connection, and then waits for the client to hang up."""

    answers: list[bytes]
    port: int = 0
    connections: int = 0
    reused: int = 0
    requests: list[str] = field(default_factory=list[str])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    speak: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request to its end and answer it; no bytes to say is to hang up."""
        self.connections += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        await reader.readexactly(_length(head))
        self.requests.append(head.splitlines()[0])
        self.arrived.set()
        await self.speak.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            return
        writer.write(answer)
        await writer.drain()
        if await reader.read(1):  # to a kept connection that was idle: it hangs up
            self.reused += 1


@asynccontextmanager
async def speaking(*answers: bytes, slow: bool = False) -> AsyncGenerator[Raw]:
    """Give these answers in turn, the last one for ever; a slow one waits for `speak`."""
    raw = Raw(list(answers))
    if not slow:
        raw.speak.set()
    async with accepting(raw.talk) as raw.port:
        yield raw


@contextmanager
def refusing() -> Generator[str]:
    """An address at which every connection is refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def reply(body: object = "", status: str = "200 OK", **headers: object) -> bytes:
    """An answer that offers to keep the connection; what is no text is sent as JSON."""
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    kind = "text/html" if isinstance(body, str) else "application/json"
    told = {"content_type": kind, "content_length": len(content), "connection": "keep-alive"}
    said = {name: value for name, value in (told | headers).items() if value != ""}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in said.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + content


def taken(job: str = "job-1") -> bytes:
    """The upstream has it, under this id."""
    return reply({"code": 1, "description": "ok", "result": job})


def coded(code: int, **headers: str) -> bytes:
    """A refusal by the protocol's own code."""
    return reply({"code": code, "description": "no, not that"}, **headers)


def _length(head: str) -> int:
    for line in head.lower().splitlines():
        if line.startswith("content-length:"):
            return int(line.partition(":")[2])
    return 0
