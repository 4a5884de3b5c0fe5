"""What stands behind the dashes: `--ar 16:9 --seed 7 --stylize 250 --niji 6 --no people`."""

import re
from dataclasses import dataclass
from math import gcd, sqrt

_DASH = re.compile(r"(?:^|\s)(?:--|—|–)(?=[a-z])", re.IGNORECASE)
_RATIO = re.compile(r"(\d{1,4})\s*[:x/]\s*(\d{1,4})")
_MARKER = re.compile(r"\[\[[^\]]*\]\]|https?://\S+|<[^>]*>|::-?[\d.]*")
_LIMIT = 4.0


@dataclass(frozen=True, slots=True)
class Flags:
    """The settings of a prompt that change its picture."""

    ratio: tuple[int, int] = (1, 1)
    seed: int | None = None
    stylize: int = 100
    chaos: int = 0
    version: float = 7.0
    niji: bool = False
    raw: bool = False
    without: str = ""

    @property
    def aspect(self) -> float:
        """Width over height, no more than four either way."""
        return min(max(self.ratio[0] / self.ratio[1], 1 / _LIMIT), _LIMIT)

    @property
    def tile(self) -> tuple[int, int]:
        """The size in pixels of one picture of a grid: the ratio kept, the area of 512 x 512."""
        wide, high = self.ratio
        if self.aspect != wide / high:
            wide, high = (4, 1) if wide > high else (1, 4)
        if max(wide, high) > 100:
            high = round(sqrt(512 * 512 / self.aspect))
            return round(high * self.aspect), high
        k = max(1, round(sqrt(512 * 512 / (wide * high))))
        return wide * k, high * k


def split(prompt: str) -> tuple[str, Flags]:
    """The words before the flags, and the flags; what cannot be read is passed over."""
    text, *rest = _DASH.split(prompt)
    values: dict[str, str] = {}
    for part in rest:
        name, _, value = part.strip().partition(" ")
        values[name.lower()] = value.strip()
    return _MARKER.sub(" ", text).strip(), _flags(values)


def _flags(values: dict[str, str]) -> Flags:
    niji = "niji" in values
    version = values.get("niji") if niji else values.get("v", values.get("version"))
    style = f"{values.get('style', '')}"
    return Flags(
        ratio=_ratio(values.get("ar", values.get("aspect", ""))),
        seed=_whole(values["seed"], 0, 2**32 - 1, 0) if "seed" in values else None,
        stylize=_whole(values.get("stylize", values.get("s", "")), 0, 1000, 100),
        chaos=_whole(values.get("chaos", values.get("c", "")), 0, 100, 0),
        version=_version(version or ""),
        niji=niji,
        raw=style == "raw" or "raw" in values,
        without=values.get("no", "")[:500],
    )


def _whole(text: str, low: int, high: int, default: int) -> int:
    match = re.match(r"\d{1,12}", text)
    return min(max(int(match.group()), low), high) if match else default


def _version(text: str) -> float:
    match = re.match(r"\d(\.\d)?", text)
    return float(match.group()) if match else 7.0


def _ratio(text: str) -> tuple[int, int]:
    match = _RATIO.match(text)
    wide, high = (int(match[1]), int(match[2])) if match else (1, 1)
    if not wide or not high:
        return 1, 1
    common = gcd(wide, high)
    return wide // common, high // common
