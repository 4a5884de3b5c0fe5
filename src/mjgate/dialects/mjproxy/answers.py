"""
Reading what upstreams answer to submits, and to who asks for a seed, in all forms met in the field.

Services of this format send numbers as text and text as numbers, leave members out, and answer
HTML when they are ill. A body with a `code` decides before the HTTP status does.
"""

import re
from typing import Final

from mjgate.dialects import Accepted, Heard, Nameless
from mjgate.dialects.refusals import by_code, by_status, glimpse
from mjgate.dialects.values import (
    Json,
    decode,
    identifier,
    integer,
    items,
    mapping,
    words,
)
from mjgate.domain.errors import Rejected, Unanswered
from mjgate.domain.reasons import Reason, Verdict

_SEED = re.compile(r"[1-9][0-9]{0,14}")
"""Clients take 0 for none."""


_NOT_THE_CONTENT: Final = frozenset(
    {
        Reason.BAD_KEY,
        Reason.QUOTA_NOT_ENOUGH,
        Reason.KEY_DISABLED,
        Reason.IP_NOT_ALLOWED,
        Reason.ACTION_NOT_ALLOWED,
        Reason.MODE_NOT_ALLOWED,
        Reason.NOT_FOUND,
        Reason.BAD_HOST,
        Reason.RATE_LIMITED,
        Reason.INTERNAL,
        Reason.OVERLOADED,
    }
)
"""Reasons that a gateway of our kind gives with code 4 where the HTTP status says what is meant."""


def answered(heard: Heard, *, follow_up: bool) -> Accepted:
    """The answer to a submit, by the engine's outcome table. Raises Rejected or Unanswered."""
    body = mapping(decode(heard.body))
    code = integer(body.get("code"))
    if code is None:
        raise by_status(heard)
    text = words(body.get("description")) or words(body.get("message")) or f"code {code}"
    properties = mapping(body.get("properties"))
    match code:
        case 1 | 22:
            return _accepted(heard, body, properties)
        case 21:
            return _waiting(heard, body, properties)
        case 4 if properties.get("reason") in _NOT_THE_CONTENT:
            raise by_status(heard, text)
        case 4 if properties.get("reason") == Reason.LOOP:
            raise Rejected(Verdict.CHANNEL, text, reason=Reason.LOOP)
        case _:
            raise by_code(code, heard, text, properties, follow_up=follow_up)


def seed_in(heard: Heard) -> str:
    """The seed in the answer; `""` where the upstream has none to tell. Raises Unanswered."""
    body = mapping(decode(heard.body))
    code, found = integer(body.get("code")), words(body.get("result")).strip()
    if heard.status < 400 and code == 1 and _SEED.fullmatch(found):  # noqa: PLR2004  an error
        return found
    unknown_path = heard.status in {404, 405}
    if unknown_path or (heard.status in {200, 201, 400} and code in {1, 3, 4}):
        return ""
    text = words(body.get("description")) or glimpse(heard.body)
    msg = f"HTTP {heard.status}: {text}"
    raise Unanswered(msg)


def _accepted(heard: Heard, body: Json, properties: Json) -> Accepted:
    ids = _ids(body.get("result"))
    if not ids:
        msg = f"HTTP {heard.status}: accepted, but without an id"
        raise Nameless(msg)
    return Accepted(ids=ids, waiting=max(integer(properties.get("numberOfQueues")) or 0, 0))


def _waiting(heard: Heard, body: Json, properties: Json) -> Accepted:
    """Code 21 says either "I know this work" or "confirm first"; without a hint we look."""
    accepted = _accepted(heard, body, properties)
    existed = bool(properties.get("status") or properties.get("imageUrl"))
    window = not existed and ("finalPrompt" in properties or "remix" in properties)
    return Accepted(
        ids=accepted.ids,
        existed=existed,
        window=window,
        final_prompt=words(properties.get("finalPrompt")),
    )


def _ids(result: object) -> tuple[str, ...]:
    """The id or ids in `result`: a number, text, a list of either, or joined by commas."""
    text = words(result)
    parts = text.split(",") if text else items(result)
    return tuple(found for part in parts if (found := identifier(part)))
