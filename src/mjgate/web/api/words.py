"""Words that several rows take or give."""

from enum import StrEnum

from mjgate.domain.errors import BadField
from mjgate.manage import checks
from mjgate.web.api.rows import Call

SECONDS_BELOW = 10**11
"""A time below this is meant in seconds: a client may use either unit."""


class Status(StrEnum):
    """Whether something may be used."""

    ENABLED = "enabled"
    DISABLED = "disabled"


def status(text: str) -> bool:
    """Whether `text` says enabled. BadValue for any third word."""
    return checks.word(Status, text, field="status") is Status.ENABLED


def since(call: Call) -> int | None:
    """`start_timestamp` in milliseconds. BadField."""
    time = call.number("start_timestamp")
    return time * 1000 if time is not None and time < SECONDS_BELOW else time


def until(call: Call) -> int | None:
    """`end_timestamp` in milliseconds; one in seconds takes in that whole second. BadField."""
    time = call.number("end_timestamp")
    return time * 1000 + 999 if time is not None and time < SECONDS_BELOW else time


def one_of(call: Call, name: str, words: type[StrEnum]) -> str | None:
    """A word of a list in the query. BadField."""
    text = call.asked(name)
    if text and text not in set(words):
        msg = f"{name} must be one of {', '.join(words)}."
        raise BadField(msg, field=name)
    return text or None
