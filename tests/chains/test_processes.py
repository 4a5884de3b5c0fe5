"""The same with real processes: sandbox, gateway, gateway, each started as a person starts them."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from mjgate.domain.image import sniff
from tests.cli.processes import LIMIT, all_of, ask, service

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("loopback")]

RICH = "10000000"


def a_gateway(stack: ExitStack, home: Path, upstream: str, secret: str) -> tuple[str, str]:
    """Address and key of a gateway in `home` whose one channel is `upstream`."""
    home.mkdir()
    _, _, made, _ = all_of(
        ("migrate",),
        ("user", "create", "alice", "--quota", RICH),
        ("token", "create", "--user", "alice"),
        ("channel", "add", "--name", "below", "--provider", "mjproxy", "--base-url", upstream,
         "--option", "idempotent=on"),
        home=home,
        MJGATE_CHANNEL_SECRET=secret,
    )  # fmt: skip
    near = {"MJGATE_ALLOW_PRIVATE_HOSTS": "127.0.0.1"}  # who is told of changes lives here too
    return stack.enter_context(service("serve", "--port", "0", home=home, **near)).url, made["key"]


def ended(url: str, key: str, task_id: str) -> dict[str, Any]:
    """The task, once it has ended."""
    while True:  # the time limit of the test ends it
        _, task = ask(f"{url}/mj/task/{task_id}/fetch", key=key)
        if task["status"] in {"SUCCESS", "FAILURE"}:
            return task
        time.sleep(0.2)  # a client can only ask again


def test_a_chain_of_processes_does_what_its_bottom_does(tmp_path: Path) -> None:
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            service("sandbox", "--port", "0", "--seconds", "0.5", home=tmp_path)
        )
        below, its_key = a_gateway(stack, tmp_path / "bottom", sandbox.url, "any-secret-will-do")
        above, key = a_gateway(stack, tmp_path / "top", below, its_key)
        fox = {"prompt": "a red fox --ar 3:2 --foo 1", "bar": [1]}

        _, taken = ask(f"{above}/mj/submit/imagine", fox, key=key)
        assert taken["code"] == 1, taken
        grid = ended(above, key, taken["result"])
        _, pressed = ask(
            f"{above}/mj/submit/action",
            {"taskId": grid["id"], "customId": grid["buttons"][0]["customId"]},
            key=key,
        )
        upscale = ended(above, key, pressed["result"])
        _, refused = ask(
            f"{above}/mj/submit/imagine", {"prompt": "x [[fault:fail=no paint left]]"}, key=key
        )
        failed = ended(above, key, refused["result"])
        with urlopen(upscale["imageUrl"], timeout=LIMIT) as answer:  # noqa: S310  ours
            picture = answer.read()
        _, counted = ask(f"{sandbox.url}/sandbox/stats")
        _, page = ask(f"{below}/mj/task/query", {}, key=its_key)

    assert (grid["status"], upscale["status"]) == ("SUCCESS", "SUCCESS")
    assert (failed["status"], failed["failReason"]) == ("FAILURE", "no paint left")
    assert (sniff(picture), upscale["imageUrl"].startswith(above)) == ("image/jpeg", True)
    assert (counted["jobs"], counted["per_prompt"][fox["prompt"]]) == (3, 1)
    assert {each["status"] for each in page["content"]} == {"SUCCESS", "FAILURE"}
    for home in ("bottom", "top"):
        people, books = all_of(("user", "list"), ("ledger", "check"), home=tmp_path / home)
        (alice,) = [each for each in people["users"] if each["username"] == "alice"]
        assert (alice["held"], alice["spent"]) == (0, 75_000)
        assert books["ok"]
