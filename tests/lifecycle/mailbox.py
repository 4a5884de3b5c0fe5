"""A real server that takes mail, and keeps it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_string, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """What came, and whether mail is taken at all."""

    port: int = 0
    takes: bool = True
    verbs: list[str] = field(default_factory=list[str])
    to: list[str] = field(default_factory=list[str])
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(b"220 here\r\n")
            while line := (await reader.readline()).decode().strip():
                self.verbs.append(line.split()[0].upper())
                writer.write(self._answer(line))
                if line.upper() == "DATA":
                    self._keep((await reader.readuntil(b"\r\n.\r\n")).decode())
                    writer.write(b"250 kept\r\n")
                await writer.drain()
        writer.close()

    def _answer(self, line: str) -> bytes:
        match line.upper()[:4]:
            case "MAIL" if not self.takes:
                return b"451 not now\r\n"
            case "RCPT":
                self.to.append(line.partition("<")[2].partition(">")[0])
                return b"250 ok\r\n"
            case "DATA":
                return b"354 go on\r\n"
            case "QUIT":
                return b"221 bye\r\n"
            case _:
                return b"250 ok\r\n"

    def _keep(self, text: str) -> None:
        self.mails.append(message_from_string(text.removesuffix(".\r\n"), policy=policy.default))


@asynccontextmanager
async def taking_mail() -> AsyncGenerator[Mailbox]:
    """A mail server that listens for as long as the block lasts."""
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox.talk, "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
