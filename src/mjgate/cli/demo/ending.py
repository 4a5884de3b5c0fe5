"""How to go on from the demo: the address, a key, a request to paste, and a real provider."""

import getpass
import json
import os
import shlex
from pathlib import Path
from typing import Final

from mjgate.cli.demo.ground import CHANNEL, DATA_DIR, Ground
from mjgate.cli.demo.round import Shown
from mjgate.cli.demo.story import Story
from mjgate.config import Config

PROMPT: Final = "a red fox in a snowy forest, morning light --ar 3:2"
SSH_PORT: Final = "22"


def tell_end(story: Story, config: Config, shown: Shown, ground: Ground, *, once: bool) -> None:
    """What is there now, and what to type next."""
    if once:
        _over(story, config)
    else:
        _running(story, config, shown, ground)
    home = _near(config.data_dir)
    story.part("Now a real provider")
    story.text("You bring an account at an upstream; its key is read from standard input:")
    story.command(
        f"mjgate channel add --data-dir {home} --name mine --provider mjproxy"
        " --base-url https://upstream.example.com --secret -"
    )
    story.text("Then the sandbox can rest, so that everything goes there:")
    story.command(f"mjgate channel disable --data-dir {home} {CHANNEL}")


def _over(story: Story, config: Config) -> None:
    story.part("Done")
    story.text("To have it running, with an address and a key to try:")
    usual = config.data_dir == DATA_DIR.absolute()
    story.command("mjgate demo" if usual else f"mjgate demo --data-dir {_near(config.data_dir)}")


def _running(story: Story, config: Config, shown: Shown, ground: Ground) -> None:
    story.part("It runs until Ctrl-C")
    story.row("address", shown.url)
    story.row("key", shown.key)
    if ground.admin is not None:
        story.row("admin", ground.admin.username)
        story.row("password", ground.admin.password, "shown this once")
    story.row("picture", shown.address)
    for sentence in config.warnings:
        story.row("note", sentence)
    if tunnel := _tunnel(config):
        story.part("This machine is far away: lead its port to yours")
        story.command(tunnel)
    story.part("Try it")
    story.command(
        f"curl -s {shlex.quote(shown.url + '/mj/submit/imagine')}"
        f" -H {shlex.quote('Authorization: Bearer ' + shown.key)}"
        f" -H 'Content-Type: application/json' -d {shlex.quote(json.dumps({'prompt': PROMPT}))}"
    )


def _tunnel(config: Config) -> str:
    """How to come here from where the person sits; empty if that is this machine."""
    client_and_server = os.environ.get("SSH_CONNECTION", "").split()
    if len(client_and_server) != _PARTS or config.public_url:
        return ""
    _, _, host, port = client_and_server
    local = config.address().rpartition("//")[2]
    elsewhere = f" -p {port}" if port != SSH_PORT else ""
    return f"ssh -N -L {config.port}:{local}{elsewhere} {getpass.getuser()}@{host}"


_PARTS: Final = 4


def _near(path: Path) -> str:
    """A path as one would type it here."""
    home = Path.cwd()
    return shlex.quote(str(path.relative_to(home) if path.is_relative_to(home) else path))
