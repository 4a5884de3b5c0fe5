"""Alerts: what an operator is told of, and what he types next; the runbook says more of each."""

import shlex
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from mjgate.domain.clock import HOUR, SECOND

EVERY: Final = 1 * HOUR
"""An alert that lasts, or comes back, is told so often and no oftener."""

RUNBOOK: Final = "docs/runbook.md"


class Cause(StrEnum):
    """What may be wrong."""

    CHANNEL_DOWN = "channel_down"
    CREDENTIAL_FAULT = "credential_fault"
    QUEUE_OLD = "queue_old"
    WEBHOOK_BACKLOG = "webhook_backlog"
    RECEIVER_PAUSED = "receiver_paused"
    DISK_LOW = "disk_low"
    LEDGER_DRIFT = "ledger_drift"


_COMMANDS: Final[Mapping[Cause, str]] = {
    Cause.CHANNEL_DOWN: "mjgate channel test {}",
    Cause.CREDENTIAL_FAULT: "mjgate channel set-secret {} --secret -",
    Cause.QUEUE_OLD: "mjgate channel list",
    Cause.WEBHOOK_BACKLOG: "mjgate doctor",
    Cause.RECEIVER_PAUSED: "mjgate user list",
    Cause.DISK_LOW: "mjgate media gc",
    Cause.LEDGER_DRIFT: "mjgate ledger check",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong: the cause, the channel or machine that has it, and a sentence."""

    cause: Cause
    subject: str
    text: str

    @property
    def key(self) -> str:
        """Names it: the same thing has one alert, however often it is seen."""
        return f"{self.cause}:{self.subject}"

    @property
    def command(self) -> str:
        """What to type next."""
        return _COMMANDS[self.cause].format(shlex.quote(self.subject))

    @property
    def section(self) -> str:
        """Where the runbook says more."""
        return f"{RUNBOOK}#{self.cause}"


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as it is told: since when it lasts, and whether it is over. Epoch milliseconds."""

    alert: Alert
    since: int
    at: int
    over: bool

    @property
    def id(self) -> str:
        """The same for each attempt to tell it, within its hour."""
        hour = (self.at - self.since) // EVERY
        name = zlib.crc32(self.alert.key.encode())
        return f"alert_{name:08x}_{self.since}_{'over' if self.over else hour}"

    @property
    def title(self) -> str:
        """One line."""
        about = " ".join(f"{self.alert.cause} {self.alert.subject}".split())
        return f"[mjgate] {'resolved: ' if self.over else ''}{about}"

    def lines(self) -> list[str]:
        """The whole, for people."""
        since = datetime.fromtimestamp(self.since // SECOND, UTC)
        said = [self.alert.text, "", f"Since: {since:%Y-%m-%d %H:%M:%S} UTC."]
        if self.over:
            return ["It is over.", *said]
        return [*said, f"Next: {self.alert.command}", f"More: {self.alert.section}"]
