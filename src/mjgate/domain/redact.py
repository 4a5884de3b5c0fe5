"""What users may read of an upstream's words: no hosts, no addresses, no keys."""

import re
from collections.abc import Iterable
from typing import Final

from mjgate.domain.prompt import clean

MOST: Final = 500

ADDRESS: Final = re.compile(
    r"(?<![a-z0-9+.-])[a-z0-9+.-]{1,40}://\S+|(?<!\S)//\S+|\bwww\.\S+"
    r"|(?<![a-z0-9.-])(?:[a-z0-9-]{1,63}\.){1,30}[a-z]{2,24}(?::\d+)?/\S*",
    re.IGNORECASE,
)
"""An address, or a host with a path; it never looks back, so that long texts cost no more."""

_HOST = re.compile(
    r"(?<![a-z0-9.-])(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)+"
    r"(?:com|net|org|io|ai|dev|app|cn|xyz|top|me|co|cc|run|pro|site|online|cloud|tech|vip|info)\b(?::\d+)?(?:/\S*)?",
    re.IGNORECASE,
)
_IP = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b")
_KEY = re.compile(r"\b(?:sk|hk|pk|key|Bearer)[-_ ][A-Za-z0-9_-]{8,}|\b[A-Za-z0-9_-]{40,}\b")

_NAMED_KEY = re.compile(
    r"\b(?:api[-_ ]?key|key|token|secret|password|passwd|pwd)\"?\s{0,3}[=:]\s{0,3}\"?"
    r"(?=[^\s,;\"'<>]{0,200}[0-9_-])[^\s,;\"'<>]{6,}",
    re.IGNORECASE,
)
"""What is said to be a key; words alone are none."""


def redact(text: str, names: Iterable[str] = ()) -> str:
    """The text with addresses, hosts, keys and the given names replaced, at most 500 characters."""
    text = clean(text)[: 4 * MOST]
    for pattern, word in (
        (ADDRESS, "[address]"),
        (_HOST, "[host]"),
        (_IP, "[host]"),
        (_NAMED_KEY, "[key]"),
        (_KEY, "[key]"),
    ):
        text = pattern.sub(word, text)
    for name in names:
        if len(name) > 2:  # noqa: PLR2004  shorter ones are parts of ordinary words
            text = re.sub(re.escape(name), "[provider]", text, flags=re.IGNORECASE)
    return text[:MOST].strip()


def hide_addresses(text: str, sent: str) -> str:
    """The text with every address replaced but those that stand in what the caller `sent`."""
    if "//" not in text and ("." not in text or "/" not in text) and "www." not in text.lower():
        return text
    return ADDRESS.sub(lambda found: found[0] if found[0] in sent else "[image]", text)
