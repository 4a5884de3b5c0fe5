"""Reading what upstreams say of their tasks. A sparse answer names only what it changes."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

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
Rows = tuple[tuple[str, str, Callable[[object], object]], ...]

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
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]*)?")
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
    known = _read(_MEMBERS, task)
    if found := _found(task):
        known.setdefault("prompt_en", found)
    properties = mapping(task.get("properties"))
    if properties:
        known |= _read(_PROPERTIES, properties)
        known["properties"] = _kept(properties) or None
    report = Report(upstream_id=upstream_id, **known)
    ended = report.status is not None and report.status.final
    return replace(report, raw=raw(task)) if ended else report


def _read(rows: Rows, said: Json) -> dict[str, Any]:
    """What is said, by the names that a report has for it."""
    known: dict[str, Any] = {}
    for name, ours, read in rows:
        value = said.get(name)
        if value is not None and ours not in known and (found := read(value)) is not None:
            known[ours] = found
    return known


def _text(value: object) -> str | None:
    return words(value) or None


def _label(value: object) -> str | None:
    return words(value, LABEL_MOST) or None


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
    if number is None and _PERCENT.fullmatch(text):
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


_MEMBERS: Final[Rows] = (
    ("status", "status", _status),
    ("progress", "progress", _percent),
    ("failReason", "fail_text", _text),
    ("fail_reason", "fail_text", _text),
    ("state", "echo", _text),
    ("imageUrl", "image_url", address),
    ("imageUrls", "image_urls", addresses),
    ("splitUrls", "image_urls", addresses),
    ("videoUrls", "video_urls", addresses),
    ("videoUrl", "video_urls", addresses),
    ("imageWidth", "width", measure),
    ("imageHeight", "height", measure),
    ("buttons", "buttons", _buttons),
    ("promptEn", "prompt_en", _text),
    ("description", "description", _text),
    ("seed", "seed", _label),
)
"""A member, what a report calls it, and how it is read; of two for the same the first counts."""

_PROPERTIES: Final[Rows] = (
    ("finalPrompt", "final_prompt", _text),
    ("finalZhPrompt", "final_zh_prompt", _text),
)
