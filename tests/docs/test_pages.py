"""What the pages say is so: it was printed from the code, or is compared with it here."""

import inspect
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import cast
from urllib.parse import unquote

import pytest
import typer
from typer.core import TyperGroup

from mjgate.cli import commands
from mjgate.config.sources import describe
from mjgate.dialects.mjproxy import encode, show
from mjgate.domain import errors
from mjgate.domain.errors import Refused
from mjgate.domain.reasons import FailReason, Reason
from mjgate.web.api import ROWS
from mjgate.web.media import BadSignature
from tests.docs.pages import NAMES, ROOT, anchors, blocks, links, prose, read, rows, section
from tests.tasks import a_task

WORKPLACES = re.compile(r"(?<![\w.~])/(?:work|tmp|home|root|Users)/")
FLUFF = re.compile(
    r"\b(?:blazing|seamless|cutting-edge|effortless|world-class|powerful|leverage|best-in-class"
    r"|next-generation|game-chang\w+|supercharge\w*|unleash\w*|robust)\b",
    re.IGNORECASE,
)
_DEFINED = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
_SECRET = re.compile(r"--(?:secret|password)(?:[= ](\S+)|$)")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|TBD|XXX|lorem ipsum)\b")


def test_what_is_made_from_the_code_is_as_the_code_is() -> None:
    checked = subprocess.run(
        [sys.executable, "tools/docs.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_option_is_in_the_page_of_options() -> None:
    text = read("docs/configuration.md")

    assert [row.variable for row in describe() if f"| `{row.variable}` |" not in text] == []


def test_every_command_is_in_the_page_of_commands() -> None:
    text = read("docs/cli.md")

    missing = [words for words, _ in _commands() if not re.search(rf"### `{words}[` ]", text)]

    assert missing == []


def test_every_address_of_the_management_api_has_a_section() -> None:
    text = read("docs/management-api.md")

    missing = [
        f"{row.method} {row.path}"
        for row in ROWS
        if f"### `{row.method} {row.path}`\n\n{row.summary}" not in text
    ]

    assert ROWS
    assert missing == []


@pytest.mark.parametrize("page", NAMES)
def test_every_command_that_a_page_names_exists_with_its_options(page: str) -> None:
    known = dict(_commands())

    for line in _typed(page):
        words = [word for word in shlex.split(line, comments=True) if word not in {"…", "[…]"}]
        command = _longest(words, known)
        assert command or words == ["mjgate"] or words[1].startswith("--"), line
        named = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert named <= known.get(command, set()) | {"--help", "--version"}, line


@pytest.mark.parametrize("page", NAMES)
def test_no_page_shows_a_secret_on_a_command_line(page: str) -> None:
    shown = [word for line in _typed(page) for word in _SECRET.findall(line)]

    assert [word for word in shown if word not in {"", "-"}] == []


@pytest.mark.parametrize("page", NAMES)
def test_every_link_leads_somewhere(page: str) -> None:
    here = (ROOT / page).parent
    broken: list[str] = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (here / path).resolve() if path else ROOT / page
        named = unquote(anchor)
        if not target.exists() or (named and named not in anchors(str(target.relative_to(ROOT)))):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("page", NAMES)
def test_a_page_is_plain_and_finished(page: str) -> None:
    text = read(page)

    found = [found[0] for each in (WORKPLACES, FLUFF, UNFINISHED) for found in each.finditer(text)]

    assert found == []


@pytest.mark.parametrize("page", NAMES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    existing = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in _DEFINED.findall(file.read_text("utf-8"))
    }

    assert set(re.findall(r"`(test_\w+)`", prose(page))) - existing == set()


@pytest.mark.parametrize("heading", ["## Why a request was refused", "## 请求为什么被拒绝"])
def test_every_reason_of_a_refusal_is_explained(heading: str) -> None:
    told = {row[0].strip("`"): row[1:] for row in rows(section("docs/reasons.md", heading))}

    explained = {
        reason: [told[reason][0], told[reason][1]] for reason in told if reason in _codes()
    }

    assert explained == _codes()
    assert set(_codes()) == set(Reason)
    assert all(cell for reason in Reason for cell in told[reason])


@pytest.mark.parametrize("heading", ["## Why a task failed", "## 任务为什么失败"])
def test_every_reason_of_a_failure_is_explained(heading: str) -> None:
    told = {row[0].strip("`"): row[1:] for row in rows(section("docs/reasons.md", heading))}

    assert [reason for reason in FailReason if reason not in told] == []
    assert all(cell for reason in FailReason for cell in told[reason])


def test_the_task_that_is_shown_has_the_members_of_a_task() -> None:
    shown = [
        json.loads(each.text) for each in blocks("docs/protocol.md") if each.language == "json"
    ]

    (task,) = [each for each in shown if "status" in each]
    assert list(task) == list(json.loads(encode(show(a_task()))))


@pytest.mark.parametrize(
    "page", [name for name in NAMES if re.match(r"docs/decisions/\d{4}-", name)]
)
def test_a_decision_says_why_what_it_costs_and_what_enforces_it(page: str) -> None:
    headings = re.findall(r"^## (.*)$", read(page), re.MULTILINE)

    assert headings == ["Context", "Decision", "Consequences", "Enforced by"]
    assert f"]({page.rpartition('/')[2]})" in read("docs/decisions/README.md")


def _commands() -> Iterator[tuple[str, set[str]]]:
    """Every command with its options."""

    def below(words: str, group: TyperGroup) -> Iterator[tuple[str, set[str]]]:
        for name, each in group.commands.items():
            if isinstance(each, TyperGroup):
                yield from below(f"{words} {name}", each)
            else:
                yield f"{words} {name}", {word for param in each.params for word in param.opts}

    return below("mjgate", cast("TyperGroup", typer.main.get_command(commands())))


def _longest(words: list[str], known: dict[str, set[str]]) -> str:
    """The command that these words begin with; also of a group, such as `mjgate user`."""
    for count in (3, 2):
        command = " ".join(words[:count])
        if command in known or any(each.startswith(f"{command} ") for each in known):
            return command
    return ""


def _typed(page: str) -> Iterator[str]:
    """Every command of ours that a page shows, in its text or in a block."""
    for span in re.findall(r"`(mjgate(?: [^`]*)?)`", prose(page)):
        yield span.replace("\\|", "|")
    for block in blocks(page):
        if block.language in {"sh", "console"}:
            for line in block.text.replace("\\\n", " ").splitlines():
                yield from re.findall(r"(?:^|\$ |\| |\$\(|&& )(mjgate [^|)\n]*)", line)


def _codes() -> dict[str, list[str]]:
    """Code and HTTP status of each reason, as the classes carry them."""
    classes = [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, Refused) and each is not Refused
    ]
    found: dict[str, list[str]] = {}
    for each in (*classes, BadSignature):
        code, status = str(each.code), str(each.status)
        before = found.setdefault(each.reason, [code, status])
        if status not in before[1].split(", "):
            before[1] += f", {status}"
    return found
