"""Prompts: cleaning, mode flags, and how many jobs one prompt asks for. Pure functions."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Final

from mjgate.domain.action import Mode
from mjgate.domain.errors import MultipleJobs

MOST_JOBS: Final = 40

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SHORT = r"\-\u2010\u2011\ufe63\uff0d"  # hyphens: two of them make a flag
_LONG = r"\u2012-\u2015\u2212\u2e3a\u2e3b\ufe58"  # keyboards turn -- into one, --- into one and -
_DASHES = rf"(?:[{_SHORT}{_LONG}]{{2,3}}|[{_LONG}])"
_BEFORE = r"(?:^|(?<=\s))"
_AFTER = r"(?=\s|$)"
_MODE = re.compile(rf"{_BEFORE}{_DASHES}(fast|relax|turbo){_AFTER}", re.IGNORECASE)
_VIDEO = re.compile(rf"{_BEFORE}{_DASHES}video{_AFTER}", re.IGNORECASE)
_REPEAT = re.compile(
    rf"{_BEFORE}{_DASHES}(?:repeat|r)(?:{_AFTER}(?:\s+(\S+))?|(?=[=:0-9]))", re.IGNORECASE
)  # what is written `--r=4` or `--r4` cannot be counted: who takes it for a repeat is not known
_GROUP = re.compile(r"(?<!\\)\{([^{}]*)(?<!\\)\}")
_BRACE = re.compile(r"(?<!\\)[{}]|\\\\[{}]")  # behind two backslashes it may be either
_COMMA = re.compile(r"(?<!\\),")


def clean(text: str) -> str:
    """The text without NUL, control characters and lone surrogates; tabs and line breaks stay."""
    return text if text.isprintable() else _CONTROL.sub("", text)


def mode_flag(prompt: str) -> Mode | None:
    """The mode that the prompt's last `--fast`, `--relax` or `--turbo` asks for."""
    found = _MODE.findall(prompt)
    return Mode(found[-1].upper()) if found else None


def without_mode_flags(prompt: str) -> str:
    """The prompt as it goes upstream: the mode travels another way."""
    if not _MODE.search(prompt):
        return prompt
    return re.sub(r"[ \t]{2,}", " ", _MODE.sub("", prompt)).strip()


def wants_video(prompt: str) -> bool:
    """Whether `--video` makes this a video task."""
    return bool(_VIDEO.search(prompt))


def jobs(prompt: str) -> int:
    """How many jobs the prompt makes: repeats times permutations. MultipleJobs if unclear."""
    if _BRACE.search(_GROUP.sub("", prompt)):
        raise MultipleJobs
    repeats: list[str] = _REPEAT.findall(prompt)
    groups: list[str] = _GROUP.findall(prompt)
    count = _repeated(repeats) * prod(len(_COMMA.split(group)) for group in groups)
    if count > MOST_JOBS:
        msg = f"The prompt asks for {count} jobs; at most {MOST_JOBS} may be asked for at once."
        raise MultipleJobs(msg)
    bare = without_mode_flags(prompt)
    if groups and any(_hides_a_flag(each, bare) for each in _permutations(bare)):
        msg = "A parameter that changes the price may not stand in braces; submit one by one."
        raise MultipleJobs(msg)
    return count


def _repeated(repeats: Sequence[str]) -> int:
    if not repeats:
        return 1
    if len(repeats) > 1 or not re.fullmatch(r"0?[1-9]|[1-9][0-9]", repeats[0]):
        raise MultipleJobs
    return int(repeats[0])


def _permutations(prompt: str) -> Iterator[str]:
    """Every prompt that the braces make; text and group follow each other."""
    parts = _GROUP.split(prompt)
    choices = ([part] if place % 2 == 0 else _COMMA.split(part) for place, part in enumerate(parts))
    return map("".join, product(*choices))


def _hides_a_flag(permutation: str, prompt: str) -> bool:
    """Whether a mode, a repeat or a video only shows once the braces are gone: `--{fast,turbo}`."""
    return (
        mode_flag(permutation) is not None
        or wants_video(permutation) != wants_video(prompt)
        or _REPEAT.findall(permutation) != _REPEAT.findall(prompt)
    )
