"""Whose turn it was last: channels that are chosen in rounds, and the two kinds of lanes."""

from collections.abc import Mapping


class Rounds:
    """What a process remembers of its latest choices. Others remember their own."""

    def __init__(self) -> None:
        self._latest: dict[int, int] = {}
        self._choices = 0
        self.pinned_last = False

    @property
    def latest(self) -> Mapping[int, int]:
        """The number of each channel's latest choice; it rises with every choice."""
        return self._latest

    def note(self, channel_id: int) -> None:
        """This channel was chosen now."""
        self._choices += 1
        self._latest[channel_id] = self._choices
