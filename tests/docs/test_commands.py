"""
The commands of README and quickstart run as they are written, one after the other, in a shell.

Only the ports differ, which are free ones here. What a page shows but does not ask
to be typed has another language than `sh`.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from mjgate.web.api import ROWS
from mjgate.web.application import routes
from tests.cli.processes import environment, json_of, service
from tests.docs.pages import NAMES, ROOT, Block, blocks, read, section

pytestmark = pytest.mark.usefixtures("loopback")

SERVICES = ("mjgate sandbox\n", "mjgate serve\n")
ABOUT_ITSELF = ("make demo\n", "make test\n")
PROGRAMS = {"python": "# ", "js": "// "}
LIMIT = 120
FOR_CHANNELS = ("/mj/notify/", "/mj/reference/")
JSON_HELPER = next(
    line
    for block in blocks("docs/quickstart.md")
    for line in block.text.splitlines()
    if line.startswith("json() ")
)


@dataclass(frozen=True, slots=True)
class Home:
    """A directory of somebody's own with the commands on the path, and how to type there."""

    path: Path
    ports: dict[str, str]

    def typed(self, script: str, *, stdin: str = "") -> str:
        """Type a script into a shell in the checkout; what it said."""
        for usual, ours in self.ports.items():
            script = script.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{ours}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, script + done.stdout + done.stderr
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return environment(HOME=str(self.path), PATH=path)

    @property
    def work(self) -> Path:
        """Where the quickstart works."""
        return self.path / "mjgate-try"


@pytest.fixture
def home(tmp_path: Path) -> Generator[Home]:
    """A home with a sandbox and a gateway, started as the quickstart says."""
    shown = [block.text for block in blocks("docs/quickstart.md")]
    assert [each for each in SERVICES if each not in shown] == []
    here = Home(tmp_path, {})
    here.work.mkdir()
    with contextlib.ExitStack() as stack:
        for usual, command in (("8090", "sandbox"), ("8000", "serve")):
            started = stack.enter_context(service(command, "--port", "0", home=here.work))
            here.ports[usual] = started.url.rpartition(":")[2]
        yield here


@pytest.mark.slow
def test_the_quickstart_runs_as_it_is_written(home: Home) -> None:
    if shutil.which("node") is None or shutil.which("curl") is None:
        pytest.skip("node and curl are needed")
    script = ""
    for block in blocks("docs/quickstart.md"):
        if block.language in PROGRAMS:
            name = block.text.partition("\n")[0].removeprefix(PROGRAMS[block.language])
            (home.work / name).write_text(block.text)
        elif block.language == "sh" and block.text not in SERVICES:
            script += block.text + "\n"

    said = home.typed(script)

    assert "The books balance: 2 users, 6 tasks." in said
    for picture in ("lighthouse.jpg", "windmill.jpg", "whale.jpg"):
        with Image.open(home.work / picture) as image:
            assert min(image.size) >= 400


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_every_address_of_the_protocol_answers_its_line_as_it_is_written(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is needed")
    here = Home(tmp_path, {})
    here.work.mkdir()
    with contextlib.ExitStack() as stack:
        up = stack.enter_context(service("sandbox", "--port", "0", "--seconds", "1", home=tmp_path))
        at = stack.enter_context(service("serve", "--port", "0", home=here.work))
        secret = {"MJGATE_CHANNEL_SECRET": "any"}
        json_of("channel", "add", "--name", "up", "--base-url", up.url, home=here.work, **secret)
        alice = json_of("user", "create", "alice", "--quota", "50000000", home=here.work)
        made = json_of("token", "create", "--user", "alice", home=here.work)
        script = "\n".join(
            (
                f"cd {here.work}",
                f"export GATE={at.url} KEY={made['key']} ACCESS_TOKEN={alice['access_token']}",
                JSON_HELPER,
                *(block.text for block in _by_curl()),
            )
        )

        said = here.typed(script)

    codes = re.findall(r'^{"code":(\d+),', said, re.MULTILINE)
    assert '"error":' not in said, said
    assert set(codes) <= {"0", "1", "21"}, said
    assert len(codes) == 17
    for name, start in {"lighthouse.jpg": b"", "waves.mp4": b"ftyp", "openapi.json": b"{"}.items():
        assert start in (here.work / name).read_bytes()[:64]
    with Image.open(here.work / "lighthouse.jpg") as image:
        assert min(image.size) >= 400


def test_every_address_of_the_protocol_has_a_line() -> None:
    lines = [line for block in _by_curl() for line in block.text.splitlines() if "curl" in line]
    asked = " ".join(re.sub(r"\$(?!GATE)\w+", "{}", line) for line in lines)
    managed = {row.path.rstrip("/") for row in ROWS}
    missing = [
        route.path
        for route in routes(cast("Any", None))
        if route.path.rstrip("/") not in managed
        and not route.path.startswith(FOR_CHANNELS)
        and f"$GATE{re.sub(r'{[^}]*}', '{}', route.path)}" not in asked
    ]

    # pictures and clips are asked for by the addresses that tasks show
    assert {path for path in missing if not path.startswith("/api/mj/task/")} == {
        "/mj/image/{id}", "/mj/image/{id}/{n}", "/mj/video/{id}/{n}.mp4",
    }  # fmt: skip
    assert "$GATE/api/mj/task/{}/fetch" in asked


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_commands_of_the_readme_run_as_they_are_written(page: str, home: Home) -> None:
    shown = [block.text for block in blocks(page) if block.language == "sh"]
    script = 'export PATH="$PWD/.venv/bin:$PATH"\ncd ~/mjgate-try\n'

    home.typed(
        script + "\n".join(each for each in shown if each not in {*ABOUT_ITSELF, *SERVICES}),
        stdin="the-key-of-my-account\n",
    )

    assert {*ABOUT_ITSELF, "mjgate serve\n"} <= set(shown)
    channels = json_of("channel", "list", home=home.work)["channels"]
    assert [each["name"] for each in channels] == ["mine"]


@pytest.mark.slow
def test_make_demo_runs_as_it_is_written() -> None:
    """Leaves a `demo-data` alone that was there before."""
    made_here = not (ROOT / "demo-data").exists()
    try:
        with subprocess.Popen(
            ["make", "demo"],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as demo:
            assert demo.stdout is not None
            said = ""
            for line in demo.stdout:
                said += line
                if "mjgate channel add" in line:
                    break
            lines = [line.strip() for line in said.splitlines()]
            pasted = "".join(line for line in lines if line.startswith("curl "))
            assert pasted, said
            answer = subprocess.run(
                ["bash", "-c", pasted], capture_output=True, text=True, timeout=LIMIT, check=True
            ).stdout
            os.killpg(demo.pid, signal.SIGINT)
            demo.wait(timeout=LIMIT)
    finally:
        if made_here:
            shutil.rmtree(ROOT / "demo-data", ignore_errors=True)

    assert answer.startswith('{"code":1,')


def test_every_block_of_a_page_says_what_it_is() -> None:
    unnamed = [name for name in NAMES for block in blocks(name) if not block.language]

    assert unnamed == []
    assert "```sh" in read("README.md")


def _by_curl() -> list[Block]:
    """The lines of the chapter that has one for every address."""
    chapter = section("docs/protocol.md", "## Every address by curl")
    return [each for each in blocks("docs/protocol.md") if each.text in chapter]
