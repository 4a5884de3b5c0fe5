"""An upstream that takes a submit and keeps everybody waiting for its answer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.public_http.servers import Server, head, serving


@dataclass
class Held:
    """What came in, and the word to answer it."""

    server: Server
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"


@asynccontextmanager
async def holding() -> AsyncGenerator[Held]:
    """Each submit is answered with an id of its own, when `answer` is set."""
    held: list[Held] = []

    async def speak(writer: asyncio.StreamWriter) -> None:
        held[0].arrived.set()
        await held[0].answer.wait()
        body = b'{"code":1,"description":"ok","result":"job-%d"}' % held[0].server.connections
        kind = "application/json"
        writer.write(head(content_type=kind, content_length=len(body)) + body)

    async with serving(speak) as server:
        held.append(Held(server))
        yield held[0]
