"""An alert names what to type next, whatever its subject is called."""

import shlex

import pytest

from mjgate.domain.alert import Alert, Cause, Told
from mjgate.domain.clock import HOUR


@pytest.mark.parametrize("cause", Cause)
def test_every_alert_names_a_command_and_a_section(cause: Cause) -> None:
    alert = Alert(cause, "main", "It is so.")

    assert alert.command.startswith("mjgate ")
    assert alert.section == f"docs/runbook.md#{cause}"


def test_a_channels_name_is_one_word_of_the_command() -> None:
    alert = Alert(Cause.CHANNEL_DOWN, "a; rm -rf $HOME", "It is so.")

    assert shlex.split(alert.command) == ["mjgate", "channel", "test", "a; rm -rf $HOME"]


def test_the_title_is_one_line() -> None:
    told = Told(Alert(Cause.DISK_LOW, "a\nBcc: you@example.test", "It is so."), 0, 0, over=False)

    assert told.title == "[mjgate] disk_low a Bcc: you@example.test"


def test_an_alert_has_one_id_for_each_hour_and_one_for_its_end() -> None:
    alert = Alert(Cause.QUEUE_OLD, "", "It is so.")
    at = {name: Told(alert, 0, moment, over=over).id for name, moment, over in (
        ("now", 0, False), ("soon", HOUR - 1, False), ("later", HOUR, False), ("end", HOUR, True),
    )}  # fmt: skip

    assert at["now"] == at["soon"]
    assert len({at["now"], at["later"], at["end"]}) == 3


def test_the_end_names_no_command() -> None:
    told = Told(Alert(Cause.QUEUE_OLD, "", "It is so."), 0, 0, over=True)

    assert told.title == "[mjgate] resolved: queue_old"
    assert not any("mjgate " in line for line in told.lines())
    assert told.lines()[-1] == "Since: 1970-01-01 00:00:00 UTC."
