"""Real processes of the command, as a person starts them."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

LIMIT = 30
IN_TURN = """
import json, sys
from mjgate.cli import ended
sys.exit(max(ended(words) for words in json.loads(sys.argv[1])))
"""
READY = re.compile(r"is ready at (\S+)")


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers: its address, and what it said before it was ready."""

    process: subprocess.Popen[str]
    url: str
    said: str

    def stop(self, number: signal.Signals) -> tuple[int, str, str]:
        """End it by a signal; exit code and what it said until then."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, out, err


def environment(**more: str) -> dict[str, str]:
    """Ours without the options of another installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MJGATE_")}
    return kept | more


def popen(*words: str, home: Path, **more: str) -> subprocess.Popen[str]:
    """Start a command in `home`."""
    return subprocess.Popen(
        [sys.executable, "-m", "mjgate", *words],
        cwd=home,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def typed(*words: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `home` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "mjgate", *words],
        cwd=home,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def json_of(*words: str, home: Path, **more: str) -> dict[str, Any]:
    """What a command answers with `--json`."""
    done = typed(*words, "--json", home=home, **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def all_of(*commands: Sequence[str], home: Path, **more: str) -> list[dict[str, Any]]:
    """What each command answers with `--json`; one process does them all, which is quicker."""
    each = json.dumps([[*words, "--json"] for words in commands])
    done = subprocess.run(
        [sys.executable, "-c", IN_TURN, each],
        cwd=home,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def until_ready(process: subprocess.Popen[str]) -> str:
    """What a service says until it is ready."""
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if READY.search(line):
            return said
    assert process.stderr is not None
    raise AssertionError(process.stderr.read())


@contextlib.contextmanager
def service(*words: str, home: Path, **more: str) -> Generator[Service]:
    """Run a service for as long as the block lasts."""
    with popen(*words, home=home, **more) as process:
        try:
            said = until_ready(process)
            found = READY.search(said)
            assert found is not None
            yield Service(process, found[1], said)
        finally:
            process.kill()


def ask(url: str, body: object = None, *, key: str = "") -> tuple[int, dict[str, Any]]:
    """A request as any client makes it; status and JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = Request(url, data=data, headers=headers)  # noqa: S310  an address of ours
    try:
        with urlopen(request, timeout=LIMIT) as answer:  # noqa: S310  the same
            return answer.status, json.loads(answer.read())
    except HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())
