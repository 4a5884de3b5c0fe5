"""Any walk through the table: money, slots, webhooks and what a client has seen stay in step."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mjgate.domain.reasons import FailReason
from mjgate.domain.task import BY_ENDS, RESCUABLE, Edge, Hook, Money, State, Status, Task, way
from tests.tasks import a_task

BIRTHS = sorted(target for source, target in BY_ENDS if source is None)

ONWARDS: dict[Status, set[Status]] = {
    Status.NOT_START: {Status.SUBMITTED, Status.MODAL, Status.SUCCESS, Status.FAILURE},
    Status.SUBMITTED: {Status.MODAL, Status.IN_PROGRESS, Status.SUCCESS, Status.FAILURE},
    Status.MODAL: {Status.SUBMITTED, Status.FAILURE},
    Status.IN_PROGRESS: {Status.SUCCESS, Status.FAILURE},
    Status.SUCCESS: set(),
    Status.FAILURE: {Status.SUCCESS},  # a rescue
}
"""What a client may see after what it has seen."""


class ALife(RuleBasedStateMachine):
    """One task; whoever comes may try any move, and the table decides."""

    def __init__(self) -> None:
        super().__init__()
        self.task: Task = a_task()
        self.holds = 0
        self.ended: list[Money] = []
        self.told: list[Hook] = []
        self.seen: list[Status] = []

    @initialize(state=st.sampled_from(BIRTHS))
    def is_born(self, state: State) -> None:
        edge = BY_ENDS[None, state]
        self.task = a_task(state=state)
        self._goes(edge, settle=True)

    @rule(to=st.sampled_from(State), reason=st.sampled_from(FailReason), settle=st.booleans())
    def is_moved(self, to: State, reason: FailReason, *, settle: bool) -> None:
        edge = way(self.task, to)
        if edge is None:
            return
        confirmed = self.task.confirmed or (self.task.state is State.WINDOW and not to.final)
        failed = reason if to is State.FAILURE else ""
        self.task = self.task._replace(state=to, confirmed=confirmed, reason=failed)
        self._goes(edge, settle=settle)

    @precondition(lambda self: self.task.state.final)
    @rule(to=st.sampled_from(State))
    def is_rescued(self, to: State) -> None:
        edge = way(self.task, to, rescue=True)
        if edge is None:
            return
        assert (self.task.reason in RESCUABLE, self.task.rescued) == (True, False)
        self.task = self.task._replace(state=to, rescued=True)
        self._goes(edge, settle=False)

    def _goes(self, edge: Edge, *, settle: bool) -> None:
        money = edge.money
        if money is Money.RULED:
            money = Money.SETTLE if settle else Money.RELEASE
        if money in {Money.HOLD, Money.HOLD_AND_SETTLE}:
            assert self.holds == len(self.ended), "a second hold was opened"
            self.holds += 1
        if money in {Money.RELEASE, Money.SETTLE, Money.HOLD_AND_SETTLE}:
            self.ended.append(Money.RELEASE if money is Money.RELEASE else Money.SETTLE)
        self.told += edge.tells(announced=self.task.announced, quiet=False)
        announced = self.task.announced or Hook.SUBMITTED in edge.hooks
        self.task = self.task._replace(announced=announced)
        if not self.seen or self.seen[-1] is not self.task.status:
            self.seen.append(self.task.status)

    @invariant()
    def a_hold_is_open_exactly_where_money_is_held(self) -> None:
        if self.seen:
            assert self.holds - len(self.ended) == self.task.state.holds_money

    @invariant()
    def nobody_pays_twice_and_only_a_success_or_a_cancel_costs(self) -> None:
        paid = self.ended.count(Money.SETTLE)

        assert paid <= 1
        assert not paid or self.task.state in {State.SUCCESS, State.CANCELLED}
        if self.task.state is State.SUCCESS:
            assert paid == (not self.task.rescued)

    @invariant()
    def what_a_client_has_seen_never_goes_back(self) -> None:
        for before, after in zip(self.seen, self.seen[1:], strict=False):
            assert after in ONWARDS[before]
        assert self.seen.count(Status.MODAL) <= 1
        assert self.seen.count(Status.NOT_START) <= 1
        assert self.seen.count(Status.SUBMITTED) <= 1 + (Status.MODAL in self.seen)

    @invariant()
    def clients_are_told_once_that_it_was_taken_and_once_how_it_ended(self) -> None:
        if not self.seen:
            return
        assert self.told.count(Hook.SUBMITTED) == self.task.announced
        assert self.told.count(Hook.FINAL) == self.task.state.final + self.task.rescued
        if self.task.state in {State.SUBMITTED, State.UNKNOWN, State.RUNNING, State.SUCCESS}:
            assert self.task.announced or self.task.rescued
        if Hook.SUBMITTED in self.told and Hook.FINAL in self.told:
            assert self.told.index(Hook.SUBMITTED) < self.told.index(Hook.FINAL)


ALife.TestCase.settings = settings(max_examples=300, stateful_step_count=20, deadline=None)
TestAnyWalk = ALife.TestCase
