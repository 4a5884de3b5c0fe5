"""What commands answer with `--json` has the names that the page promises to scripts."""

import json
import re
from typing import Final

import pytest

from tests.cli.conftest import Run
from tests.docs.pages import read, rows, section

TYPED: Final = {
    "migrate": "migrate",
    "user create": "user create alice",
    "user topup`, `adjust": "user topup alice 10",
    "user list": "user list",
    "user password": "user password alice",
    "user enable`, `disable": "user disable alice",
    "token create": "token create --user alice",
    "token list": "token list",
    "token revoke": "token revoke 1",
    "channel add": "channel add --name one --base-url https://mj.example.com",
    "channel enable`, `disable`, `drain": "channel drain one",
    "channel limit": "channel limit one",
    "channel set-secret": "channel set-secret one",
    "channel secrets": "channel secrets one",
    "channel drop-secret": "channel drop-secret one 1",
    "channel proxy": "channel proxy one",
    "channel list": "channel list",
    "maintenance on`, `off": "maintenance off",
    "keys rotate": "keys rotate",
    "keys webhook": "keys webhook",
    "config": "config",
    "doctor": "doctor",
    "ledger check": "ledger check",
    "media gc": "media gc",
    "media verify": "media verify",
}
"""For a row of the page a command, in an order in which they can be typed."""

NEED_MORE: Final = {
    *("task show", "task cancel", "task refresh", "task refund", "media pin"),
    *("demo --once", "check", "channel test", "openapi"),
}
"""A task, a channel that answers, or no page to compare with."""


@pytest.mark.slow
def test_what_json_answers_has_the_names_that_the_page_tells(mjgate: Run) -> None:
    told = {
        row[0].strip("`").removeprefix("mjgate "): row[1]
        for row in rows(section("docs/cli.md", "## What `--json` answers"))
    }
    for row, command in TYPED.items():
        ended = mjgate(*command.split(), "--json", env={"MJGATE_CHANNEL_SECRET": "k" * 20})
        answer = json.loads(ended.out)

        assert _names(told[row])[: len(answer)] == list(answer), command

    assert set(told) - set(TYPED) == {"Command", "---"} | NEED_MORE


def test_every_command_that_answers_json_is_on_the_page() -> None:
    chapter = r"### `mjgate ([a-z -]+?)(?: [A-Z ]+)?`(.*?)(?=\n### |\n<!-- end)"
    heads = re.findall(chapter, read("docs/cli.md"), re.DOTALL)
    answering = {name for name, text in heads if "`--json`" in text}
    told: set[str] = set()
    for first, *_ in rows(section("docs/cli.md", "## What `--json` answers")):
        noun, *others = re.findall(r"`(?:mjgate )?([a-z -]+)`", first) or [""]
        told |= {noun.removesuffix(" --once")}
        told |= {f"{noun.partition(' ')[0]} {verb}" for verb in others}

    assert answering - told == set()
    assert len(answering) > 30


def _names(cell: str) -> list[str]:
    """What is named in a cell, without the members of what stands in a list."""
    return cell.partition("a list of")[0].split("`")[1::2]
