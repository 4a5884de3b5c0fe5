"""What was found when something was tried: a sentence, and what to do if it is not good."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it is."""

    GOOD = "good"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried, and what to type if it is not good."""

    what: str
    state: State
    text: str
    step: str = ""
