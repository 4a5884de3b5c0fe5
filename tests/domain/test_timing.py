"""How long the gateway waits."""

from dataclasses import asdict

import pytest

from mjgate.domain.action import Action, Mode
from mjgate.domain.clock import DAY, HOUR, MINUTE, SECOND, SystemClock
from mjgate.domain.timing import Timing


def test_the_waits_are_those_of_the_engine() -> None:
    engine = {
        "queue": 6 * HOUR,
        "no_progress": 15 * MINUTE,
        "no_progress_relax": 60 * MINUTE,
        "no_progress_video": 30 * MINUTE,
        "adoption": 10 * MINUTE,
        "adoption_blind": 60 * SECOND,
        "no_picture": 60 * SECOND,
        "window": 1 * HOUR,
        "busy_least": 5 * SECOND,
        "busy_most": 60 * SECOND,
        "idempotency": 24 * HOUR,
        "rescue": DAY,
        "grace": 2 * MINUTE,
    }

    assert engine.items() <= asdict(Timing()).items()


@pytest.mark.parametrize(
    ("action", "mode", "minutes"),
    [
        (Action.IMAGINE, Mode.FAST, 15),
        (Action.IMAGINE, Mode.TURBO, 15),
        (Action.IMAGINE, Mode.RELAX, 60),
        (Action.VIDEO, Mode.FAST, 30),
        (Action.VIDEO, Mode.RELAX, 30),
    ],
)
def test_a_task_may_be_quiet_as_long_as_its_kind_takes(
    action: Action, mode: Mode, minutes: int
) -> None:
    assert Timing().quiet_for(action, mode) == minutes * MINUTE


def test_waits_are_scaled_and_none_becomes_nothing() -> None:
    scaled = Timing().scaled(0.01)

    assert (scaled.queue, scaled.no_progress) == (216 * SECOND, 9 * SECOND)
    assert set(asdict(Timing().scaled(0)).values()) == {100}


def test_the_clock_counts_milliseconds_and_can_be_set_beside_the_machines() -> None:
    here, there = SystemClock(), SystemClock(HOUR)

    before = here.now()

    assert before > 1_700_000_000_000
    assert HOUR <= there.now() - before < HOUR + MINUTE
