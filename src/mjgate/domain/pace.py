"""
How often a task is looked at upstream: rarely while it cannot be done, closely about its usual end.

Pure; what a task of its kind usually takes is learned elsewhere, from our own tasks.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mjgate.domain.action import Mode
from mjgate.domain.clock import SECOND

LEAST: Final = 1 * SECOND
WAITED: Final = 2 * SECOND
"""The shortest pause that a waiting client can bring about."""

MOST: Final[Mapping[Mode, int]] = MappingProxyType(
    {Mode.TURBO: 10 * SECOND, Mode.FAST: 10 * SECOND, Mode.RELAX: 30 * SECOND}
)
"""No pause is longer."""

CLOSE: Final[Mapping[Mode, int]] = MappingProxyType(
    {Mode.TURBO: 2_500, Mode.FAST: 2_500, Mode.RELAX: 10 * SECOND}
)
"""The longest pause while the task may end at any moment."""

SHARE: Final = 10
"""Of a task that nothing is known of, the pause is this part of its age."""

STEPS: Final = 20
"""Of a task whose kind is known, it is this part of what such tasks usually take."""


def pause(age: int, usual: int | None, mode: Mode) -> int:
    """
    How long to rest after a look at a task that was sent `age` ago; milliseconds all.

    `usual` is the median of what such tasks took. Half of them take longer, few less than three
    fifths of it or more than twice as much: between these it is looked at closely.
    """
    most = MOST[mode]
    if usual is None:
        return min(max(age // SHARE, LEAST), most)
    close = min(max(usual // STEPS, LEAST), CLOSE[mode])
    early = usual * 3 // 5 - age
    late = age - usual * 2
    return min(max(close, early, close + late // SHARE), most)


def waited(rest: int) -> int:
    """The pause `rest` when a client waits: half of it, but not below two seconds."""
    return min(rest, max(rest // 2, WAITED))
