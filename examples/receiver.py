"""
A receiver of mjgate's webhooks that needs nothing but Python.

    WEBHOOK_SECRET=whsec_... python3 receiver.py 9000
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
OLDEST = 5 * 60  # seconds

seen: set[str] = set()  # keep these where they outlive the process


def verified(headers: Message, body: bytes) -> bool:
    """Whether the gateway signed this, just now."""
    event, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > OLDEST:
        return False
    signed = f"{event}.{stamp}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    signatures = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(f"v1,{expected}", each) for each in signatures)


def changed(task: dict[str, Any]) -> None:
    """Your own work; for anything slow put the task into a queue of yours and return."""
    print(task["id"], task["status"], task["progress"], task["failReason"] or task["imageUrl"])
    sys.stdout.flush()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not verified(self.headers, body):
            self.answer(401)
            return
        if self.headers["webhook-id"] not in seen:
            changed(json.loads(body))
            seen.add(self.headers["webhook-id"])
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing but the tasks."""


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
