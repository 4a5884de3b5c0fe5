"""
The words by which a prompt is found: cut here, so that every database finds the same.

A word is a run of letters and digits in one letter case and width. Scripts that are written without
blanks are cut into single characters and pairs, and looked for by their pairs.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

TERMS_MOST: Final = 10
TERM_MOST: Final = 200
PARTS_MOST: Final = 100
WORD_MOST: Final = 64

_RUNS: Final = re.compile(
    "(?P<unblanked>[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff"
    "\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+)"
    "|(?P<word>[^\\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007"
    "\u3040-\u30ff\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff"
    "\uf900-\ufaff\U00020000-\U0003ffff]+)"
)


def owner(user_id: int) -> str:
    """The word that marks what belongs to a user; no text has it."""
    return f"§{user_id}"


def indexed(text: str) -> list[str]:
    """Every word by which a text can be found, each once."""
    return list(dict.fromkeys(_words(text, singles=True)))


def asked(text: str) -> list[str]:
    """The words that must all be there; none when nothing in the text can be looked for."""
    terms = " ".join(term[:TERM_MOST] for term in text.split()[:TERMS_MOST])
    return list(dict.fromkeys(_words(terms, singles=False)))[:PARTS_MOST]


def _words(text: str, *, singles: bool) -> Iterator[str]:
    for found in _RUNS.finditer(unicodedata.normalize("NFKC", text).casefold()):
        run = found[0]
        if found["word"]:
            yield run[:WORD_MOST]
            continue
        if singles or len(run) == 1:
            yield from run
        yield from (run[place : place + 2] for place in range(len(run) - 1))
