"""
HTTP before it is a request: heads have an end, and what is no HTTP is told so in our words.

The server itself bounds neither: a head that never ends would fill the memory of whoever listens,
and one that comes byte by byte would keep a connection for as long as it likes.
"""

import asyncio
import secrets
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mjgate.domain.errors import BadJson
from mjgate.web.origins import Crossed, Headers
from mjgate.web.respond import JSON, refusal

HEAD_MOST: Final = 64 * 1024
"""Bytes of a request line and its headers."""

HEAD_WITHIN: Final = 20.0
"""Seconds that a head may take from its first byte, or a new connection from being made."""


class Wire(HttpToolsProtocol):
    """One connection."""

    head_within = HEAD_WITHIN
    _in_head = True
    _head = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A client is here; it has so long to say what it wants."""
        super().connection_made(transport)
        self._give_time()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._take_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that has become too long ends the connection."""
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > HEAD_MOST:
                self.send_400_response(f"The headers are longer than {HEAD_MOST} bytes.")
        elif self._deadline is None and self.cycle.response_complete:
            self._give_time()  # the rest of a body that was refused, or nothing at all

    def on_message_begin(self) -> None:
        """Count from here."""
        self._in_head, self._head = True, 0
        self._give_time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Count no more: the body has limits of its own."""
        self._in_head = False
        self._take_time()
        super().on_headers_complete()

    def _give_time(self) -> None:
        self._take_time()
        self._deadline = self.loop.call_later(self.head_within, self._give_up)

    def _take_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        """A head that takes so long is none: whoever still waits for an answer hears of it."""
        if self.cycle and not self.cycle.response_complete:
            self._give_time()  # an answer before it is still being written
        elif self._in_head and self._head:
            self.send_400_response(f"The headers took longer than {self.head_within:.0f} seconds.")
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Say in JSON that this is no request, and close."""
        if self.transport.is_closing():
            return
        request_id = secrets.token_hex(8)
        body = bytes(refusal(BadJson(msg), request_id).body)
        head = (
            f"HTTP/1.1 400 Bad Request\r\nContent-Type: {JSON}\r\nContent-Length: {len(body)}\r\n"
            f"X-Request-Id: {request_id}\r\nConnection: close\r\nCache-Control: no-store\r\n"
        )
        origin = b"".join(b"%s: %s\r\n" % header for header in self._origin_headers())
        self.transport.write(head.encode() + origin + b"\r\n" + body)
        self.transport.close()

    def _origin_headers(self) -> Headers:
        """Nobody knows what was asked for, so it counts as the task protocol, which pages call."""
        app = cast("object", self.app)
        if not isinstance(app, Crossed):
            return []
        return app.origin_headers({"path": "/mj/", "headers": self.headers or []})
