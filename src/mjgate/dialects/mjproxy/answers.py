"""
Reading what upstreams answer, in all the forms met in the field.

Services of this format send numbers as text and text as numbers, leave members out, and answer
HTML when they are ill. A body with a `code` decides before the HTTP status does.
"""

import re
from collections.abc import Mapping
from typing import Final, cast

import msgspec

from mjgate.dialects import Accepted, Heard
from mjgate.domain.buttons import Button
from mjgate.domain.errors import Rejected, Unanswered
from mjgate.domain.prompt import clean
from mjgate.domain.reasons import Reason, Verdict
from mjgate.domain.task import Report, Status

Json = Mapping[str, object]

TEXT_MOST: Final = 32 * 1024
ADDRESS_MOST: Final = 4_096
IDENTIFIER_MOST: Final = 255
VALUE_MOST: Final = 2 * 1024
VALUES_MOST: Final = 8 * 1024
BUTTONS_MOST: Final = 64

_STATUSES: Final[dict[str, Status]] = {
    "": Status.NOT_START,
    "NOT_START": Status.NOT_START,
    "SUBMITTED": Status.SUBMITTED,
    "MODAL": Status.MODAL,
    "IN_PROGRESS": Status.IN_PROGRESS,
    "SUCCESS": Status.SUCCESS,
    "FAILURE": Status.FAILURE,
    "CANCEL": Status.FAILURE,
}
_SECRETS = re.compile(
    r"token|secret|cookie|account|channel|instance|nonce|password|hook|^key$|api_?key|user|proxy",
    re.IGNORECASE,
)
_URLISH = re.compile(r"[a-z][a-z0-9+.-]*://|^//|www\.", re.IGNORECASE)
_BY_STATUS: Final[dict[int, Verdict]] = {
    **dict.fromkeys((401, 402, 403), Verdict.CREDENTIAL),
    **dict.fromkeys((301, 302, 303, 307, 308, 404, 405), Verdict.CHANNEL),
    **dict.fromkeys((400, 413, 415, 422), Verdict.REQUEST),
    429: Verdict.BUSY,
}


def answered(heard: Heard, *, follow_up: bool) -> Accepted:
    """The answer to a submit, by the engine's outcome table. Raises Rejected or Unanswered."""
    body = _object(heard)
    code = _integer(body.get("code")) if body else None
    if body is None or code is None:
        raise _by_status(heard)
    text = _words(body.get("description")) or _words(body.get("message")) or f"code {code}"
    properties = _mapping(body.get("properties"))
    match code:
        case 1 | 22:
            return _accepted(heard, body, properties)
        case 21:
            return _waiting(heard, body, properties)
        case 23:
            raise Rejected(Verdict.BUSY, text, retry_after=_retry_after(heard))
        case 24:
            raise _banned(text, properties)
        case 3 | 4 | 9:
            raise _refused(code, text, follow_up=follow_up)
        case _:
            raise _by_status(heard, text)


def reports(heard: Heard) -> list[Report]:
    """Every task that an answer to a look names; one that cannot be read is left out."""
    if heard.status not in {200, 201}:
        msg = f"the answer was HTTP {heard.status}"
        raise Unanswered(msg)
    body = _decode(heard.body)
    if isinstance(body, dict):
        body = [cast("Json", body)]
    if not isinstance(body, list):
        msg = "the answer holds no tasks"
        raise Unanswered(msg)
    each = [
        read_report(cast("Json", item))
        for item in cast("list[object]", body)
        if isinstance(item, dict)
    ]
    return [report for report in each if report is not None]


def read_report(task: Json) -> Report | None:
    """One task in the upstream's words; None without an id. What is not named stays None."""
    upstream_id = _identifier(task.get("id"))
    if not upstream_id:
        return None
    properties = _mapping(task.get("properties"))
    status = _status(task)
    return Report(
        upstream_id=upstream_id,
        status=status,
        progress=_percent(task.get("progress")),
        fail_text=_words(task.get("failReason")) or _words(task.get("fail_reason")) or None,
        echo=_words(task.get("state")) or None,
        image_url=_address(task.get("imageUrl")),
        image_urls=_addresses(task.get("imageUrls")),
        video_urls=_addresses(task.get("videoUrls")) or _addresses(task.get("videoUrl")),
        width=_integer(task.get("imageWidth")) or None,
        height=_integer(task.get("imageHeight")) or None,
        buttons=_buttons(task.get("buttons")),
        prompt_en=_words(task.get("promptEn")) or None,
        final_prompt=_words(properties.get("finalPrompt")) or None,
        final_zh_prompt=_words(properties.get("finalZhPrompt")) or None,
        description=_words(task.get("description")) or None,
        seed=_words(task.get("seed")) or None,
        properties=_kept(properties) or None,
    )


def _accepted(heard: Heard, body: Json, properties: Json) -> Accepted:
    ids = _ids(body.get("result"))
    if not ids:
        msg = f"HTTP {heard.status}: accepted, but without an id"
        raise Unanswered(msg)
    return Accepted(ids=ids, waiting=_integer(properties.get("numberOfQueues")) or 0)


def _waiting(heard: Heard, body: Json, properties: Json) -> Accepted:
    """Code 21 says either "I know this work" or "confirm first"; without a hint we look."""
    accepted = _accepted(heard, body, properties)
    existed = bool(properties.get("status") or properties.get("imageUrl"))
    window = not existed and ("finalPrompt" in properties or "remix" in properties)
    return Accepted(
        ids=accepted.ids,
        existed=existed,
        window=window,
        final_prompt=_words(properties.get("finalPrompt")),
    )


def _refused(code: int, text: str, *, follow_up: bool) -> Rejected:
    if code == 4:  # noqa: PLR2004  the protocol's code for a wrong request
        return Rejected(Verdict.CONTENT, text)
    if code == 3 and follow_up:  # noqa: PLR2004  the protocol's code for "not found"
        return Rejected(Verdict.PARENT_GONE, text, reason=Reason.PARENT_GONE_UPSTREAM)
    return Rejected(Verdict.CHANNEL, text)


def _banned(text: str, properties: Json) -> Rejected:
    told = {name: properties[name] for name in ("bannedWord", "promptEn") if name in properties}
    return Rejected(Verdict.CONTENT, text, reason=Reason.BANNED_WORD, properties=told)


def _by_status(heard: Heard, text: str = "") -> Rejected | Unanswered:
    verdict = _BY_STATUS.get(heard.status)
    said = f"HTTP {heard.status}: {text or _glimpse(heard.body)}"
    if verdict is None:
        return Unanswered(said)
    return Rejected(verdict, said, retry_after=_retry_after(heard))


def _glimpse(body: bytes) -> str:
    return clean(body[:200].decode("utf-8", "replace")).strip() or "empty body"


def _retry_after(heard: Heard) -> int | None:
    return _integer(heard.headers.get("retry-after"))


def _decode(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _object(heard: Heard) -> Json | None:
    body = _decode(heard.body)
    return cast("Json", body) if isinstance(body, dict) else None


def _mapping(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value.strip()):
        return int(value)
    return None


def _words(value: object) -> str:
    if isinstance(value, str):
        return clean(value)[:TEXT_MOST]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def _identifier(value: object) -> str:
    text = _words(value).strip()
    return text if 0 < len(text) <= IDENTIFIER_MOST else ""


def _ids(result: object) -> tuple[str, ...]:
    """The id or ids in `result`: a number, text, a list of either, or joined by commas."""
    parts = cast("list[object]", result) if isinstance(result, list) else _words(result).split(",")
    return tuple(found for part in parts if (found := _identifier(part)))


def _status(task: Json) -> Status | None:
    word = task.get("status")
    return _STATUSES.get(word.strip().upper()) if isinstance(word, str) else None


def _percent(value: object) -> int | None:
    """`"65%"`, `"65"` or `65`; None for anything that is no percentage."""
    text = str(value).strip().removesuffix("%") if isinstance(value, str | int | float) else ""
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]*)?", text):
        return None
    return min(int(float(text)), 100)


def _address(value: object) -> str | None:
    text = _words(value).strip()
    fits = len(text) <= ADDRESS_MOST and text[:8].lower().startswith(("http://", "https://"))
    return text if fits else None


def _addresses(value: object) -> tuple[str, ...] | None:
    """Addresses from a list of texts or of `{url}` objects, or from one text; None if empty."""
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    found = (_address(_mapping(item).get("url", item)) for item in items)
    return tuple(address for address in found if address) or None


def _buttons(value: object) -> tuple[Button, ...] | None:
    if not isinstance(value, list) or not value:
        return None
    rows = [_mapping(item) for item in cast("list[object]", value)[:BUTTONS_MOST]]
    return tuple(
        Button(
            custom_id=custom_id,
            label=_words(row.get("label")),
            emoji=_words(row.get("emoji")),
            style=_integer(row.get("style")) or 2,
        )
        for row in rows
        if (custom_id := _words(row.get("customId")))
    )


def _kept(properties: Json) -> dict[str, str | int | float | bool]:
    """What of the upstream's `properties` may be kept and shown: small, plain, no secrets."""
    kept: dict[str, str | int | float | bool] = {}
    room = VALUES_MOST
    for name, value in properties.items():
        if name in {"finalPrompt", "finalZhPrompt"} or _SECRETS.search(name):
            continue
        if not isinstance(value, str | int | float | bool) or value == "":
            continue
        text = clean(str(value))
        room -= len(name) + len(text)
        if len(text) > VALUE_MOST or room < 0 or _URLISH.search(text):
            continue
        kept[clean(name)] = text if isinstance(value, str) else value
    return kept
