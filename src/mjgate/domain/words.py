"""
Words that a prompt must not have: how prompts and words are brought to one form, and where a word
ends. Pure functions; the automaton that finds the words is `lifecycle.automaton`.

Letter case, full width and other forms of the same letter make no difference. A word is only found
as a whole, so that "grass" has none of another; between characters of scripts that are written
without blanks (Chinese, Japanese, Korean, Thai …) every place is the end of a word. Addresses and
the names of flags (`--no`) are not read; the values of flags are.
"""

import re
import unicodedata
from typing import Final, NamedTuple

from mjgate.domain.prompt import clean

WORD_MOST: Final = 100

_UNREAD: Final = re.compile(
    r"""
    https?://[!-~]+
    | (?:^|(?<=\s))
      (?: [\-\u2010\u2011\ufe63\uff0d]{2,3} | [\u2012-\u2015\u2212\u2e3a\u2e3b\ufe58]{1,2} )
      [A-Za-z][A-Za-z0-9_]*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_EMPHASIS: Final = re.compile(r"\*{2,}")
"""Marks inside a word that leave it one word, as in gr**ass**."""

_UNBLANKED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff"
    "\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
_NOTHING: Final = "\0"
"""Stands for what is not read: no word has it."""


class Readable(NamedTuple):
    """A text in the one form, and where in the original each of its characters stands."""

    text: str
    places: tuple[int, ...]


def readable(text: str) -> Readable:
    """The text as words are looked for in it."""
    unread = _places(_UNREAD, text)
    unseen = _places(_EMPHASIS, text)
    found: list[tuple[str, int]] = []
    for place, sign in enumerate(text):
        if place in unread:
            found.append((_NOTHING, place))
        elif place not in unseen and unicodedata.category(sign) != "Cf":
            found.extend((folded, place) for folded in _folded(sign))
    kept = [
        (sign, place)
        for number, (sign, place) in enumerate(found)
        if not (sign == " " and number and found[number - 1][0] == " ")
    ]
    return Readable("".join(sign for sign, _ in kept), tuple(place for _, place in kept))


def plain(word: str) -> str:
    """A word of the list in the one form; `""` for what cannot be a word."""
    text = readable(clean(word)).text.strip()
    fits = len(text) <= WORD_MOST and _NOTHING not in text and any(map(str.isalnum, text))
    return text if fits else ""


def whole(text: str, start: int, end: int) -> bool:
    """Whether a word begins at `start` and ends before `end`."""
    return _parted(text, start) and _parted(text, end)


def _parted(text: str, place: int) -> bool:
    """Whether the characters on both sides of a place belong to different words."""
    if not 0 < place < len(text):
        return True
    return not (_joins(text[place - 1]) and _joins(text[place]))


def _joins(sign: str) -> bool:
    letter = sign.isalnum() or unicodedata.category(sign).startswith("M")
    return letter and not _UNBLANKED.match(sign)


def _folded(sign: str) -> str:
    return " " if sign.isspace() else unicodedata.normalize("NFKC", sign).casefold()


def _places(pattern: re.Pattern[str], text: str) -> frozenset[int]:
    return frozenset(place for found in pattern.finditer(text) for place in range(*found.span()))
