"""Reading what upstreams say of their tasks. A sparse answer names only what it changes."""

import re
from typing import Final, cast

from mjgate.dialects import Heard
from mjgate.dialects.values import (
    Json,
    address,
    addresses,
    decode,
    identifier,
    integer,
    items,
    mapping,
    measure,
    raw,
    words,
)
from mjgate.domain.action import CUSTOM_ID_MOST, Action
from mjgate.domain.buttons import PRESSED, PRIMARY, Button
from mjgate.domain.errors import Unanswered
from mjgate.domain.prompt import clean
from mjgate.domain.redact import ADDRESS
from mjgate.domain.task import Report, Status

Scalar = str | int | float | bool

VALUE_MOST: Final = 2 * 1024
VALUES_MOST: Final = 8 * 1024
LABEL_MOST: Final = 255
ODD: Final = 1_000
"""A little more than 100 percent is taken for 100; from here on it is no percentage."""

_STATUSES: Final[dict[str, Status]] = {
    "": Status.NOT_START,
    "NOT_START": Status.NOT_START,
    "SUBMITTED": Status.SUBMITTED,
    "MODAL": Status.MODAL,
    "IN_PROGRESS": Status.IN_PROGRESS,
    "SUCCESS": Status.SUCCESS,
    "FAILURE": Status.FAILURE,
    "CANCEL": Status.FAILURE,
    "CANCELLED": Status.FAILURE,
}
_SECRETS = re.compile(
    r"token|secret|cookie|account|channel|instance|nonce|password|hook|^key$|api_?key|user|proxy"
    r"|session|credential|bearer|jwt|auth(?!ors?$)",
    re.IGNORECASE,
)
_OURS: Final = frozenset(
    {"finalPrompt", "finalZhPrompt", "jobId", "cancelled", "reason", "rescued", "existed"}
)
"""Properties that are read apart, or that only we may say."""


def reports(heard: Heard) -> list[Report]:
    """Every task that an answer to a look names; one that cannot be read is left out."""
    if heard.status not in {200, 201}:
        msg = f"the answer was HTTP {heard.status}"
        raise Unanswered(msg)
    body = decode(heard.body)
    if isinstance(body, list):
        found = (read_report(mapping(item)) for item in cast("list[object]", body))
        return [report for report in found if report is not None]
    report = read_report(mapping(body))
    if report is None:
        msg = "the answer holds no tasks"
        raise Unanswered(msg)
    return [report]


def read_report(task: Json) -> Report | None:
    """One task in the upstream's words; None without an id. What is not named stays None."""
    upstream_id = identifier(task.get("id"))
    if not upstream_id:
        return None
    properties = mapping(task.get("properties"))
    status = _status(task.get("status"))
    return Report(
        upstream_id=upstream_id,
        status=status,
        progress=_percent(task.get("progress")),
        fail_text=words(task.get("failReason")) or words(task.get("fail_reason")) or None,
        echo=words(task.get("state")) or None,
        image_url=address(task.get("imageUrl")),
        image_urls=addresses(task.get("imageUrls")) or addresses(task.get("splitUrls")),
        video_urls=addresses(task.get("videoUrls")) or addresses(task.get("videoUrl")),
        width=measure(task.get("imageWidth")),
        height=measure(task.get("imageHeight")),
        buttons=_buttons(task.get("buttons")),
        prompt_en=words(task.get("promptEn")) or _found(task) or None,
        final_prompt=words(properties.get("finalPrompt")) or None,
        final_zh_prompt=words(properties.get("finalZhPrompt")) or None,
        description=words(task.get("description")) or None,
        seed=words(task.get("seed"), LABEL_MOST) or None,
        properties=_kept(properties) or None,
        raw=raw(task) if status is not None and status.final else "",
    )


def _found(task: Json) -> str:
    """What a DESCRIBE came to, where `prompt` alone tells it."""
    described = words(task.get("action")).strip().upper() == Action.DESCRIBE
    return words(task.get("prompt")) if described else ""


def _status(word: object) -> Status | None:
    return _STATUSES.get(word.strip().upper()) if isinstance(word, str) else None


def _percent(value: object) -> int | None:
    """`"65%"`, `"65"` or `65`; None for anything that is no percentage."""
    text = str(value).strip().removesuffix("%").strip() if isinstance(value, str | float) else ""
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if number is None and re.fullmatch(r"[0-9]{1,3}(\.[0-9]*)?", text):
        number = int(float(text))
    return min(number, 100) if number is not None and 0 <= number < ODD else None


def _buttons(value: object) -> tuple[Button, ...] | None:
    rows = [mapping(item) for item in items(value)]
    found = (
        Button(
            custom_id=custom_id,
            label=words(row.get("label"), LABEL_MOST),
            emoji=words(row.get("emoji"), LABEL_MOST),
            style=PRESSED if integer(row.get("style")) == PRESSED else PRIMARY,
        )
        for row in rows
        if (custom_id := words(row.get("customId"))) and len(custom_id) <= CUSTOM_ID_MOST
    )
    return tuple(found) or None


def _kept(properties: Json) -> dict[str, Scalar]:
    """What of the upstream's `properties` may be kept and shown: small, plain, no secrets."""
    kept: dict[str, Scalar] = {}
    room = VALUES_MOST
    for name, value in properties.items():
        plain = clean(name)
        if plain in _OURS or _SECRETS.search(plain) or not isinstance(value, str | int | float):
            continue
        text = clean(str(value))
        size = len(text.encode())
        if not text or size > VALUE_MOST or ADDRESS.search(text):
            continue
        room -= len(plain.encode()) + size
        if room < 0:
            break
        kept[plain] = text if isinstance(value, str) else value
    return kept
