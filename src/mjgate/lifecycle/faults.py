"""How a process remembers which channels failed lately, and which were busy."""

from collections import deque
from typing import Final

from mjgate.domain.clock import SECOND


class Faults:
    """The latest outcomes of each channel's submits, as this process saw them."""

    MOST: Final = 5
    OF: Final = 10
    WITHIN: Final = 60 * SECOND

    def __init__(self) -> None:
        self._outcomes: dict[int, deque[int]] = {}
        self._busy: dict[int, int] = {}

    def good(self, channel_id: int) -> None:
        """One that went well."""
        self._of(channel_id).append(0)

    def had_room(self, channel_id: int) -> None:
        """One that was taken."""
        self._busy.pop(channel_id, None)

    def bad(self, channel_id: int, now: int) -> bool:
        """One that failed; True if that is too many."""
        outcomes = self._of(channel_id)
        outcomes.append(now)
        if sum(at > now - self.WITHIN for at in outcomes) < self.MOST:
            return False
        outcomes.clear()
        return True

    def busy(self, channel_id: int) -> int:
        """One for which there was no room; how many there were before it since one was taken."""
        times = self._busy.get(channel_id, 0)
        self._busy[channel_id] = times + 1
        return times

    def _of(self, channel_id: int) -> deque[int]:
        return self._outcomes.setdefault(channel_id, deque(maxlen=self.OF))
