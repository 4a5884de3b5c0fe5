"""
Our own absence: while nobody here was awake, no task was late.

After a gap in the beats the deadlines wait: two minutes, and until a channel has failed to answer
three times. What finished meanwhile is found by the first look and simply succeeds. When an absence
ended is kept with the beats: a process that starts within the grace has what is left of it.
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

    def ended(self, now: int, *, last: int | None = None) -> int | None:
        """When the latest absence ended; now, if the beats before this one lie too far back."""
        before = max((each for each in (self._last_beat, last) if each is not None), default=now)
        return now if now - before > GAP else self._back_at

    def beat(self, now: int, *, last: int | None = None, back_at: int | None = None) -> int | None:
        """
        Notice a gap before this beat, and say when the latest absence ended.

        `last` is the latest beat that others left, `back_at` what they know of an absence.
        """
        found = (self.ended(now, last=last), back_at)
        self._back_at = max((each for each in found if each is not None), default=None)
        self._last_beat = now
        return self._back_at

    def excuses(self, began: int, *, grace: int, failed_looks: int) -> bool:
        """Whether a deadline that a look at `began` found passed is to be overlooked."""
        if self._last_beat is not None and began - self._last_beat > GAP:
            return True  # we are back, and have not noticed yet
        if self._back_at is None:
            return False
        return began - self._back_at < grace or 0 < failed_looks < FAILED_LOOKS
