"""
A task: its states, the one table of moves between them, and what is known of it.

Whoever asks "may this happen?" asks `EDGES`; the diagram in the documents is printed from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from mjgate.domain.action import Action, Bot, Mode
from mjgate.domain.buttons import Button
from mjgate.domain.reasons import FailReason


class Status(StrEnum):
    """What clients see of a state."""

    NOT_START = "NOT_START"
    SUBMITTED = "SUBMITTED"
    MODAL = "MODAL"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"

    @property
    def final(self) -> bool:
        """Whether a client may stop asking."""
        return self in {Status.SUCCESS, Status.FAILURE}


class State(StrEnum):
    """Where a task stands."""

    QUEUED = "QUEUED"  # waits here for a free slot
    SENDING = "SENDING"  # one sender is handing it to a channel
    UNKNOWN = "UNKNOWN"  # handed over, but nobody knows whether it arrived
    WINDOW = "WINDOW"  # waits for the client to confirm
    SUBMITTED = "SUBMITTED"  # a channel has it
    RUNNING = "RUNNING"  # the channel works on it
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELLED = "CANCELLED"

    @property
    def final(self) -> bool:
        """Whether the task has ended."""
        return self in FINAL

    @property
    def holds_slot(self) -> bool:
        """Whether the task counts against the limits of channel, user, key and group."""
        return self in {State.SENDING, State.UNKNOWN, State.SUBMITTED, State.RUNNING}

    @property
    def holds_money(self) -> bool:
        """Whether the task's price is held."""
        return self is State.QUEUED or self.holds_slot


FINAL: Final = frozenset({State.SUCCESS, State.FAILURE, State.CANCELLED})

STATUS: Final[Mapping[State, Status]] = MappingProxyType(
    {
        State.QUEUED: Status.NOT_START,
        State.SENDING: Status.NOT_START,
        State.UNKNOWN: Status.SUBMITTED,
        State.WINDOW: Status.MODAL,
        State.SUBMITTED: Status.SUBMITTED,
        State.RUNNING: Status.IN_PROGRESS,
        State.SUCCESS: Status.SUCCESS,
        State.FAILURE: Status.FAILURE,
        State.CANCELLED: Status.FAILURE,
    }
)


class Money(StrEnum):
    """What a move does to the task's hold."""

    NONE = "none"
    HOLD = "hold"
    RELEASE = "release"
    SETTLE = "settle"
    HOLD_AND_SETTLE = "hold + settle"
    RULED = "release or settle"  # a cancel: released if the upstream confirmed it, else by setting


class Hook(StrEnum):
    """What a move tells the client's webhook."""

    SUBMITTED = "submitted"  # once in a task's life
    STATUS = "status"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Edge:
    """One permitted move; `source` None is the birth of a task."""

    source: State | None
    target: State
    by: str
    money: Money = Money.NONE
    hooks: tuple[Hook, ...] = ()

    def tells(self, *, announced: bool, quiet: bool) -> tuple[Hook, ...]:
        """What is told: SUBMITTED unless `announced`, no end of a refusal that was `quiet`."""
        silent = {Hook.SUBMITTED: announced, Hook.FINAL: quiet}
        return tuple(hook for hook in self.hooks if not silent.get(hook))


def _edges(
    sources: tuple[State | None, ...],
    targets: tuple[State, ...],
    by: str,
    money: Money = Money.NONE,
    *hooks: Hook,
) -> tuple[Edge, ...]:
    return tuple(Edge(source, target, by, money, hooks) for source in sources for target in targets)


_Q, _S, _U, _W = State.QUEUED, State.SENDING, State.UNKNOWN, State.WINDOW
_SUB, _RUN = State.SUBMITTED, State.RUNNING
_OK, _BAD, _CUT = State.SUCCESS, State.FAILURE, State.CANCELLED

EDGES: Final[tuple[Edge, ...]] = (
    *_edges((None,), (_S, _Q), "submit", Money.HOLD),
    *_edges((None,), (_W,), "submit, a window that we keep", Money.NONE, Hook.STATUS),
    *_edges((None,), (_OK,), "work done here", Money.HOLD_AND_SETTLE, Hook.SUBMITTED, Hook.FINAL),
    *_edges((_Q,), (_S,), "scheduler"),
    *_edges((_S,), (_S, _Q), "sender: nothing sent, refused by this channel, or busy"),
    *_edges((_S, _U), (_SUB,), "answer or adoption", Money.NONE, Hook.SUBMITTED),
    *_edges((_S, _U, _SUB), (_W,), "the upstream asks", Money.RELEASE, Hook.STATUS),
    *_edges((_U, _SUB), (_S,), "found at a confirmed window: the modal follows"),
    *_edges((_S,), (_U,), "sender unanswered, or gone", Money.NONE, Hook.SUBMITTED),
    *_edges((_S, _U), (_OK,), "the answer is the result", Money.SETTLE, Hook.SUBMITTED, Hook.FINAL),
    *_edges((_S,), (_BAD,), "rejected", Money.RELEASE, Hook.FINAL),
    *_edges((_U,), (_BAD,), "adoption window over", Money.RELEASE, Hook.FINAL),
    *_edges((_W,), (_S, _Q), "modal", Money.HOLD),
    *_edges((_W,), (_BAD,), "nobody confirmed", Money.NONE, Hook.FINAL),
    *_edges((_W,), (_CUT,), "cancel", Money.NONE, Hook.FINAL),
    *_edges((_Q,), (_BAD,), "waited too long, or no channel left", Money.RELEASE, Hook.FINAL),
    *_edges((_Q,), (_CUT,), "cancel", Money.RELEASE, Hook.FINAL),
    *_edges((_SUB,), (_RUN,), "look", Money.NONE, Hook.STATUS),
    *_edges((_SUB, _RUN), (_OK,), "look", Money.SETTLE, Hook.FINAL),
    *_edges((_SUB, _RUN), (_BAD,), "look, deadline, channel deleted", Money.RELEASE, Hook.FINAL),
    *_edges((_SUB, _RUN), (_CUT,), "cancel", Money.RULED, Hook.FINAL),
    *_edges((_BAD,), (_OK,), "rescue, once", Money.NONE, Hook.FINAL),
)
"""An admin's FAILURE takes the same edges: every state that is not final can reach it."""

BY_ENDS: Final[Mapping[tuple[State | None, State], Edge]] = MappingProxyType(
    {(edge.source, edge.target): edge for edge in EDGES}
)

RESCUABLE: Final = frozenset(
    {FailReason.DEADLINE_NO_PROGRESS, FailReason.DEADLINE_TOTAL, FailReason.ORPHAN}
)
"""Failures that a late result may still overturn: nobody said that the work had failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a channel has delivered so far; addresses are the channel's own and never leave us."""

    image_url: str = ""
    image_urls: tuple[str, ...] = ()
    video_urls: tuple[str, ...] = ()
    width: int = 0
    height: int = 0
    buttons: tuple[Button, ...] = ()
    prompt_en: str = ""
    final_prompt: str = ""
    final_zh_prompt: str = ""
    description: str = ""
    seed: str = ""
    properties: dict[str, str | int | float | bool] = field(default_factory=dict[str, Any])

    @property
    def empty(self) -> bool:
        """Whether there is nothing yet that a client could look at or read."""
        return not (self.image_url or self.image_urls or self.video_urls or self.final_prompt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an upstream says of a task; None means that it did not say."""

    upstream_id: str
    status: Status | None = None
    progress: int | None = None
    fail_text: str | None = None
    echo: str | None = None  # the `state` that came back: carries our nonce
    image_url: str | None = None
    image_urls: tuple[str, ...] | None = None
    video_urls: tuple[str, ...] | None = None
    width: int | None = None
    height: int | None = None
    buttons: tuple[Button, ...] | None = None
    prompt_en: str | None = None
    final_prompt: str | None = None
    final_zh_prompt: str | None = None
    description: str | None = None
    seed: str | None = None
    properties: dict[str, str | int | float | bool] | None = None
    raw: str = field(default="", compare=False)  # of an end: how the upstream put it

    def onto(self, result: Result) -> Result:
        """Lay the report over what was known: it changes only what it names."""
        named = ((name, getattr(self, name)) for name in Result.__dataclass_fields__)
        return replace(result, **{name: value for name, value in named if value is not None})


class Task(NamedTuple):
    """A task as the store keeps it. Times are epoch milliseconds, prices quota units."""

    id: int
    job_uuid: str
    user_id: int
    token_id: int
    group_id: int
    action: Action
    bot: Bot
    mode_wanted: Mode | None
    mode: Mode
    parent_id: int | None
    custom_id: str
    caller_state: str
    hook_url: str
    prompt: str
    price: int
    price_version: int
    request: str
    submit_at: int
    state: State
    version: int = 0
    progress: int = 0
    channel_id: int | None = None
    credential_id: int | None = None
    upstream_id: str = ""
    lane: str = ""
    turn: int = 0
    hold_no: int = 0
    hold_open: bool = False
    quiet: bool = False
    rescued: bool = False
    cancel_wanted: bool = False
    pinned: bool = False
    confirmed: bool = False
    announced: bool = False
    result: Result = Result()
    reason: str = ""
    fail_text: str = ""
    admin_text: str = ""
    start_at: int | None = None
    finish_at: int | None = None
    lead_id: int | None = None  # the task that this one is sent with; see `party`
    settled: int = 0  # what was paid for it
    refunded: int = 0  # of that, what was given back

    @property
    def status(self) -> Status:
        """What clients see; behind a confirmed window waiting looks like SUBMITTED."""
        if self.confirmed and self.state in {State.QUEUED, State.SENDING}:
            return Status.SUBMITTED
        return STATUS[self.state]

    @property
    def bound(self) -> bool:
        """Whether only its own channel will do: that of its parent, or of its open window."""
        return self.pinned or bool(self.upstream_id)

    @property
    def log_context(self) -> dict[str, object]:
        """What every log line about this task carries."""
        return {"task": self.id, "user": self.user_id, "action": self.action, "state": self.state}


def way(task: Task, target: State, *, rescue: bool = False) -> Edge | None:
    """The edge by which `task` may go to `target`; out of a final state only to be rescued."""
    if task.state.final != rescue:
        return None
    modal_less = target is State.SENDING and task.state in {_U, _SUB} and not task.confirmed
    if modal_less or (target is State.WINDOW and task.confirmed):
        return None  # who has confirmed is not asked again: his modal follows, and nothing else
    if rescue and (task.rescued or task.cancel_wanted or task.reason not in RESCUABLE):
        return None
    return BY_ENDS.get((task.state, target))
