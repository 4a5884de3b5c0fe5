"""
What happened to a task, in order, for whoever may read it.

The operator reads all of it. The owner reads the same events through `for_owner`, the one function
that takes away what is not his: channels, upstream ids, hosts, nodes, and an upstream's own words
but for its message.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, cast

from mjgate.domain.reasons import FailReason
from mjgate.domain.redact import redact
from mjgate.domain.task import Hook, State

Data = Mapping[str, object]


class Kind(StrEnum):
    """What an event is about."""

    STATE = "state"
    PROGRESS = "progress"
    ATTEMPT = "attempt"  # a channel was asked to take it
    ANSWER = "answer"  # what that channel said
    MONEY = "money"
    WEBHOOK = "webhook"
    MEDIA = "media"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: when (epoch milliseconds), what about, who caused it, and the particulars."""

    at: int
    kind: Kind
    actor: str
    what: str
    data: Data = field(default_factory=dict[str, object])

    @property
    def text(self) -> str:
        """The event as a sentence, made of nothing but what the event says."""
        return _SENTENCES[self.kind](self)


GATEWAY: Final = "gateway"
OPERATOR: Final = "operator"

_ACTORS: Final = frozenset(
    {"user", "admin", "look", "deadline", "upstream", "cancel", "adoption", "rescue", "archive"}
)
"""Who may be named to an owner; whoever else is just the gateway, or its operator."""

_SHOWN: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.STATE: frozenset({"from", "price", "reason", "amount", "status"}),
    Kind.PROGRESS: frozenset({"progress"}),
    Kind.ATTEMPT: frozenset({"no", "step"}),
    Kind.ANSWER: frozenset({"no", "outcome", "took"}),
    Kind.MONEY: frozenset({"amount", "hold"}),
    Kind.WEBHOOK: frozenset({"event", "status", "took", "error"}),
    Kind.MEDIA: frozenset({"n", "size", "state", "bytes", "type"}),
    Kind.ADMIN: frozenset(),
}
_SAID: Final = ("description", "failReason", "fail_reason", "message", "status", "code")
_EVENT: Final = re.compile(r"evt_\d{1,20}_\d{1,10}_[a-z]{1,20}")
_SHORT: Final = 3
"""Names of fewer letters are parts of ordinary words, and hidden only where they stand alone."""

_IDS: Final = re.compile(r"\d{9,}|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)


def in_order(events: Iterable[Event]) -> list[Event]:
    """From the first to the last; of one moment in the order in which they were collected."""
    return sorted(events, key=lambda event: event.at)


def for_owner(events: Iterable[Event], hidden: Iterable[str]) -> list[Event]:
    """The same events without what their owner must not read; `hidden` are names and ids of it."""
    names = sorted({name for name in hidden if name}, key=len, reverse=True)
    return [_for_owner(event, names) for event in events]


def _for_owner(event: Event, names: Sequence[str]) -> Event:
    shown = _SHOWN[event.kind]
    data = {key: _plain(value, names) for key, value in event.data.items() if key in shown}
    said = event.data.get("said")
    if isinstance(said, str) and (words := _said(said, names)):
        data["said"] = words
    return replace(
        event,
        actor=_actor(event.actor),
        what=_words(event.what, names),
        data={key: value for key, value in data.items() if value is not None},
    )


def _actor(name: str) -> str:
    if name in _ACTORS:
        return name
    return OPERATOR if name.startswith(("user ", "command line")) else GATEWAY


def _plain(value: object, names: Sequence[str]) -> object:
    """A number, or a text that names nobody; nothing for all else."""
    if value is None or isinstance(value, int | float):
        return value
    return _words(value, names) if isinstance(value, str) else None


def _words(text: str, names: Sequence[str]) -> str:
    """One of our own words as it is, the name of an event too; whatever else is searched."""
    ours = text in _OURS or (_EVENT.fullmatch(text) and not any(name in text for name in names))
    return text if ours else _hide(text, names)


def _hide(text: str, names: Sequence[str]) -> str:
    for name in names:
        exact = re.escape(name)
        pattern = exact if len(name) >= _SHORT else rf"(?<!\w){exact}(?!\w)"
        text = re.sub(pattern, "…", text, flags=re.IGNORECASE)
    return _IDS.sub("…", redact(text))


def _said(raw: str, names: Sequence[str]) -> str:
    """The message in an upstream's answer; of what is no JSON object nothing but the status."""
    head, _, body = raw.partition(" ")
    status, body = (head, body) if head.isdigit() else ("", raw)
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return f"HTTP {status}" if len(status) == 3 else ""  # noqa: PLR2004  as a status has
    if not isinstance(found, dict):
        return ""
    answer = cast("dict[str, object]", found)
    words = (answer.get(name) for name in _SAID)
    return _hide("; ".join(str(each) for each in words if isinstance(each, str | int)), names)


_STATES: Final[Mapping[str, str]] = {
    "QUEUED": "Waits in the queue.",
    "SENDING": "Is being handed to a channel.",
    "UNKNOWN": "The channel's answer was lost; the job is looked for, and never sent again.",
    "WINDOW": "Waits for a confirmation.",
    "SUBMITTED": "A channel has it.",
    "RUNNING": "The channel works on it.",
    "SUCCESS": "Finished.",
    "FAILURE": "Failed.",
    "CANCELLED": "Cancelled.",
    "refund": "Paid back.",
    "rescue": "Delivered after all.",
}
_MONEY: Final[Mapping[str, str]] = {
    "hold": "{} units are held.",
    "settle": "{} units are paid.",
    "release": "{} units are free again.",
    "refund": "{} units were given back.",
}
_OUTCOMES: Final[Mapping[str, str]] = {
    "accepted": "The channel took it.",
    "not_sent": "The channel could not be reached.",
    "refused": "The channel refused.",
    "busy": "The channel had no room.",
    "unknown": "The channel's answer was lost.",
}


_OURS: Final = frozenset(
    {*_STATES, *_MONEY, *_OUTCOMES, *FailReason, *Hook, *State}
    | {"progress", "asked", "image", "video", "input", "submit", "modal"}
    | {"due", "kept", "lost", "purged", "late", ""}
)
"""Words of closed lists, which name nobody."""


def _state(event: Event) -> str:
    said = _STATES.get(event.what, event.what)
    reason = event.data.get("reason")
    return f"{'Accepted. ' if 'price' in event.data else ''}{said}" + (
        f" Reason: {reason}." if reason else ""
    )


def _attempt(event: Event) -> str:
    channel = event.data.get("channel")
    place = f"channel {channel}" if channel else "a channel"
    return f"Attempt {event.data.get('no')}: handed to {place}."


def _webhook(event: Event) -> str:
    came = event.data.get("status") or event.data.get("error") or "no answer"
    return f"Webhook {event.what}: {came}."


_SENTENCES: Final[Mapping[Kind, Callable[[Event], str]]] = {
    Kind.STATE: _state,
    Kind.PROGRESS: lambda event: f"{event.data.get('progress')}% done.",
    Kind.ATTEMPT: _attempt,
    Kind.ANSWER: lambda event: _OUTCOMES.get(event.what, "The channel spoke of it too late."),
    Kind.MONEY: lambda event: _MONEY.get(event.what, "{} units.").format(event.data.get("amount")),
    Kind.WEBHOOK: _webhook,
    Kind.MEDIA: lambda event: (
        f"The {event.what} {event.data.get('n')} is {event.data.get('state')}."
    ),
    Kind.ADMIN: lambda event: f"By an admin: {event.what}.",
}
