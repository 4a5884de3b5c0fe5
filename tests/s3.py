"""A real S3 server on this machine, in a process of its own."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from mjgate.cli.service import listen
from mjgate.files import Place

KEY, SECRET = "a-key-id", "a secret of S3"


@dataclass(frozen=True)
class S3:
    """Such a server."""

    url: str

    def place(self, name: str, prefix: str = "pictures") -> Place:
        """A new bucket of that name."""
        asked = urllib.request.Request(f"{self.url}/{name}", method="PUT")  # noqa: S310  ours
        with urllib.request.urlopen(asked, timeout=10):  # noqa: S310  ours
            return Place(url=f"s3://{name}/{prefix}", endpoint=self.url, key=KEY, secret=SECRET)


@contextmanager
def s3() -> Generator[S3]:
    """Serve until the block ends."""
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=nowhere, stderr=nowhere) as process:
        server = S3(f"http://127.0.0.1:{port}")
        try:
            _wait(server, process)
            yield server
        finally:
            process.terminate()


def _wait(server: S3, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/moto-api/", timeout=1):  # noqa: S310  ours
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError("the S3 server does not answer")
