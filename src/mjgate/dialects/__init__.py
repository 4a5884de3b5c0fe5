"""
Wire formats, as pure functions both ways: they describe calls and read answers, and never wait.

A dialect is a module that satisfies `Dialect`; which provider speaks which is a row in `providers`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mjgate.domain.action import Action, Bot, Mode
from mjgate.domain.errors import Unanswered
from mjgate.domain.task import Report


@dataclass(frozen=True, slots=True)
class Call:
    """A request that a dialect wants sent; the path is relative to the channel's base URL."""

    method: str
    path: str
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: status, headers (names in lower case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A task as it is handed to a channel. Images are `data:` texts or addresses."""

    path: str
    action: Action
    mode: Mode
    bot: Bot = Bot.MID_JOURNEY
    prompt: str = ""
    custom_id: str = ""
    parent: str = ""  # the upstream's id of the parent
    nonce: str = ""
    notify_url: str = ""
    remix: bool = False
    images: tuple[str, ...] = ()
    named_images: Mapping[str, str] = field(default_factory=dict[str, str])
    fields: Mapping[str, str | int | bool] = field(default_factory=dict[str, str | int | bool])
    extras: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The channel took it. `ids` are the upstream's; more than one where one call makes several."""

    ids: tuple[str, ...]
    existed: bool = False  # it knew this work before
    window: bool = False  # it waits for a confirmation
    final_prompt: str = ""
    waiting: int = 0  # tasks ahead, in the upstream's own queue


class Nameless(Unanswered):
    """The channel agreed, but named no job: enough for a cancel, not for a submit."""


Options = Mapping[str, str]
"""A channel's choices among the forms that a dialect offers; see `providers`."""


class Dialect(Protocol):
    """What a wire format must be able to say and to understand."""

    def submit(self, work: Work, options: Options) -> Call:
        """The call that hands `work` over."""
        ...

    def confirm(self, work: Work, upstream_id: str, options: Options) -> Call:
        """The call that confirms an open window."""
        ...

    def cancel(self, upstream_id: str, options: Options) -> Call | None:
        """The call that asks for a task to be stopped; None if there is no such call."""
        ...

    def answered(self, heard: Heard, *, follow_up: bool) -> Accepted:
        """Read the answer to a submit. Raises Rejected or Unanswered."""
        ...

    def look(self, upstream_ids: Sequence[str], options: Options) -> Call:
        """The call that asks how a batch of tasks is doing; without any, whether it answers."""
        ...

    def recent(self, options: Options) -> Call | None:
        """The call that asks for the latest tasks; None if there is no such call."""
        ...

    def fetch(self, upstream_id: str, options: Options) -> Call:
        """The call that asks for one task alone."""
        ...

    def seed(self, upstream_id: str, options: Options) -> Call | None:
        """The call for the number a picture was made from; None if there is no such call."""
        ...

    def seed_in(self, heard: Heard) -> str:
        """Read the answer to `seed`; `""` if there is no such number. Raises Unanswered."""
        ...

    def reports(self, heard: Heard) -> list[Report]:
        """Read the answer to `look` or `fetch`. Raises Unanswered when nothing can be read."""
        ...
