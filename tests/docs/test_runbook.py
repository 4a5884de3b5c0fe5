"""The runbook has a section for everything that may go wrong, and names commands that exist."""

import pytest

from mjgate.domain.alert import RUNBOOK, Alert, Cause
from mjgate.domain.reasons import FailReason, Reason
from tests.docs.pages import anchors, read
from tests.docs.test_pages import _commands


@pytest.mark.parametrize("kind", [Cause, FailReason, Reason])
def test_the_runbook_has_a_section_for_each(kind: type[Cause | FailReason | Reason]) -> None:
    assert sorted({each.value for each in kind} - anchors(RUNBOOK)) == []


def test_the_runbook_has_no_section_for_what_is_no_more() -> None:
    known = {each.value for kind in (Cause, FailReason, Reason) for each in kind}
    sections = [
        line.removeprefix("### ").strip("`")
        for line in read(RUNBOOK).splitlines()
        if line.startswith("### ")
    ]

    assert [each for each in sections if each not in known] == []
    assert len(sections) == len(set(sections))


@pytest.mark.parametrize("cause", Cause)
def test_the_section_of_an_alert_is_where_it_says(cause: Cause) -> None:
    page, _, anchor = Alert(cause, "main", "It is so.").section.partition("#")

    assert anchor in anchors(page)


@pytest.mark.parametrize("cause", Cause)
def test_the_command_of_an_alert_exists_and_its_section_names_it(cause: Cause) -> None:
    words = Alert(cause, "NAME", "It is so.").command
    section = read(RUNBOOK).partition(f"### `{cause}`\n")[2].partition("\n### ")[0]

    assert any(words.startswith(known) for known, _ in _commands())
    assert f"`{words}`" in section
