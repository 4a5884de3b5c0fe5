"""
HTTP before it is a request: heads have an end, and what is no HTTP is told so in our words.

The server itself bounds neither: a head that never ends would fill the memory of whoever listens.
"""

import secrets
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mjgate.domain.errors import BadJson
from mjgate.web.respond import JSON, refusal

HEAD_MOST: Final = 64 * 1024
"""Bytes of a request line and its headers."""


class Wire(HttpToolsProtocol):
    """One connection."""

    _in_head = True
    _head = 0

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that has become too long ends the connection."""
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > HEAD_MOST:
                self.send_400_response(f"The headers are longer than {HEAD_MOST} bytes.")

    def on_message_begin(self) -> None:
        """Count from here."""
        self._in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Count no more: the body has limits of its own."""
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Say in JSON that this is no request, and close."""
        if self.transport.is_closing():
            return
        request_id = secrets.token_hex(8)
        body = bytes(refusal(BadJson(msg), request_id).body)
        head = (
            f"HTTP/1.1 400 Bad Request\r\nContent-Type: {JSON}\r\nContent-Length: {len(body)}\r\n"
            f"X-Request-Id: {request_id}\r\nConnection: close\r\nCache-Control: no-store\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
