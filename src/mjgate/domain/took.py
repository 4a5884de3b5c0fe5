"""
How long things take, counted in buckets: medians of any sum of days without the single times.

Each bucket is 4 per cent longer than the one before, so what is told is within 2 per cent.
"""

import math
from collections.abc import Mapping
from typing import Final

STEP: Final = 1.04


def bucket(milliseconds: int) -> int:
    """The bucket of a time."""
    return round(math.log(max(milliseconds, 1), STEP))


def at(counts: Mapping[int, int], share: float) -> int | None:
    """The milliseconds that this share of what was counted stayed within; None of nothing."""
    total = sum(counts.values())
    wanted, seen = math.ceil(total * share), 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= wanted and seen:
            return round(STEP**number)
    return None
