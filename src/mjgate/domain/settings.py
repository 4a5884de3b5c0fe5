"""
What an admin may change while the gateway runs.

A setting is a field of `Settings`: its default, its bounds and its meaning stand in one row, from
which the checks, the management API and the pages are made. Values are plain: a switch, a number,
a word of a list, or a text.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, Self

from mjgate.domain.address import read
from mjgate.domain.channel import Strategy
from mjgate.domain.errors import BadAddress

Value = bool | int | str

_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: what it means, its default, and what it may be."""

    name: str
    meaning: str
    default: Value
    least: int = 0
    most: int = 0
    words: tuple[str, ...] = ()
    address: bool = False  # we shall call there: whoever sets it sees that it leads outside

    @property
    def permitted(self) -> str:
        """What it may be, in words."""
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, int):
            return f"a whole number from {self.least} to {self.most}"
        if self.words:
            return f"one of {', '.join(self.words)}"
        if self.address:
            return f"an address of at most {_LONGEST} characters, or empty"
        return f"a text of at most {_LONGEST} characters"

    def permits(self, value: object) -> bool:
        """Whether it may be this."""
        match self.default, value:
            case bool(), bool():
                return True
            case (bool(), _) | (_, bool()):
                return False
            case int(), int():
                return self.least <= value <= self.most
            case str(), str():
                return self._permits_text(value)
            case _:
                return False

    def _permits_text(self, value: str) -> bool:
        if self.words:
            return value in self.words
        if not self.address or not value:
            return len(value) <= _LONGEST
        try:
            read(value)
        except BadAddress:
            return False
        return True


def switch(default: bool, meaning: str) -> Any:  # noqa: ANN401, FBT001  a field of any type
    """A setting that is on or off."""
    return field(default=default, metadata={"meaning": meaning})


def number(default: int, meaning: str, *, least: int, most: int) -> Any:  # noqa: ANN401  as above
    """A setting that counts something."""
    return field(default=default, metadata={"meaning": meaning, "least": least, "most": most})


def word(default: str, meaning: str, *words: str) -> Any:  # noqa: ANN401  as above
    """A setting that is a word of a list; a text where there is no list."""
    return field(default=default, metadata={"meaning": meaning, "words": words})


def address(meaning: str) -> Any:  # noqa: ANN401  as above
    """A setting that says where we call; empty for nowhere."""
    return field(default="", metadata={"meaning": meaning, "address": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, as it is in force."""

    maintenance: bool = switch(
        default=False,
        meaning="Take no new tasks: submits are answered 503; what runs goes on.",
    )
    routing: str = word(
        Strategy.LEAST_LOADED,
        "How a channel is chosen among those of the same priority.",
        *Strategy,
    )
    queue_told_from: int = number(
        3,
        "A submit that waits behind more tasks than this is answered with code 22, else with 1.",
        least=0,
        most=1_000_000,
    )
    submits_per_second: int = number(
        50, "Submits that a key may make in a second; 0: any number.", least=0, most=100_000
    )
    submit_burst: int = number(
        300, "Submits that a key may make at once after a pause.", least=1, most=1_000_000
    )
    dry_runs_per_second: int = number(
        10, "Dry runs that a key may make in a second; 0: any number.", least=0, most=100_000
    )
    lists_per_second: int = number(
        20,
        "Pages of task lists that a user may ask for in a second; 0: any number.",
        least=0,
        most=100_000,
    )
    exports_per_minute: int = number(
        6, "Exports that a user may ask for in a minute; 0: any number.", least=0, most=100_000
    )
    webhook_tests_per_minute: int = number(
        6,
        "Tests of a webhook that a user may make in a minute; 0: any number.",
        least=0,
        most=100_000,
    )
    banned_words: bool = switch(
        default=False,
        meaning="Refuse prompts that have a word of the list of banned words, with code 24.",
    )
    cancel_settles: bool = switch(
        default=True,
        meaning="A cancel that the channel did not confirm is paid for; off: it is released.",
    )
    node_lease: int = number(
        10,
        "Seconds without a beat after which a node counts as dead, and others close what it left.",
        least=6,
        most=600,
    )
    webhook_url: str = address(
        "Where events go of tasks without an address of their own or of their key; empty: nowhere.",
    )

    alert_url: str = address(
        "Where alerts are posted, signed like webhooks; empty: nowhere.",
    )
    alert_mail: str = word(
        "",
        "Who gets alerts by mail, with commas between; needs `MJGATE_SMTP_URL`. Empty: nobody.",
    )
    alert_queue_minutes: int = number(
        30, "Minutes of waiting in the queue that are an alert; 0: none.", least=0, most=100_000
    )
    alert_webhook_backlog: int = number(
        1_000,
        "Webhook events, due and not sent for a minute, that are an alert; 0: none.",
        least=0,
        most=1_000_000,
    )

    media_picture_days: int = number(
        0, "Days that pictures are kept; 0: for ever.", least=0, most=36_500
    )
    media_clip_days: int = number(0, "Days that clips are kept; 0: for ever.", least=0, most=36_500)
    media_gib: int = number(
        0,
        "GiB that pictures and clips may take in all; beyond it the oldest go. 0: as many as come.",
        least=0,
        most=1_000_000,
    )
    media_lost_refunds: bool = switch(
        default=False,
        meaning="A result that could not be copied before its channel lost it is paid back.",
    )
    disk_reserve_mib: int = number(
        512,
        "MiB of disk that must be left for new tasks to be taken; copying stops at half of it.",
        least=0,
        most=1_000_000,
    )

    task_days: int = number(
        0, "Days that ended tasks are kept, with all about them; 0: for ever.", least=0, most=36_500
    )
    event_days: int = number(
        0, "Days that the events of ended tasks are kept; 0: for ever.", least=0, most=36_500
    )
    ledger_days: int = number(
        0,
        "Days after which the ledger's single rows are folded into one for each key; 0: never.",
        least=0,
        most=36_500,
    )

    reference_mib: int = number(20, "MiB that a reference image may have.", least=1, most=64)
    reference_megapixels: int = number(
        50, "Millions of pixels that a reference image may have.", least=1, most=500
    )
    rehost_references: bool = switch(
        default=False,
        meaning="Fetch reference images that users name by address, and hand on our own copy.",
    )

    @classmethod
    def of(cls, stored: Mapping[str, str]) -> Self:
        """The settings from their JSON, by name; what no longer fits falls back to its default."""
        read = {name: json.loads(text) for name, text in stored.items() if name in ROWS}
        return cls(**{name: value for name, value in read.items() if ROWS[name].permits(value)})


def _rows() -> Mapping[str, Row]:
    return MappingProxyType(
        {
            each.name: Row(each.name, default=each.default, **each.metadata)
            for each in fields(Settings)
            if each.default is not MISSING
        }
    )


ROWS: Final = _rows()
"""Every setting by its name."""
