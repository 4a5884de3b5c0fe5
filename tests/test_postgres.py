"""The server that the tests bring along leaves nothing behind, whatever becomes of them."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SESSION = """
import sys
from tests.postgres import postgres

with postgres() as server:
    print(server.home, flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="watches a process by its descriptor")
def test_the_server_ends_with_a_session_that_was_killed() -> None:
    root = Path(__file__).parent.parent
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with session:
        assert session.stdout is not None
        home = Path(session.stdout.readline().decode().strip())
        server = os.pidfd_open(int((home / "data" / "postmaster.pid").read_text().split()[0]))

        session.send_signal(signal.SIGKILL)
        ended, _, _ = select.select([server], [], [], 20)

    os.close(server)
    assert ended
    subprocess.run(["rm", "-r", "-f", home], check=True)
