"""Prompts: cleaning, mode flags, and how many jobs one prompt asks for. Pure functions."""

import re
from math import prod
from typing import Final

from mjgate.domain.action import Mode
from mjgate.domain.errors import MultipleJobs

MOST_JOBS: Final = 40

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_DASHES = r"(?:--|[\u2014\u2013\u2012\u2015\u2212]{1,2})"  # keyboards turn -- into a long dash
_BEFORE = r"(?:^|(?<=\s))"
_AFTER = r"(?=\s|$)"
_MODE = re.compile(rf"{_BEFORE}{_DASHES}(fast|relax|turbo){_AFTER}", re.IGNORECASE)
_VIDEO = re.compile(rf"{_BEFORE}{_DASHES}video{_AFTER}", re.IGNORECASE)
_REPEAT = re.compile(rf"{_BEFORE}{_DASHES}(?:repeat|r){_AFTER}(?:\s+(\S+))?", re.IGNORECASE)
_GROUP = re.compile(r"(?<!\\)\{([^{}]*)(?<!\\)\}")
_BRACE = re.compile(r"(?<!\\)[{}]")
_COMMA = re.compile(r"(?<!\\),")


def clean(text: str) -> str:
    """The text without NUL, control characters and lone surrogates; tabs and line breaks stay."""
    return _CONTROL.sub("", text)


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
    groups = _GROUP.findall(prompt)
    count = prod(len(_COMMA.split(group)) for group in groups)
    rest = _GROUP.sub("", prompt)
    if _BRACE.search(rest):
        raise MultipleJobs
    for repeat in _REPEAT.findall(prompt):
        if not re.fullmatch(r"[0-9]{1,2}", repeat) or not int(repeat):
            raise MultipleJobs
        count *= int(repeat)
    if count > MOST_JOBS:
        msg = f"The prompt asks for {count} jobs; at most {MOST_JOBS} may be asked for at once."
        raise MultipleJobs(msg)
    return count
