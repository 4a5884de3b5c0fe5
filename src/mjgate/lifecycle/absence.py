"""
Our own absence: while nobody here was awake, no task was late.

After a gap in the beats the deadlines wait: two minutes, and until a channel has failed to answer
three times. What finished meanwhile is found by the first look and simply succeeds.
"""

from typing import Final

from mjgate.domain.clock import SECOND

GAP: Final = 30 * SECOND
"""A longer gap between beats means that we were away."""

FAILED_LOOKS: Final = 3


class Absence:
    """When this process, or all of us, came back from having been away."""

    def __init__(self) -> None:
        self._last_beat: int | None = None
        self._back_at: int | None = None

    def beat(self, now: int, *, last: int | None = None) -> None:
        """Notice a gap before this beat; `last` is the latest that others left."""
        before = max((each for each in (self._last_beat, last) if each is not None), default=now)
        if now - before > GAP:
            self._back_at = now
        self._last_beat = now

    def excuses(self, began: int, *, grace: int, failed_looks: int) -> bool:
        """Whether a deadline that a look at `began` found passed is to be overlooked."""
        if self._back_at is None:
            return False
        return began - self._back_at < grace or 0 < failed_looks < FAILED_LOOKS
