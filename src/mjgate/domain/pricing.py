"""
What a task costs: action x mode x group x number of jobs, rounded half up once.

Units are quota units; 500,000 of them are 1.00. Factors are integer thousandths.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from mjgate.domain.action import Action, Mode

UNIT: Final = 500_000
THOUSAND: Final = 1_000

_CHEAP = 25_000
_USUAL = 50_000
_VIDEO = 400_000

ACTION_PRICES: Final[Mapping[Action, int]] = MappingProxyType(
    dict.fromkeys(Action, _USUAL)
    | dict.fromkeys(
        (
            Action.DESCRIBE,
            Action.UPSCALE,
            Action.UPSCALE_HD,
            Action.SWAP_FACE,
            Action.UPLOAD,
            Action.SHORTEN,
        ),
        _CHEAP,
    )
    | {Action.VIDEO: _VIDEO, Action.BOOKMARK: 0}
)

MODE_FACTORS: Final[Mapping[Mode, int]] = MappingProxyType(
    {Mode.RELAX: 500, Mode.FAST: 1_000, Mode.TURBO: 2_000}
)


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The prices in force, with the version that a task remembers."""

    version: int = 0
    actions: Mapping[Action, int] = field(default_factory=lambda: ACTION_PRICES)
    modes: Mapping[Mode, int] = field(default_factory=lambda: MODE_FACTORS)

    def of(self, action: Action, mode: Mode, *, ratio: int = THOUSAND, jobs: int = 1) -> int:
        """The price in quota units; `ratio` is the group's, in thousandths."""
        product = self.actions[action] * self.modes[mode] * ratio * jobs
        divisor = THOUSAND * THOUSAND
        return (product + divisor // 2) // divisor
