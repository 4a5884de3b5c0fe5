"""
Reading answers: `{"code", "message", "data"}`, where code 0 is success.

A refusal has the codes of the midjourney-proxy family, or its HTTP status as its code.
"""

from http import HTTPStatus
from typing import Final

from mjgate.dialects import Accepted, Heard
from mjgate.dialects.refusals import by_code, by_status
from mjgate.dialects.values import (
    Json,
    address,
    addresses,
    decode,
    identifier,
    integer,
    mapping,
    measure,
    raw,
    words,
)
from mjgate.domain.errors import Unanswered
from mjgate.domain.redact import ADDRESS
from mjgate.domain.task import Report, Status

TYPE_MOST: Final = 255
BATCH_MOST: Final = 64

_STATUSES: Final[dict[str, Status]] = {
    "pending": Status.SUBMITTED,
    "running": Status.IN_PROGRESS,
    "completed": Status.SUCCESS,
    "failed": Status.FAILURE,
}
_WELL: Final = frozenset({"成功", "success", "ok"})
"""Messages that stand beside any task, failed ones too, and say nothing of why."""

_WRONG: Final = 4


def answered(heard: Heard, *, follow_up: bool) -> Accepted:
    """The answer to a submit. Raises Rejected or Unanswered."""
    body = mapping(decode(heard.body))
    code = integer(body.get("code"))
    if code is None:
        raise by_status(heard)
    text = words(body.get("message")) or f"code {code}"
    if code == 0:
        return _accepted(heard, mapping(body.get("data")))
    if code == _WRONG and heard.status >= HTTPStatus.UNAUTHORIZED:
        raise by_status(heard, text)
    raise by_code(code, heard, text, {}, follow_up=follow_up)


def reports(heard: Heard) -> list[Report]:
    """The task in the answer to a fetch; none where its id is unknown. Raises Unanswered."""
    body = mapping(decode(heard.body))
    if heard.status == HTTPStatus.NOT_FOUND and integer(body.get("code")) == HTTPStatus.NOT_FOUND:
        return []
    report = _read(mapping(body.get("data")), words(body.get("message")))
    if heard.status not in {HTTPStatus.OK, HTTPStatus.CREATED} or report is None:
        msg = f"the answer was HTTP {heard.status} and holds no task"
        raise Unanswered(msg)
    return [report]


def seed_in(heard: Heard) -> str:
    """No seed is told."""
    del heard
    return ""


def _accepted(heard: Heard, data: Json) -> Accepted:
    joined = words(data.get("taskId")).split(",")
    ids = tuple(found for each in joined if (found := identifier(each)))
    if not ids:
        msg = f"HTTP {heard.status}: accepted, but without an id"
        raise Unanswered(msg)
    return Accepted(ids=ids)


def _read(data: Json, message: str) -> Report | None:
    """One task in the upstream's words; None without an id. What is not named stays None."""
    upstream_id = identifier(data.get("taskId"))
    if not upstream_id:
        return None
    word = words(data.get("status")).strip().lower()
    status = _STATUSES.get(word)
    why = "" if message.strip().lower() in _WELL else message
    prompt = words(data.get("prompt")) or None
    return Report(
        upstream_id=upstream_id,
        status=status,
        fail_text=(why or None) if status is Status.FAILURE else None,
        image_url=address(data.get("imageUrl")),
        video_urls=addresses(data.get("video_urls")) or addresses(data.get("video_url")),
        width=measure(data.get("width")),
        height=measure(data.get("height")),
        prompt_en=prompt,
        final_prompt=prompt if status is Status.SUCCESS else None,
        properties=_kept(data, upstream_id),
        raw=raw(data) if status is not None and status.final else "",
    )


def _kept(data: Json, upstream_id: str) -> dict[str, str | int | float | bool]:
    """What of the rest is worth keeping; the UUID is the hash that customIds of it carry."""
    kept: dict[str, str | int | float | bool] = {}
    if ":" not in upstream_id:
        kept["messageHash"] = upstream_id
    kind = words(data.get("job_type"), TYPE_MOST).strip()
    if kind and not ADDRESS.search(kind):
        kept["job_type"] = kind
    results = measure(data.get("batch_size"), BATCH_MOST)
    if results is not None:
        kept["batch_size"] = results
    return kept
