"""Two small proxies, and a door before an upstream that notes who comes through it."""

import asyncio
import base64
import ipaddress
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.served import Talk, accepting

NAME = "studio.test"
"""A name that only the proxies know: asking the system for it would fail."""


@dataclass
class Door:
    """Lets everybody through to a port of this machine, and notes where each came from."""

    to: int
    port: int = 0
    peers: list[int] = field(default_factory=list[int])

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peers.append(writer.get_extra_info("peername")[1])
        await _joined(reader, writer, "127.0.0.1", self.to)


@dataclass
class SmallProxy:
    """Opens connections for others; `user:password` is what it wants to hear, if anything."""

    userinfo: str = ""
    port: int = 0
    asked: list[str] = field(default_factory=list[str])
    refused: int = 0
    left: list[int] = field(default_factory=list[int])  # own ports of the connections it made

    async def onward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        """Go where it was asked to: the name it knows is this machine."""
        self.asked.append(f"{host}:{port}")
        real = "127.0.0.1" if host == NAME else host
        await _joined(reader, writer, real, port, self.left)

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """CONNECT and nothing else."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, place, _ = head.splitlines()[0].split(" ")
        wanted = base64.b64encode(self.userinfo.encode()).decode()
        if method != "CONNECT" or (self.userinfo and f"Basic {wanted}" not in head):
            self.refused += 1
            writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        host, _, port = place.rpartition(":")
        await self.onward(reader, writer, host, int(port))

    async def socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 1928 with names, and RFC 1929 for who may come."""
        methods = await reader.readexactly((await reader.readexactly(2))[1])
        method = 2 if self.userinfo else 0
        writer.write(bytes([5, method if method in methods else 255]))
        if method:
            user = await reader.readexactly((await reader.readexactly(2))[1])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            good = f"{user.decode()}:{password.decode()}" == self.userinfo
            writer.write(bytes([1, 0 if good else 1]))
            if not good:
                self.refused += 1
                return
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ipaddress.ip_address(await reader.readexactly(4)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        writer.write(b"\x05\x00\x00\x01\0\0\0\0\0\0")
        await self.onward(reader, writer, host, port)


@asynccontextmanager
async def listening(to: Door | SmallProxy, talk: Talk) -> AsyncGenerator[None]:
    """Serve on a port of this machine as long as the block lasts."""
    async with accepting(talk) as to.port:
        yield


async def _joined(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: str,
    port: int,
    left: list[int] | None = None,
) -> None:
    """Carry bytes both ways until one end hangs up."""
    there, back = await asyncio.open_connection(host, port)
    if left is not None:
        left.append(back.get_extra_info("sockname")[1])
    try:
        ways = {
            asyncio.create_task(_carry(reader, back)),
            asyncio.create_task(_carry(there, writer)),
        }
        _, open_ones = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in open_ones:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    finally:
        back.close()
        with suppress(OSError):
            await back.wait_closed()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
