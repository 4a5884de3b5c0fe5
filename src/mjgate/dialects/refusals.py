"""
What an upstream's refusal means: by its code, else by its HTTP status.

The codes are those of the midjourney-proxy family; more than one format speaks in them.
"""

from collections.abc import Mapping
from typing import Final

from mjgate.dialects import Heard
from mjgate.dialects.values import Json, decode, integer, mapping, words
from mjgate.domain.errors import Rejected, Unanswered
from mjgate.domain.prompt import clean
from mjgate.domain.reasons import Reason, Verdict

_BY_STATUS: Final[dict[int, Verdict]] = {
    **dict.fromkeys((401, 402, 403), Verdict.CREDENTIAL),
    **dict.fromkeys((301, 302, 303, 307, 308, 404, 405), Verdict.CHANNEL),
    **dict.fromkeys((400, 413, 415, 422), Verdict.REQUEST),
    429: Verdict.BUSY,
}

_SAYING: Final = ("description", "message", "msg", "detail", "error")


def by_code(
    code: int, heard: Heard, text: str, properties: Mapping[str, object], *, follow_up: bool
) -> Rejected | Unanswered:
    """The refusal that `code` stands for; by the HTTP status where it is no code of ours."""
    match code:
        case 23:
            return Rejected(Verdict.BUSY, text, retry_after=retry_after(heard))
        case 24:
            return _banned(text, properties)
        case 4:
            return Rejected(Verdict.CONTENT, text)
        case 3 if follow_up:
            return Rejected(Verdict.PARENT_GONE, text, reason=Reason.PARENT_GONE_UPSTREAM)
        case 3 | 9:
            return Rejected(Verdict.CHANNEL, text)
        case _:
            return by_status(heard, text)


def by_status(heard: Heard, text: str = "") -> Rejected | Unanswered:
    """What follows where no code decides; a status that says nothing certain is no answer."""
    verdict = _BY_STATUS.get(heard.status)
    said = f"HTTP {heard.status}: {text or sentence(heard.body) or glimpse(heard.body)}"
    if verdict is None:
        return Unanswered(said)
    return Rejected(verdict, said, retry_after=retry_after(heard))


def sentence(body: bytes) -> str:
    """What JSON without a code of ours says in words, wherever it says it; `""` for the rest."""
    said = mapping(decode(body))
    inner: Json = mapping(said.get("error"))
    found = (words(each.get(name)) for each in (said, inner) for name in _SAYING)
    return next((text.strip() for text in found if text.strip()), "")


def glimpse(body: bytes) -> str:
    """The beginning of a body, for the operator."""
    return clean(body[:200].decode("utf-8", "replace")).strip() or "empty body"


def retry_after(heard: Heard) -> int | None:
    """Seconds; a date, which some servers send, is not worth a clock."""
    seconds = integer(heard.headers.get("retry-after"))
    return seconds if seconds is not None and seconds >= 0 else None


def _banned(text: str, properties: Mapping[str, object]) -> Rejected:
    told: dict[str, object] = {
        name: said for name in ("bannedWord", "promptEn") if (said := words(properties.get(name)))
    }
    offset = integer(properties.get("offset"))
    if offset is not None and offset >= 0:
        told["offset"] = offset
    return Rejected(Verdict.CONTENT, text, reason=Reason.BANNED_WORD, properties=told)
