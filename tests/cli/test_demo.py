"""The main job on an empty machine, with real processes and real HTTP."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.processes import ask, environment, json_of, popen, typed

ROUND = ("Start", "Imagine", "Press two of them", "Look again", "The books")
WIDE = 160

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("loopback")]


@dataclass(frozen=True, slots=True)
class Running:
    """A demo that has shown all and waits for Ctrl-C."""

    process: subprocess.Popen[str]
    said: str

    def named(self, name: str) -> str:
        """What stands in the row of this name."""
        found = re.search(rf"^  {name} +(\S+)", self.said, re.MULTILINE)
        assert found is not None, self.said
        return found[1]

    def line(self, beginning: str) -> str:
        """The line that begins so, as one would paste it."""
        return next(
            line.strip() for line in self.said.splitlines() if line.strip().startswith(beginning)
        )


@contextmanager
def running(*words: str, home: Path, **more: str) -> Generator[Running]:
    """Run a demo until the block ends."""
    with popen("demo", *words, home=home, **more) as demo:
        try:
            assert demo.stdout is not None
            said = ""
            for line in demo.stdout:
                said += line
                if "mjgate channel disable" in line:
                    break
            yield Running(demo, said)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate(timeout=30)


def test_the_demo_draws_a_picture_and_an_upscale_and_ends(tmp_path: Path) -> None:
    ended = typed("demo", "--once", "--json", home=tmp_path)

    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert list(answer) == ["task_id", "image", "upscale", "url", "key"]
    for name in ("image", "upscale"):
        with Image.open(answer[name]) as picture:
            assert min(picture.size) >= 400
    home = tmp_path / "demo-data"
    books = json_of("ledger", "check", "--data-dir", str(home), home=tmp_path)
    assert (books["ok"], books["tasks"]) == (True, 3)
    assert answer["task_id"] in answer["image"]
    assert answer["key"] not in (home / "gateway.log").read_text()
    assert [part for part in ROUND if part not in ended.stderr] == []


def test_the_demo_can_be_run_again_and_keeps_what_it_made(tmp_path: Path) -> None:
    first = typed("demo", "--once", "--json", home=tmp_path)
    second = typed("demo", "--once", "--json", home=tmp_path)

    assert first.returncode == second.returncode == 0, second.stderr
    home = str(tmp_path / "demo-data")
    books = json_of("ledger", "check", "--data-dir", home, home=tmp_path)
    keys = json_of("token", "list", "--data-dir", home, home=tmp_path)["tokens"]
    assert (books["ok"], books["tasks"]) == (True, 6)
    assert len(keys) == 1
    assert len(list((tmp_path / "demo-data" / "pictures").iterdir())) == 6


def test_what_the_demo_tells_works_while_it_runs(tmp_path: Path) -> None:
    ssh = "198.51.100.7 50000 203.0.113.5 2222"

    with running(
        home=tmp_path, SSH_CONNECTION=ssh, MJGATE_DATABASE_URL="sqlite:////nowhere"
    ) as demo:
        url, key = demo.named("address"), demo.named("key")
        status, tasks = ask(f"{url}/mj/task/list-by-condition", {"ids": []}, key=key)
        pasted = subprocess.run(
            ["bash", "-c", demo.line("curl ")], capture_output=True, text=True, check=True
        )
        channel = demo.line("mjgate channel add").removeprefix("mjgate ").split()
        added = subprocess.run(
            [sys.executable, "-m", "mjgate", *channel],
            cwd=tmp_path,
            env=environment(),
            input="the-key-of-my-account\n",
            capture_output=True,
            text=True,
            check=False,
        )

    port = url.rpartition(":")[2]
    assert (status, tasks) == (200, [])
    assert pasted.stdout.startswith('{"code":1,')
    assert added.returncode == 0, added.stderr
    assert demo.line("ssh ").startswith(f"ssh -N -L {port}:127.0.0.1:{port} -p 2222 ")
    assert demo.line("ssh ").endswith("@203.0.113.5")
    assert "\x1b" not in demo.said


def test_people_see_a_bar_that_follows_the_work(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "mjgate", "demo", "--once"]
    screen = environment(TERM="xterm-256color", COLUMNS=str(WIDE))

    with subprocess.Popen(words, cwd=tmp_path, env=screen, stdout=theirs, stderr=theirs) as demo:
        os.close(theirs)
        said = "".join(_read(ours))
    os.close(ours)

    seen = {int(percent) for percent in re.findall(r"(\d+)%", said)}
    assert demo.returncode == 0, said
    assert {0, 100} < seen
    assert len(seen) > 4
    assert f"file://{tmp_path}/demo-data/pictures/" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_of_the_demo_outlives_it(tmp_path: Path, number: signal.Signals) -> None:
    with running(home=tmp_path) as demo:
        demo.process.send_signal(number)
        demo.process.wait(timeout=30)

    again = typed("demo", "--once", "--json", home=tmp_path)

    assert demo.process.returncode == (0 if number == signal.SIGINT else -number)
    assert again.returncode == 0, again.stderr
    assert "already" not in again.stderr


def test_the_demo_leaves_a_directory_alone_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "demo-data").mkdir()
    (tmp_path / "demo-data" / "precious").touch()

    ended = typed("demo", "--once", home=tmp_path)

    assert ended.returncode == 1
    assert "was not made by a demo" in ended.stderr
    assert ended.stderr.strip().endswith(f"--data-dir {tmp_path}/demo-data-2")
    assert [path.name for path in (tmp_path / "demo-data").iterdir()] == ["precious"]


@pytest.mark.parametrize(
    ("words", "sentence", "step"),
    [
        (("--data-dir", "file"), "cannot be used", "mjgate demo --data-dir ~/mjgate-demo"),
        (("--data-dir", "file/x"), "cannot be used", "mjgate demo --data-dir ~/mjgate-demo"),
        (("--host", "192.0.2.1"), "no address of this machine", "mjgate demo --host 127.0.0.1"),
        (("--public-url", "nonsense"), "public_url", "mjgate demo --help"),
    ],
)
def test_what_keeps_the_demo_from_starting_is_told_with_a_way_out(
    tmp_path: Path, words: tuple[str, ...], sentence: str, step: str
) -> None:
    (tmp_path / "file").touch()

    ended = typed("demo", "--once", *words, home=tmp_path)

    assert ended.returncode in {1, 2}
    assert sentence in ended.stderr
    assert ended.stderr.strip().endswith(f"next: {step}")


@pytest.mark.parametrize("spoil", ["another key", "no key", "no database"])
def test_data_that_cannot_be_used_any_more_is_left_for_other_data(
    tmp_path: Path, spoil: str
) -> None:
    home = tmp_path / "demo-data"
    assert typed("migrate", "--data-dir", str(home), home=tmp_path).returncode == 0
    (home / "made-by-mjgate-demo").touch()
    match spoil:
        case "another key":
            (home / "secret.key").write_text("x" * 48)
        case "no key":
            (home / "secret.key").unlink()
        case _:
            (home / "mjgate.db").write_text("not a database at all " * 100)

    ended = typed("demo", "--once", home=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr.strip().endswith("next: mjgate demo --data-dir demo-data-2")


def _read(descriptor: int) -> Generator[str]:
    """What a terminal shows, until whoever writes to it is gone."""
    while True:
        try:
            data = os.read(descriptor, 4096)
        except OSError:  # how Linux says it
            return
        if not data:
            return
        yield data.decode("utf-8", "replace")
