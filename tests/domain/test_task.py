"""The states of a task and the moves between them, held against the engine's table."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.buttons import Button
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import (
    BY_ENDS,
    EDGES,
    FINAL,
    STATUS,
    Edge,
    Hook,
    Money,
    Report,
    Result,
    State,
    Status,
    way,
)
from tests.tasks import a_task

NONE, HOLD, RELEASE, SETTLE = Money.NONE, Money.HOLD, Money.RELEASE, Money.SETTLE
NOTHING: tuple[Hook, ...] = ()
STATUS_ROW = (Hook.STATUS,)
SUBMITTED_ROW = (Hook.SUBMITTED,)
FINAL_ROW = (Hook.FINAL,)
BOTH_ROWS = (Hook.SUBMITTED, Hook.FINAL)

Row = tuple[str, str, Money, tuple[Hook, ...]]

TABLE: Sequence[Row] = [
    ("", "SENDING QUEUED", HOLD, NOTHING),
    ("", "WINDOW", NONE, STATUS_ROW),
    ("", "SUCCESS", Money.HOLD_AND_SETTLE, BOTH_ROWS),
    ("QUEUED", "SENDING", NONE, NOTHING),
    ("SENDING", "SENDING QUEUED", NONE, NOTHING),
    ("SENDING UNKNOWN", "SUBMITTED", NONE, SUBMITTED_ROW),
    ("SENDING UNKNOWN SUBMITTED", "WINDOW", RELEASE, STATUS_ROW),
    ("UNKNOWN SUBMITTED", "SENDING", NONE, NOTHING),
    ("SENDING", "UNKNOWN", NONE, SUBMITTED_ROW),
    ("SENDING UNKNOWN", "SUCCESS", SETTLE, BOTH_ROWS),
    ("SENDING", "FAILURE", RELEASE, FINAL_ROW),
    ("UNKNOWN", "FAILURE", RELEASE, FINAL_ROW),
    ("WINDOW", "SENDING QUEUED", HOLD, NOTHING),
    ("WINDOW", "FAILURE CANCELLED", NONE, FINAL_ROW),
    ("QUEUED", "FAILURE CANCELLED", RELEASE, FINAL_ROW),
    ("SUBMITTED", "RUNNING", NONE, STATUS_ROW),
    ("SUBMITTED RUNNING", "SUCCESS", SETTLE, FINAL_ROW),
    ("SUBMITTED RUNNING", "FAILURE", RELEASE, FINAL_ROW),
    ("SUBMITTED RUNNING", "CANCELLED", Money.RULED, FINAL_ROW),
    ("FAILURE", "SUCCESS", NONE, FINAL_ROW),
]
"""From, to, ledger, webhook rows: what the engine promises, a row each."""


def _spelled(row: Row) -> set[tuple[str, str, Money, tuple[Hook, ...]]]:
    origins, targets, money, hooks = row
    return {
        (source, target, money, hooks)
        for source in origins.split() or [""]
        for target in targets.split()
    }


def test_the_moves_are_those_of_the_table_and_no_others() -> None:
    table = [each for row in TABLE for each in _spelled(row)]

    moves = [
        (
            "" if edge.source is None else edge.source.value,
            edge.target.value,
            edge.money,
            edge.hooks,
        )
        for edge in EDGES
    ]

    assert sorted(moves) == sorted(table)
    assert len(BY_ENDS) == len(EDGES)


def test_what_clients_see_of_each_state() -> None:
    seen = {state.value: status.value for state, status in STATUS.items()}

    assert seen == {
        "QUEUED": "NOT_START",
        "SENDING": "NOT_START",
        "UNKNOWN": "SUBMITTED",
        "WINDOW": "MODAL",
        "SUBMITTED": "SUBMITTED",
        "RUNNING": "IN_PROGRESS",
        "SUCCESS": "SUCCESS",
        "FAILURE": "FAILURE",
        "CANCELLED": "FAILURE",
    }


def test_which_states_hold_a_slot_which_hold_money_and_which_are_the_end() -> None:
    slots = {state for state in State if state.holds_slot}
    money = {state for state in State if state.holds_money}
    ends = {state for state in State if state.final}

    assert slots == {State.SENDING, State.UNKNOWN, State.SUBMITTED, State.RUNNING}
    assert money == slots | {State.QUEUED}
    assert ends == FINAL == {State.SUCCESS, State.FAILURE, State.CANCELLED}
    assert {status for status in Status if status.final} == {Status.SUCCESS, Status.FAILURE}


def test_every_state_is_reached_and_every_task_can_end() -> None:
    reached: set[State | None] = {None}
    while more := {edge.target for edge in EDGES if edge.source in reached} - reached:
        reached |= more

    assert reached == {None, *State}
    for state in set(State) - FINAL:
        assert (state, State.FAILURE) in BY_ENDS, f"an admin cannot end {state}"


def test_only_a_rescue_leaves_a_final_state() -> None:
    leaving = [edge for edge in EDGES if edge.source is not None and edge.source.final]

    assert [(edge.source, edge.target) for edge in leaving] == [(State.FAILURE, State.SUCCESS)]


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.source}-{edge.target}")
def test_a_move_does_to_the_hold_what_its_ends_ask_for(edge: Edge) -> None:
    before = edge.source is not None and edge.source.holds_money
    after = edge.target.holds_money

    effects = {
        (False, False): {Money.NONE, Money.HOLD_AND_SETTLE},
        (False, True): {Money.HOLD},
        (True, True): {Money.NONE},
        (True, False): {Money.RELEASE, Money.SETTLE, Money.RULED},
    }

    assert edge.money in effects[before, after]
    assert (edge.money is Money.HOLD_AND_SETTLE) == (edge.source is None and edge.target.final)


@pytest.mark.parametrize("target", State)
def test_a_task_that_has_ended_goes_nowhere(target: State) -> None:
    for state in FINAL:
        task = a_task(state=state, reason=FailReason.ORPHAN)

        assert way(task, target) is None


@pytest.mark.parametrize("reason", ["", *FailReason])
def test_only_what_nobody_said_had_failed_is_rescued_and_only_once(reason: str) -> None:
    failed = a_task(state=State.FAILURE, reason=reason)
    rescued = a_task(state=State.FAILURE, reason=reason, rescued=True)

    open_to_rescue = way(failed, State.SUCCESS, rescue=True) is not None

    assert open_to_rescue == (reason in {"deadline_no_progress", "deadline_total", "orphan"})
    assert way(rescued, State.SUCCESS, rescue=True) is None
    assert way(a_task(state=State.RUNNING), State.SUCCESS, rescue=True) is None
    assert way(a_task(state=State.CANCELLED, reason=reason), State.SUCCESS, rescue=True) is None


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN, State.SUBMITTED])
def test_a_client_that_has_confirmed_is_not_asked_again(state: State) -> None:
    assert way(a_task(state=state), State.WINDOW) is not None
    assert way(a_task(state=state, confirmed=True), State.WINDOW) is None


def test_behind_a_confirmed_window_waiting_looks_submitted() -> None:
    waiting = [a_task(state=state, confirmed=True) for state in (State.QUEUED, State.SENDING)]

    assert {task.status for task in waiting} == {Status.SUBMITTED}
    assert a_task(state=State.QUEUED).status is Status.NOT_START
    assert a_task(state=State.RUNNING, confirmed=True).status is Status.IN_PROGRESS


def test_a_report_changes_only_what_it_names() -> None:
    known = Result(image_url="https://a.example/1.png", seed="7", buttons=(Button("a::b", "U1"),))

    later = Report(upstream_id="1", image_url="https://a.example/2.png").onto(known)

    assert later.image_url == "https://a.example/2.png"
    assert (later.seed, later.buttons) == (known.seed, known.buttons)


@given(st.builds(Report), st.builds(Result))
def test_a_report_is_the_same_said_twice(report: Report, known: Result) -> None:
    once = report.onto(known)

    assert report.onto(once) == once


@pytest.mark.parametrize(
    "result",
    [
        Result(image_url="https://a.example/1.png"),
        Result(image_urls=("https://a.example/1.png",)),
        Result(video_urls=("https://a.example/1.mp4",)),
        Result(final_prompt="a fox"),
    ],
)
def test_a_result_that_can_be_looked_at_or_read_is_not_empty(result: Result) -> None:
    assert not result.empty
    assert Result(seed="1", width=3).empty


def test_a_log_line_says_which_task_it_is_about() -> None:
    context = a_task(state=State.RUNNING).log_context

    assert context == {
        "task": a_task().id,
        "user": 1,
        "action": "IMAGINE",
        "state": "RUNNING",
    }
